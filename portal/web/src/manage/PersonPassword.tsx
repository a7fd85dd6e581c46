import { Button, Checkbox, CopyButton, Radio, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { users } from "../api/people";
import type { Person } from "../api/types";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import classes from "./manage.module.css";
import { useSavedPerson } from "./queries";

/** The password that staff gave, which can be read until it has been used. */
export function PersonPassword({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const own = useMe().id === p.id;
  const [giving, setGiving] = useState(false);
  return (
    <section className={page.section} aria-labelledby="password">
      <h2 id="password" className={page.sectionTitle}>
        {t("people.password.title")}
      </h2>
      <p className={page.hint}>
        {t(p.first_password ? "people.password.waiting" : "people.password.used")}
        {p.must_change && ` ${t("people.password.must_change")}`}
      </p>
      {own && <p className={page.hint}>{t("people.password.own")}</p>}
      {p.may_manage && !own && (
        <>
          {/* Another password is another key: what was shown is gone. */}
          {p.first_password && <First key={p.version} person={p} />}
          <Button mt="sm" variant="default" onClick={() => setGiving(true)}>
            {t("people.password.give")}
          </Button>
          <Dialog
            opened={giving}
            onClose={() => setGiving(false)}
            title={t("people.password.give_title", { name: p.name })}
          >
            <Give person={p} onClose={() => setGiving(false)} />
          </Dialog>
        </>
      )}
    </section>
  );
}

function First({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const show = useMutation({ mutationFn: () => users.firstPassword(p.id) });
  if (!show.data) {
    return (
      <div style={{ marginTop: "0.8rem" }}>
        <Button loading={show.isPending} onClick={() => show.mutate()}>
          {t("people.password.show")}
        </Button>
        <Refusal error={show.error} />
      </div>
    );
  }
  const { password } = show.data;
  return (
    <div data-password>
      <div className={classes.commandHead}>
        <span className={page.hint}>{t("people.password.of", { login: p.login })}</span>
        <div>
          <CopyButton value={password}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="subtle" onClick={copy}>
                {t(copied ? "manage.enrol.copied" : "manage.enrol.copy")}
              </Button>
            )}
          </CopyButton>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => show.reset()}>
            {t("people.password.hide")}
          </Button>
        </div>
      </div>
      <pre className={classes.command} role="status">
        {password}
      </pre>
    </div>
  );
}

function Give({ person: p, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useTranslation();
  const saved = useSavedPerson();
  const [how, setHow] = useState<"made" | "typed">("made");
  const [typed, setTyped] = useState("");
  const [mustChange, setMustChange] = useState(false);
  const give = useMutation({
    mutationFn: () =>
      users.givePassword(p.id, {
        password: how === "typed" ? typed : undefined,
        must_change: mustChange,
      }),
    onSuccess: (now) => {
      saved(now);
      notifications.show({ message: t("people.password.given") });
      onClose();
    },
  });
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (how === "made" || typed) give.mutate();
      }}
    >
      <p className={page.hint}>{t("people.password.give_text")}</p>
      <Radio.Group
        label={t("people.password.how")}
        value={how}
        onChange={(v) => setHow(v === "typed" ? "typed" : "made")}
      >
        <Radio mt="xs" value="made" label={t("people.password.made")} data-autofocus />
        <Radio mt="xs" value="typed" label={t("people.password.typed")} />
      </Radio.Group>
      {how === "typed" && (
        <TextInput
          label={t("account.password_new")}
          description={t("account.password_hint", { count: 8 })}
          autoComplete="off"
          spellCheck={false}
          maxLength={256}
          value={typed}
          onChange={(e) => setTyped(e.currentTarget.value)}
        />
      )}
      <Checkbox
        label={t("people.must_change")}
        description={t("people.must_change_hint")}
        checked={mustChange}
        onChange={(e) => setMustChange(e.currentTarget.checked)}
      />
      <Refusal error={give.error} />
      <div className={page.actions}>
        <Button type="submit" loading={give.isPending} disabled={how === "typed" && !typed}>
          {t("people.password.give")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}
