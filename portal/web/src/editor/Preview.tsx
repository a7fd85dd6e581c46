import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type ArticleText, editor } from "../api/editor";
import { Failed, Loading } from "../app/states";
import article from "../articles/article.module.css";
import { articleElements } from "../articles/html";
import classes from "./editor.module.css";

/** The text as its reader will see it: rendered and cleaned by the server, drawn by the reader's page. */
export function Preview({ text, lang }: { text: ArticleText; lang: string }) {
  const { t } = useTranslation();
  const [shown] = useDebouncedValue(text, 400);
  const html = useQuery({
    queryKey: ["preview", shown],
    queryFn: () => editor.preview(shown),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  const elements = useMemo(
    () => (html.data === undefined ? null : articleElements(html.data, { jump: () => {} })),
    [html.data],
  );
  if (html.isError) return <Failed error={html.error} retry={() => void html.refetch()} />;
  if (html.data === undefined) return <Loading />;
  return (
    <div className={classes.preview} lang={lang}>
      <h3 className={article.title}>{text.title || t("editor.untitled")}</h3>
      {text.summary && <p className={article.meta}>{text.summary}</p>}
      <div className={article.body}>{elements}</div>
    </div>
  );
}
