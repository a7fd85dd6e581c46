import { Button, Textarea, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import { keep, kept } from "../app/keep";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Refusal } from "../app/states";

interface Draft {
  subject: string;
  description: string;
}

/** A ticket by hand, where the portal allows it. */
export function NewTicketPage() {
  const { t } = useTranslation();
  const me = useMe();
  useDocumentTitle(t("tickets.new"));
  if (!me.policies.manual_tickets || !me.policies.ticketing) {
    return (
      <Empty
        title={t("tickets.new")}
        action={
          <Button component={Link} to="/">
            {t("tickets.ask")}
          </Button>
        }
      >
        {t(`errors.policy_rule.${me.policies.ticketing ? "manual_tickets" : "ticketing"}`)}
      </Empty>
    );
  }
  return <Form />;
}

function Form() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft>(
    () => kept<Draft>("draft.new-ticket") ?? { subject: "", description: "" },
  );
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    keep("draft.new-ticket", draft.subject || draft.description ? draft : undefined);
  }, [draft]);

  async function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (!draft.subject.trim() || !draft.description.trim()) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = await tickets.create(draft.subject.trim(), draft.description.trim());
      keep("draft.new-ticket", undefined);
      void client.invalidateQueries({ queryKey: ["tickets"] });
      await navigate({ to: "/tickets/$ticket", params: { ticket: made.id }, replace: true });
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  }

  return (
    <div className={`${page.page} ${page.narrow}`}>
      <h1 className={page.title}>{t("tickets.new")}</h1>
      <p className={page.lead}>{t("tickets.form.lead")}</p>
      <form className={page.form} onSubmit={submit} noValidate>
        <TextInput
          label={t("tickets.form.subject")}
          value={draft.subject}
          maxLength={200}
          error={tried && !draft.subject.trim() && t("tickets.form.subject_missing")}
          onChange={(e) => setDraft({ ...draft, subject: e.currentTarget.value })}
        />
        <Textarea
          label={t("tickets.form.description")}
          description={t("tickets.form.description_hint")}
          rows={7}
          autosize={false}
          value={draft.description}
          maxLength={8000}
          error={tried && !draft.description.trim() && t("tickets.form.description_missing")}
          onChange={(e) => setDraft({ ...draft, description: e.currentTarget.value })}
        />
        <Refusal error={error} />
        <div className={page.actions}>
          <Button type="submit" loading={busy}>
            {t("tickets.form.submit")}
          </Button>
          <Button component={Link} to="/tickets" variant="subtle" color="gray">
            {t("common.action.cancel")}
          </Button>
        </div>
      </form>
    </div>
  );
}
