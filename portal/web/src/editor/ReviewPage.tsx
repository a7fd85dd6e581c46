import { Button, NativeSelect, SegmentedControl } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import {
  feedback,
  type Review,
  type ReviewFilter,
  reviewKinds,
  reviewStates,
} from "../api/feedback";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Empty, Failed, More } from "../app/states";
import { Markdown } from "../chat/Markdown";
import { companiesQuery } from "../manage/queries";
import { column, formQuery } from "../tickets/fields";
import { Rows } from "../tickets/TicketsPage";
import { EditorNav } from "./EditorNav";
import classes from "./editor.module.css";
import { reviewsQuery } from "./queries";
import { VerdictForm } from "./VerdictForm";

/** What did not help somebody: with the question, the answer and what it rested on. */
export function ReviewPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/admin/articles/review" });
  const filter: ReviewFilter = { ...search, state: search.state ?? "open" };
  const list = useInfiniteQuery(reviewsQuery(filter));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  useDocumentTitle(t("knowledge.review.title"));
  return (
    <div className={page.page}>
      <AdminNav />
      <EditorNav />
      <h1 className={page.title}>{t("knowledge.review.title")}</h1>
      <p className={page.lead}>{t("knowledge.review.lead")}</p>
      <Filters
        filter={filter}
        person={items.find((r) => r.person.id === filter.person)?.person.name}
      />
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t("knowledge.review.empty_title")}>{t("knowledge.review.empty_text")}</Empty>
      )}
      {items.map((r) => (
        <Card key={`${r.id}${r.state}${r.rated_at}`} review={r} />
      ))}
      <More list={list} />
    </div>
  );
}

function Filters({ filter, person }: { filter: ReviewFilter; person?: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate({ from: "/admin/articles/review" });
  const companies = useQuery(companiesQuery);
  const set = (change: ReviewFilter) => void navigate({ search: (s) => ({ ...s, ...change }) });
  return (
    <div className={`${page.filters} ${page.wordy}`}>
      <SegmentedControl
        aria-label={t("knowledge.review.state")}
        value={filter.state}
        onChange={(state) => set({ state: state as ReviewFilter["state"], closed_by: undefined })}
        data={reviewStates.map((s) => ({ value: s, label: t(`knowledge.review.states.${s}`) }))}
      />
      <NativeSelect
        aria-label={t("knowledge.review.kind")}
        value={filter.kind ?? ""}
        onChange={(e) =>
          set({ kind: (e.currentTarget.value || undefined) as ReviewFilter["kind"] })
        }
        data={[
          { value: "", label: t("knowledge.review.kinds.all") },
          ...reviewKinds.map((k) => ({ value: k, label: t(`knowledge.review.kinds.${k}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("knowledge.review.company")}
        value={filter.company ?? ""}
        onChange={(e) => set({ company: e.currentTarget.value || undefined })}
        data={[
          { value: "", label: t("knowledge.review.companies") },
          ...(companies.data ?? []).map((c) => ({ value: c.id, label: c.name })),
        ]}
      />
      {filter.state === "done" && <Closer id={filter.closed_by} choose={set} />}
      {filter.person && (
        <Button variant="default" onClick={() => set({ person: undefined })}>
          {person && `${t("knowledge.review.person", { name: person })} · `}
          {t("knowledge.review.everybody")}
        </Button>
      )}
    </div>
  );
}

/** Which of the staff closed it. */
function Closer(props: { id?: string; choose: (change: ReviewFilter) => void }) {
  const { t } = useTranslation();
  const form = useQuery(formQuery);
  return (
    <NativeSelect
      aria-label={t("knowledge.review.closed_by")}
      value={props.id ?? ""}
      onChange={(e) => props.choose({ closed_by: e.currentTarget.value || undefined })}
      data={[
        { value: "", label: t("knowledge.review.closed_by_whoever") },
        ...(column(form.data, "assignee")?.options ?? []).map((o) => ({
          value: o.id,
          label: o.name,
        })),
      ]}
    />
  );
}

function Card({ review: r }: { review: Review }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <article className={page.card} data-review={r.kind}>
      <h2 className={page.cardTitle}>
        {r.article
          ? t("knowledge.review.about_article", { title: r.article.title })
          : t("knowledge.review.about_answer")}
      </h2>
      <p className={page.hint}>
        <Link
          from="/admin/articles/review"
          to="/admin/articles/review"
          search={(s) => ({ ...s, person: r.person.id })}
        >
          {r.person.name}
        </Link>
        {r.person.company && ` · ${r.person.company}`} ·{" "}
        <time dateTime={r.rated_at} title={format.full(r.rated_at)}>
          {format.ago(r.rated_at)}
        </time>
      </p>
      <dl className={classes.said}>
        <dt>{t("knowledge.review.reason")}</dt>
        <dd>{r.reason || <em>{t("knowledge.review.no_reason")}</em>}</dd>
        {r.kind === "answer" && <Exchange review={r} />}
      </dl>
      <Ways review={r} />
      <VerdictForm now={r} doneBy={r.done_by} save={(verdict) => feedback.close(r.id, verdict)} />
    </article>
  );
}

function Exchange({ review: r }: { review: Review }) {
  const { t } = useTranslation();
  const erased = <em>{t("knowledge.review.erased")}</em>;
  const citations = r.citations.map((c) => ({ ...c, heading: c.heading ?? "" }));
  return (
    <>
      <dt>{t("knowledge.review.question")}</dt>
      <dd className={classes.words}>{r.question || erased}</dd>
      <dt>{t("knowledge.review.answer")}</dt>
      <dd>{r.answer ? <Markdown text={r.answer} citations={citations} /> : erased}</dd>
      <dt>{t("knowledge.review.cited")}</dt>
      <dd>
        {citations.length === 0 && t("knowledge.review.cited_none")}
        {citations.map((c) => (
          <details key={c.n} className={classes.cited}>
            <summary>
              {c.n}. {c.title}
              {c.heading && c.heading !== c.title && ` › ${c.heading}`}
            </summary>
            <blockquote lang={c.lang}>{c.quote}</blockquote>
            <Link
              to="/admin/articles/$article"
              params={{ article: c.article }}
              search={{ lang: c.lang }}
            >
              {t("knowledge.review.edit", { title: c.title })}
            </Link>
          </details>
        ))}
      </dd>
    </>
  );
}

/** Where one goes from here: what was said around it, the article's readers and its editor. */
function Ways({ review: r }: { review: Review }) {
  const { t } = useTranslation();
  return (
    <p className={classes.ways}>
      {r.ticket && (
        <Link to="/queue/$ticket" params={{ ticket: r.ticket.id }}>
          {t("knowledge.review.to_ticket", { number: r.ticket.number })}
        </Link>
      )}
      {r.conversation_id && !r.ticket && (
        <Link to="/c/$conversation" params={{ conversation: r.conversation_id }}>
          {t("knowledge.review.to_conversation")}
        </Link>
      )}
      {r.article && (
        <>
          <Link
            to="/admin/articles/$article"
            params={{ article: r.article.id }}
            search={{ lang: r.article.lang }}
          >
            {t("knowledge.review.edit", { title: r.article.title })}
          </Link>
          <Link
            to="/articles/$article"
            params={{ article: r.article.id }}
            search={{ lang: r.article.lang }}
          >
            {t("knowledge.review.read")}
          </Link>
          {r.article.changed && <span>{t("knowledge.review.changed")}</span>}
        </>
      )}
    </p>
  );
}
