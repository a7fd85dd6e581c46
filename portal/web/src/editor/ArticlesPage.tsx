import { Button, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { IconPlus, IconSearch, IconUpload } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import type { EditorRow } from "../api/editor";
import { useFormat } from "../app/format";
import { currentLanguage, languages } from "../app/i18n";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, More } from "../app/states";
import { companiesQuery } from "../manage/queries";
import { Rows } from "../tickets/TicketsPage";
import { nameOf } from "./category";
import { EditorNav } from "./EditorNav";
import classes from "./editor.module.css";
import { ImportDialog } from "./ImportDialog";
import { NewArticleDialog } from "./NewArticleDialog";
import { categoriesQuery, rowsQuery, waitingQuery } from "./queries";

/** The articles as their editors see them: published, drafted, due for review. */
export function ArticlesPage() {
  const { t } = useTranslation();
  const admin = useMe().role === "admin";
  const { state = "all", category, q = "" } = useSearch({ from: "/shell/admin/articles" });
  const navigate = useNavigate({ from: "/admin/articles" });
  const [open, setOpen] = useState<"new" | "import">();
  const [words, setWords] = useState(q);
  const [wanted] = useDebouncedValue(words.trim(), 250);
  useDocumentTitle(t("editor.nav"));
  useEffect(() => {
    if (wanted !== q)
      void navigate({ search: (s) => ({ ...s, q: wanted || undefined }), replace: true });
  }, [wanted, q, navigate]);

  const waiting = useQuery(waitingQuery).data;
  const shelves = useQuery(categoriesQuery);
  const list = useInfiniteQuery(rowsQuery({ state, category, q: q || undefined }));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const narrowed = state !== "all" || category || q;
  const count = (n: number | undefined) => (n ? ` (${n})` : "");
  return (
    <div className={page.page}>
      <AdminNav />
      <EditorNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("editor.nav")}</h1>
        {admin && (
          <div className={page.actions}>
            <Button
              variant="default"
              leftSection={<IconUpload size={18} stroke={1.7} aria-hidden="true" />}
              onClick={() => setOpen("import")}
            >
              {t("editor.import.open")}
            </Button>
            <Button
              leftSection={<IconPlus size={18} stroke={1.7} aria-hidden="true" />}
              onClick={() => setOpen("new")}
            >
              {t("editor.new.open")}
            </Button>
          </div>
        )}
      </div>
      <p className={page.lead}>{t("editor.lead")}</p>
      <div className={`${page.filters} ${page.wordy}`}>
        <SegmentedControl
          value={state}
          aria-label={t("editor.filter.state")}
          onChange={(next) =>
            void navigate({
              search: (s) => ({ ...s, state: next === "all" ? undefined : (next as "due") }),
            })
          }
          data={[
            { value: "all", label: t("editor.filter.all") },
            { value: "draft", label: t("editor.filter.draft") + count(waiting?.drafts) },
            { value: "due", label: t("editor.filter.due") + count(waiting?.due) },
          ]}
        />
        {(shelves.data?.length ?? 0) > 0 && (
          <NativeSelect
            aria-label={t("editor.category.one")}
            value={category ?? ""}
            onChange={(e) => {
              const next = e.currentTarget.value || undefined;
              void navigate({ search: (s) => ({ ...s, category: next }) });
            }}
            data={[
              { value: "", label: t("editor.category.all") },
              ...(shelves.data ?? []).map((c) => ({
                value: c.id,
                label: nameOf(c, currentLanguage()),
              })),
            ]}
          />
        )}
        <TextInput
          type="search"
          className={page.grow}
          aria-label={t("editor.filter.search")}
          placeholder={t("editor.filter.search")}
          leftSection={<IconSearch size={18} stroke={1.7} aria-hidden="true" />}
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
        />
      </div>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t(narrowed ? "editor.none_title" : "articles.empty_title")}>
          {t(narrowed ? "editor.none_text" : "editor.empty_text")}
        </Empty>
      )}
      {items.length > 0 && (
        <ul className={page.rows}>
          {items.map((a) => (
            <li key={a.id}>
              <Row row={a} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
      <NewArticleDialog opened={open === "new"} onClose={() => setOpen(undefined)} />
      <ImportDialog opened={open === "import"} onClose={() => setOpen(undefined)} />
    </div>
  );
}

function Row({ row: a }: { row: EditorRow }) {
  const { t } = useTranslation();
  const format = useFormat();
  const companies = useQuery({ ...companiesQuery, enabled: Boolean(a.company_id) });
  const names = (langs: string[]) =>
    languages
      .filter((l) => langs.includes(l.code))
      .map((l) => l.name)
      .join(", ");
  const company = companies.data?.find((c) => c.id === a.company_id)?.name;
  const due = a.review_on && a.review_on <= new Date().toISOString().slice(0, 10);
  return (
    <Link to="/admin/articles/$article" params={{ article: a.id }} className={page.row}>
      <span className={page.rowTitle}>{a.title || t("editor.untitled")}</span>
      <span className={page.rowMeta}>{format.short(a.updated_at)}</span>
      <span className={`${page.rowMeta} ${classes.marks}`}>
        {a.langs.length > 0 && <span>{t("editor.row.live", { langs: names(a.langs) })}</span>}
        {a.drafts.length > 0 && (
          <span className={classes.draft}>{t("editor.row.draft", { langs: names(a.drafts) })}</span>
        )}
        {company && <span>{t("editor.row.for", { company })}</span>}
        {due && <span className={classes.due}>{t("editor.row.due")}</span>}
      </span>
    </Link>
  );
}
