import { Button, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { may } from "../actions/card";
import { actionQuery, useStep } from "../actions/queries";
import { actions } from "../api/self-service";
import type { Action } from "../api/types";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed, Refusal } from "../app/states";
import { systemNames } from "../app/systems";
import { ActionMark } from "./ActionsPage";
import { type Fact, FactList } from "./FactList";
import classes from "./manage.module.css";

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
      {action.isError && <Failed whole error={action.error} retry={() => void action.refetch()} />}
      {action.data && <Known action={action.data} />}
    </div>
  );
}

function Known({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const cancel = useStep(a.id, () => actions.move(a.id, "cancel"));
  return (
    <>
      <div className={page.top}>
        <h1 className={page.title}>{a.text.title}</h1>
        <ActionMark action={a} />
      </div>
      <div className={page.lead}>
        {a.text.state}
        {a.text.detail && a.text.detail !== a.text.state && <div>{a.text.detail}</div>}
      </div>
      {may(a, "cancel") && (
        <div className={page.actions} style={{ marginBottom: "1rem" }}>
          <Button
            variant="default"
            loading={cancel.isPending}
            onClick={() => cancel.mutate(undefined)}
          >
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
        <div className={page.card}>
          <History action={a} />
        </div>
      </section>
      <section className={page.section} aria-labelledby="evidence">
        <h2 id="evidence" className={page.sectionTitle}>
          {t("manage.action.evidence")}
        </h2>
        <Evidence evidence={a.evidence} />
      </section>
    </>
  );
}

function Facts({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useErrorText();
  const facts: Fact[] = [
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
    [t("manage.action.source"), t(`manage.source.${a.source}`)],
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
  return <FactList facts={facts} />;
}

/** What the device itself reported, and whether it signed that. */
function Evidence({ evidence: e }: { evidence: Action["evidence"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!e) return <p className={page.hint}>{t("manage.action.no_evidence")}</p>;
  const packages = e.packages?.map((p) => `${p.id} ${p.version}`).join(", ");
  const facts: Fact[] = [
    [t("manage.evidence.signed"), t(e.signed ? "manage.evidence.yes" : "manage.evidence.no")],
    [t("manage.evidence.boot_before"), e.boot_before],
    [t("manage.evidence.boot_after"), e.boot_after],
    [t("manage.evidence.link_lost"), e.link_lost && format.full(e.link_lost)],
    [
      t("manage.evidence.sessions"),
      e.sessions && (e.sessions.join(", ") || t("manage.evidence.no_sessions")),
    ],
    [t("manage.evidence.version_before"), e.version_before],
    [t("manage.evidence.version_after"), e.version_after],
    [t("manage.evidence.packages"), packages],
    [t("manage.evidence.exit_code"), e.exit_code?.toString()],
  ];
  return (
    <div className={page.card}>
      <FactList facts={facts} />
      {e.output && (
        <figure className={classes.output}>
          <figcaption className={classes.soft}>{t("manage.evidence.output")}</figcaption>
          <pre className={classes.command} tabIndex={0}>
            {e.output}
          </pre>
        </figure>
      )}
    </div>
  );
}

function History({ action: a }: { action: Action }) {
  const format = useFormat();
  return (
    <ol className={classes.history}>
      {a.history.map((h, i) => (
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
