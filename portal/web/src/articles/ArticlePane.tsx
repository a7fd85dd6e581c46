import { CloseButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Language } from "../api/types";
import { currentLanguage } from "../app/i18n";
import { ArticleView, articleQuery } from "./ArticleView";
import classes from "./article.module.css";

/** An article beside the chat or a ticket. Its bar names it: one lands in the middle of it. */
export function ArticlePane(props: {
  article: string;
  lang?: Language;
  at?: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const article = useQuery(articleQuery(props.article, props.lang ?? currentLanguage()));
  return (
    <div className={classes.pane}>
      <div className={classes.paneBar}>
        <div className={classes.paneName}>
          <span lang={article.data?.lang}>{article.data?.title}</span>
          <Link
            to="/articles/$article"
            params={{ article: props.article }}
            search={{ lang: props.lang }}
            hash={props.at}
          >
            {t("articles.whole")}
          </Link>
        </div>
        <CloseButton size="lg" aria-label={t("chat.passage.close")} onClick={props.onClose} />
      </div>
      <section className={classes.paneBody} tabIndex={0} aria-label={t("chat.passage.title")}>
        <ArticleView id={props.article} lang={props.lang} at={props.at} level={2} />
      </section>
    </div>
  );
}
