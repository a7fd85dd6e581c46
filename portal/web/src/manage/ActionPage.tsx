import { Button, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type LedgerAction, ledger } from "../api/manage";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed, Refusal } from "../app/states";
import { readable } from "../tickets/readable";
import { ActionMark } from "./ActionsPage";
import classes from "./manage.module.css";
import { actionQuery } from "./queries";
import { systemNames } from "./systems";

/** One action with its whole history and what the device itself showed. */
export function ActionPage() {
  const { t } = useTranslation();
  const { action: id } = useParams({ from: "/shell/manage/actions/$action" });
  const action = useQuery(actionQuery(id));
  useDocumentTitle(action.data?.text.title ?? t("manage.actions.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <Link to="/manage/actions" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("manage.actions.title")}
      </Link>
      {action.isPending && (
        <div aria-busy="true">
          <Skeleton height={34} width="60%" mb={20} />
          <Skeleton height={120} radius="lg" />
        </div>
      )}
      {action.isError && <Failed error={action.error} retry={() => void action.refetch()} />}
      {action.data && <Known action={action.data} />}
    </div>
  );
}

function Known({ action: a }: { action: LedgerAction }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => ledger.cancel(a.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["manage", "actions"] }),
  });
  const evidence = a.evidence ? readable(a.evidence) : "";
  return (
    <>
      <div className={page.top}>
        <h1 className={page.title}>{a.text.title}</h1>
        <ActionMark action={a} />
      </div>
      <p className={page.lead}>
        {a.text.state}
        {a.text.detail && a.text.detail !== a.text.state && ` ${a.text.detail}`}
      </p>
      {(a.next ?? []).includes("cancel") && (
        <div className={page.actions} style={{ marginBottom: "1rem" }}>
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("manage.action.cancel")}
          </Button>
        </div>
      )}
      <Refusal error={cancel.error} />
      <div className={page.card}>
        <Facts action={a} />
      </div>
      <section className={page.section} aria-labelledby="history">
        <h2 id="history" className={page.sectionTitle}>
          {t("manage.action.history")}
        </h2>
        <History action={a} />
      </section>
      <section className={page.section} aria-labelledby="evidence">
        <h2 id="evidence" className={page.sectionTitle}>
          {t("manage.action.evidence")}
        </h2>
        {evidence ? (
          <pre className={classes.command} tabIndex={0}>
            {evidence}
          </pre>
        ) : (
          <p className={page.hint}>{t("manage.action.no_evidence")}</p>
        )}
      </section>
    </>
  );
}

function Facts({ action: a }: { action: LedgerAction }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const say = useErrorText();
  const source = `manage.source.${a.source}`;
  const facts: [string, ReactNode][] = [
    [
      t("manage.actions.user"),
      <Link key="u" to="/manage/people/$user" params={{ user: a.requester.id }}>
        {a.requester.name}
      </Link>,
    ],
    [
      t("manage.actions.device"),
      <span key="d">
        <Link to="/manage/devices/$device" params={{ device: a.device.id }}>
          {a.device.name}
        </Link>{" "}
        {systemNames[a.device.system]}
      </span>,
    ],
    [t("manage.assign.account"), a.account],
    [t("manage.action.software"), a.software && `${a.software.name} ${a.software.version ?? ""}`],
    [
      t("manage.action.source"),
      i18n.exists(source) ? (t as (key: string) => string)(source) : a.source,
    ],
    [
      t("staff.ticket"),
      a.ticket && (
        <Link key="t" to="/queue/$ticket" params={{ ticket: a.ticket.id }}>
          #{a.ticket.number}
        </Link>
      ),
    ],
    [t("manage.action.asked"), format.full(a.proposed_at)],
    [t("manage.action.deadline"), a.deadline && format.full(a.deadline)],
    [t("manage.action.ended"), a.ended_at && format.full(a.ended_at)],
    [t("manage.action.outcome"), a.outcome && t(`manage.outcome.${a.outcome}`)],
    [t("manage.action.rule"), a.rule && say({ code: "policy", params: { rule: a.rule } })],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function History({ action: a }: { action: LedgerAction }) {
  const format = useFormat();
  return (
    <ol className={`${page.card} ${classes.history}`}>
      {(a.history ?? []).map((h, i) => (
        <li key={i} data-state={h.state}>
          <time dateTime={h.at}>{format.full(h.at)}</time>
          <p>
            {h.text} {h.name && <span className={classes.soft}>{h.name}</span>}
          </p>
        </li>
      ))}
    </ol>
  );
}
