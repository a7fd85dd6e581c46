import { Button, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { articles, shelves } from "../api";
import type { ArticleHit } from "../api/types";
import { currentLanguage, languages } from "../app/i18n";
import page from "../app/page.module.css";
import { isStaff, useMe } from "../app/session";
import { Empty, Failed } from "../app/states";
import classes from "./article.module.css";

/** The knowledge base: search, or all of it. */
export function KnowledgePage() {
  const { t } = useTranslation();
  const { q = "", category } = useSearch({ from: "/shell/articles" });
  const navigate = useNavigate({ from: "/articles" });
  const [text, setText] = useState(q);
  const [wanted] = useDebouncedValue(text.trim(), 250);
  const lang = currentLanguage();
  const staff = isStaff(useMe());
  useDocumentTitle(t("articles.title"));

  useEffect(() => {
    if (wanted !== q)
      void navigate({ search: (s) => ({ ...s, q: wanted || undefined }), replace: true });
  }, [wanted, q, navigate]);

  const found = useQuery({
    queryKey: ["articles", "search", q, category, lang],
    queryFn: ({ signal }) => articles.search(q, category, lang, signal),
    placeholderData: keepPreviousData,
  });
  const hits = found.data?.items ?? [];

  return (
    <div className={classes.page}>
      <div className={page.top}>
        <h1 className={classes.title}>{t("articles.title")}</h1>
        {staff && <Link to="/admin/articles">{t("articles.manage")}</Link>}
      </div>
      <search className={classes.search}>
        <TextInput
          type="search"
          size="lg"
          radius="xl"
          aria-label={t("articles.search")}
          placeholder={t("articles.search")}
          leftSection={<IconSearch size={20} stroke={1.7} aria-hidden="true" />}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
        />
      </search>
      {q === "" && <Shelves chosen={category} />}
      <p className="sr-only" role="status">
        {found.isSuccess && q !== "" && t("articles.count", { count: hits.length })}
      </p>
      {found.isPending && <Lines />}
      {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && hits.length === 0 && (
        <Empty
          title={q ? t("articles.none_title", { query: q }) : t("articles.empty_title")}
          action={
            <Button component={Link} to="/" variant="default">
              {t("articles.ask")}
            </Button>
          }
        >
          {q ? t("articles.none_text") : t("articles.empty_text")}
        </Empty>
      )}
      <ul className={classes.hits}>
        {hits.map((h) => (
          <li key={`${h.id}#${h.anchor ?? ""}`}>
            <Hit hit={h} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The categories in which this reader finds something; none are drawn where there are none. */
function Shelves({ chosen }: { chosen?: string }) {
  const { t } = useTranslation();
  const lang = currentLanguage();
  const list = useQuery({ queryKey: ["articles", "shelves", lang], queryFn: () => shelves(lang) });
  if (!list.data?.length) return null;
  return (
    <nav className={classes.shelves} aria-label={t("articles.categories")}>
      <Link
        to="/articles"
        search={{}}
        className={classes.shelf}
        data-here={!chosen || undefined}
        aria-current={chosen ? undefined : "true"}
        activeOptions={{ exact: true }}
      >
        {t("articles.all")}
      </Link>
      {list.data.map((c) => (
        <Link
          key={c.id}
          to="/articles"
          search={{ category: c.id }}
          className={classes.shelf}
          data-here={chosen === c.id || undefined}
          aria-current={chosen === c.id ? "true" : undefined}
          activeOptions={{ exact: true }}
        >
          {c.name} <span>{c.articles}</span>
        </Link>
      ))}
    </nav>
  );
}

function Hit({ hit }: { hit: ArticleHit }) {
  const foreign = hit.lang !== currentLanguage();
  return (
    <Link
      to="/articles/$article"
      params={{ article: hit.id }}
      search={{ lang: hit.lang }}
      hash={hit.anchor}
      className={classes.hit}
    >
      <span lang={hit.lang}>
        <span className={classes.hitTitle}>{hit.title}</span>
        {hit.heading && hit.heading !== hit.title && (
          <span className={classes.hitHeading}> › {hit.heading}</span>
        )}
      </span>
      {foreign && (
        <span className={classes.lang}>{languages.find((l) => l.code === hit.lang)?.name}</span>
      )}
      <p className={classes.hitText} lang={hit.lang}>
        {hit.snippet || hit.summary}
      </p>
    </Link>
  );
}

function Lines() {
  return (
    <div aria-hidden="true">
      {[62, 48, 70, 55].map((w) => (
        <div key={w} className={classes.hit}>
          <Skeleton height={20} width={`${w}%`} mb={10} />
          <Skeleton height={14} width="90%" />
        </div>
      ))}
    </div>
  );
}
