import { Button, SegmentedControl } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import { feedback, reviewStates, type UnansweredQuestion } from "../api/feedback";
import type { Language } from "../api/types";
import { useFormat } from "../app/format";
import { oneOf } from "../app/one-of";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, More } from "../app/states";
import { Rows } from "../tickets/TicketsPage";
import { EditorNav } from "./EditorNav";
import classes from "./editor.module.css";
import { NewArticleDialog } from "./NewArticleDialog";
import { unansweredQuery } from "./queries";
import { VerdictForm } from "./VerdictForm";

/** What people asked in vain, the most frequent first. */
export function UnansweredPage() {
  const { t } = useTranslation();
  const { state = "open" } = useSearch({ from: "/shell/admin/articles/unanswered" });
  const navigate = useNavigate({ from: "/admin/articles/unanswered" });
  const [write, setWrite] = useState<{ title: string; lang: Language }>();
  const list = useInfiniteQuery(unansweredQuery(state));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  useDocumentTitle(t("knowledge.unanswered.title"));
  return (
    <div className={page.page}>
      <AdminNav />
      <EditorNav />
      <h1 className={page.title}>{t("knowledge.unanswered.title")}</h1>
      <p className={page.lead}>{t("knowledge.unanswered.lead")}</p>
      <div className={page.filters}>
        <SegmentedControl
          aria-label={t("knowledge.review.state")}
          value={state}
          onChange={(s) => void navigate({ search: { state: oneOf(reviewStates, s) } })}
          data={reviewStates.map((s) => ({ value: s, label: t(`knowledge.review.states.${s}`) }))}
        />
      </div>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t("knowledge.unanswered.empty_title")}>
          {t("knowledge.unanswered.empty_text")}
        </Empty>
      )}
      {items.map((q) => (
        <Card
          key={`${q.key}${q.state}${q.last_at}`}
          question={q}
          onWrite={() => setWrite({ title: q.question.slice(0, 300), lang: q.lang })}
        />
      ))}
      <More list={list} />
      <NewArticleDialog
        opened={write !== undefined}
        begin={write}
        onClose={() => setWrite(undefined)}
      />
    </div>
  );
}

function Card({ question: q, onWrite }: { question: UnansweredQuestion; onWrite: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const admin = useMe().role === "admin";
  return (
    <article className={page.card} data-unanswered={q.times}>
      <h2 className={`${page.cardTitle} ${classes.words}`} lang={q.lang}>
        {q.question || <em>{t("knowledge.review.erased")}</em>}
      </h2>
      <p className={classes.ways}>
        <span>
          {t("knowledge.unanswered.times", { count: q.times })}{" "}
          {t("knowledge.unanswered.people", { count: q.people })},{" "}
          {t("knowledge.unanswered.last", { when: format.ago(q.last_at) })}
        </span>
        {q.ticket ? (
          <Link to="/queue/$ticket" params={{ ticket: q.ticket.id }}>
            {t("knowledge.review.to_ticket", { number: q.ticket.number })}
          </Link>
        ) : (
          <Link to="/c/$conversation" params={{ conversation: q.conversation_id }}>
            {t("knowledge.review.to_conversation")}
          </Link>
        )}
      </p>
      <VerdictForm
        now={q}
        doneBy={q.done_by}
        save={(verdict) => feedback.closeQuestion(q.key, verdict)}
      >
        {admin && q.question && (
          <Button size="sm" variant="default" onClick={onWrite}>
            {t("knowledge.unanswered.write")}
          </Button>
        )}
      </VerdictForm>
    </article>
  );
}
