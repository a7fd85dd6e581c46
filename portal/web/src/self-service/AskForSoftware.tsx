import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { software } from "../api/self-service";
import type { Device } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import { requestsQuery } from "./queries";
import classes from "./self.module.css";

/** What is not in the list may be asked for; a technician decides. */
export function AskForSoftware({ device, name }: { device: Device; name: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [sent, setSent] = useState(false);
  const ask = useMutation({
    mutationFn: (r: { name: string; reason: string }) =>
      software.request(r.name, r.reason, device.id),
    onSuccess: () => {
      setOpen(false);
      setSent(true);
      void client.invalidateQueries({ queryKey: requestsQuery.queryKey });
      void client.invalidateQueries({ queryKey: ["tickets"] });
    },
  });
  return (
    <div className={classes.ask}>
      {open ? (
        <AskForm
          name={name}
          device={device.name}
          busy={ask.isPending}
          error={ask.error}
          onSend={(r) => ask.mutate(r)}
          onCancel={() => setOpen(false)}
        />
      ) : (
        <Button
          variant="default"
          size="sm"
          onClick={() => {
            setSent(false);
            setOpen(true);
          }}
        >
          {t("self.request.open")}
        </Button>
      )}
      <p role="status" className={classes.hint}>
        {sent && t("self.request.sent")}
      </p>
      <Requests />
    </div>
  );
}

function AskForm(props: {
  name: string;
  device: string;
  busy: boolean;
  error: unknown;
  onSend: (r: { name: string; reason: string }) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState(props.name);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const missing = (text: string) => tried && !text.trim();
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (name.trim() && reason.trim()) props.onSend({ name: name.trim(), reason: reason.trim() });
  }
  return (
    <form className={page.form} onSubmit={submit} noValidate>
      <p className={classes.hint}>{t("self.request.text", { device: props.device })}</p>
      <TextInput
        label={t("self.request.name")}
        maxLength={200}
        data-autofocus
        autoFocus
        value={name}
        error={missing(name) && t("self.request.name_missing")}
        onChange={(e) => setName(e.currentTarget.value)}
      />
      <Textarea
        label={t("self.request.reason")}
        rows={3}
        maxLength={1000}
        value={reason}
        error={missing(reason) && t("self.request.reason_missing")}
        onChange={(e) => setReason(e.currentTarget.value)}
      />
      <Refusal error={props.error} />
      <div className={page.actions}>
        <Button type="submit" size="sm" loading={props.busy}>
          {t("self.request.send")}
        </Button>
        <Button variant="subtle" color="gray" size="sm" onClick={props.onCancel}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}

/** What one has asked for before, and what was decided. */
function Requests() {
  const { t } = useTranslation();
  const me = useMe();
  const format = useFormat();
  const list = useQuery(requestsQuery);
  if (list.isError) return <Refusal error={list.error} />;
  if (!list.data?.items.length) return null;
  return (
    <section aria-labelledby="requests">
      <h3 id="requests" className={page.cardTitle}>
        {t("self.request.own")}
      </h3>
      <ul className={classes.requests}>
        {list.data.items.map((r) => (
          <li key={r.id} data-request={r.state}>
            <strong>{r.name}</strong>{" "}
            <span className={page.rowMeta}>
              {t(`self.request.state.${r.state}`)} · {format.ago(r.created_at)}
              {r.ticket && me.policies.ticketing && (
                <>
                  {" · "}
                  <Link to="/tickets/$ticket" params={{ ticket: r.ticket.id }}>
                    {t("actions.ticket", { number: `#${r.ticket.number}` })}
                  </Link>
                </>
              )}
            </span>
            {r.answer && <p className={classes.hint}>{r.answer}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
