import { Skeleton } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { articles } from "../api";
import type { Language } from "../api/types";
import { useFormat } from "../app/format";
import { currentLanguage } from "../app/i18n";
import { gently } from "../app/motion";
import { Failed } from "../app/states";
import classes from "./article.module.css";
import { anchorID, articleElements } from "./html";

export const articleQuery = (id: string, lang: Language) =>
  queryOptions({
    queryKey: ["articles", "one", id, lang],
    queryFn: () => articles.get(id, lang),
    staleTime: 60_000,
  });

/** An article, opened at the passage where there is one. */
export function ArticleView(props: { id: string; lang?: Language; at?: string; level: 1 | 2 }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lang = props.lang ?? currentLanguage();
  const article = useQuery(articleQuery(props.id, lang));
  const body = useRef<HTMLDivElement>(null);
  const jump = useCallback((anchor: string) => showPassage(body, anchor, gently()), []);
  const html = article.data?.html;
  const elements = useMemo(() => (html ? articleElements(html, { jump }) : null), [html, jump]);

  useEffect(() => {
    if (elements && props.at) showPassage(body, props.at, "instant");
  }, [elements, props.at]);

  if (article.isPending) return <Waiting />;
  if (article.isError) {
    return (
      <Failed
        whole={props.level === 1}
        error={article.error}
        retry={() => void article.refetch()}
      />
    );
  }
  const a = article.data;
  const Title = props.level === 1 ? "h1" : "h2";
  return (
    <article className={classes.article} lang={a.lang} data-article={a.id}>
      <Title className={classes.title}>{a.title}</Title>
      <p className={classes.meta} lang={document.documentElement.lang}>
        {t("articles.updated", { date: format.date(a.updated_at) })}
      </p>
      <div ref={body} className={classes.body}>
        {elements}
      </div>
    </article>
  );
}

// Marks the passage and brings it into sight. Focus goes with it, so that a
// screen reader reads on from there.
function showPassage(
  body: RefObject<HTMLDivElement | null>,
  anchor: string,
  behavior: ScrollBehavior,
) {
  const root = body.current;
  if (!root) return;
  for (const old of root.querySelectorAll("[data-passage]")) old.removeAttribute("data-passage");
  const target = root.querySelector<HTMLElement>(`#${CSS.escape(anchorID(anchor))}`);
  if (!target) return;
  for (const el of passageOf(target)) el.setAttribute("data-passage", "");
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start", behavior });
}

// A heading stands for its section: everything down to the next heading.
function passageOf(target: HTMLElement): Element[] {
  if (!/^H[1-6]$/.test(target.tagName)) return [target];
  const marked: Element[] = [target];
  for (
    let el = target.nextElementSibling;
    el && !/^H[1-6]$/.test(el.tagName);
    el = el.nextElementSibling
  ) {
    marked.push(el);
  }
  return marked;
}

function Waiting() {
  return (
    <div className={classes.article} aria-busy="true">
      <Skeleton height={34} width="70%" mb={24} />
      {[96, 90, 94, 60, 92, 88, 40].map((w) => (
        <Skeleton key={w} height={15} width={`${w}%`} mb={12} />
      ))}
    </div>
  );
}
