import { CloseButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Language } from "../api/types";
import { ArticleView } from "./ArticleView";
import classes from "./article.module.css";

/** An article beside the chat or a ticket. */
export function ArticlePane(props: {
  article: string;
  lang?: Language;
  at?: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className={classes.pane}>
      <div className={classes.paneBar}>
        <Link
          to="/articles/$article"
          params={{ article: props.article }}
          search={{ lang: props.lang }}
          hash={props.at}
        >
          {t("articles.whole")}
        </Link>
        <CloseButton size="lg" aria-label={t("chat.passage.close")} onClick={props.onClose} />
      </div>
      <section className={classes.paneBody} tabIndex={0} aria-label={t("chat.passage.title")}>
        <ArticleView id={props.article} lang={props.lang} at={props.at} level={2} />
      </section>
    </div>
  );
}
