import { Button, CopyButton } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type AgentDownload, devices, type EnrolToken } from "../api/manage";
import { Dialog } from "../app/Dialog";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { systemNames } from "../app/systems";
import classes from "./manage.module.css";
import { PersonPicker } from "./PeoplePicker";
import { agentsQuery } from "./queries";

/** Makes a one-time token and shows, once, what to run on the new device. */
export function EnrolDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const [user, setUser] = useState<string | null>(null);
  const make = useMutation({
    mutationFn: () => devices.token(user ? { user_id: user } : {}),
  });
  const close = () => {
    make.reset(); // the token is gone with the dialog
    setUser(null);
    onClose();
  };
  return (
    <Dialog opened={opened} onClose={close} size="lg" title={t("manage.enrol.title")}>
      {make.data ? (
        <Shown token={make.data} onDone={close} />
      ) : (
        <form
          className={page.form}
          onSubmit={(e) => {
            e.preventDefault();
            make.mutate();
          }}
        >
          <p className={page.hint}>{t("manage.enrol.text")}</p>
          <PersonPicker
            label={t("manage.enrol.for")}
            description={t("manage.enrol.for_hint")}
            clearable
            value={user}
            onChange={setUser}
          />
          <Refusal error={make.error} />
          <div className={page.actions}>
            <Button type="submit" loading={make.isPending}>
              {t("manage.enrol.make")}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function Shown({ token, onDone }: { token: EnrolToken; onDone: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const agents = useQuery(agentsQuery);
  return (
    <div className={page.form} data-token>
      <p className={page.hint}>{t("manage.enrol.once", { when: format.full(token.expires_at) })}</p>
      {agents.data?.length === 0 && <p className={page.hint}>{t("manage.enrol.no_programs")}</p>}
      <Refusal error={agents.error} />
      {(token.commands ?? []).map((c) => (
        <section key={c.system} aria-label={systemNames[c.system]}>
          <div className={classes.commandHead}>
            <h3 className={page.cardTitle}>{systemNames[c.system]}</h3>
            <CopyButton value={c.command}>
              {({ copied, copy }) => (
                <Button size="compact-sm" variant="subtle" onClick={copy}>
                  {t(copied ? "manage.enrol.copied" : "manage.enrol.copy")}
                  <span className="sr-only"> {systemNames[c.system]}</span>
                </Button>
              )}
            </CopyButton>
          </div>
          <Programs list={(agents.data ?? []).filter((a) => a.system === c.system)} />
          <pre className={classes.command} tabIndex={0}>
            {c.command}
          </pre>
        </section>
      ))}
      <div className={page.actions}>
        <Button onClick={onDone}>{t("manage.enrol.done")}</Button>
      </div>
    </div>
  );
}

/** The agent for one system, for each processor, with what to compare it by. */
function Programs({ list }: { list: AgentDownload[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (list.length === 0) return null;
  return (
    <>
      <ul className={classes.programs}>
        {list.map((a) => (
          <li key={a.name}>
            <a href={`/api/v1/admin/agents/${a.name}`} download={a.name}>
              {t("manage.enrol.download", {
                processor: t(
                  `manage.enrol.processor.${a.system === "macos" ? "mac_" : ""}${a.processor}`,
                ),
              })}
              <span className="sr-only"> {systemNames[a.system]}</span>
            </a>{" "}
            <span className={page.hint}>{format.bytes(a.size)}</span>
          </li>
        ))}
      </ul>
      <details className={classes.sums}>
        <summary>
          {t("manage.enrol.sums", { system: systemNames[list[0]?.system ?? "linux"] })}
        </summary>
        <dl>
          {list.map((a) => (
            <div key={a.name}>
              <dt>{a.name}</dt>
              <dd>
                <code>{a.sha256}</code>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
