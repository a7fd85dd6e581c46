import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { currentLanguage, languages } from "../app/i18n";
import { isStaff, useMe } from "../app/session";
import { ArticleView, articleQuery } from "./ArticleView";
import classes from "./article.module.css";
import { Helpful } from "./Helpful";
import { Related } from "./Related";

/** An article on a page of its own; the address may name the passage. */
export function ArticlePage() {
  const { t } = useTranslation();
  const { article: id } = useParams({ from: "/shell/articles/$article" });
  const search = useSearch({ from: "/shell/articles/$article" });
  const at = useLocation({ select: (l) => l.hash }) || undefined;
  const lang = search.lang ?? currentLanguage();
  const article = useQuery(articleQuery(id, lang));
  useDocumentTitle(article.data?.title ?? t("articles.title"));
  const staff = isStaff(useMe());
  const shown = article.data?.lang;
  const name = (code?: string) => languages.find((l) => l.code === code)?.name ?? "";
  const others = article.data?.langs.filter((l) => l !== article.data?.lang) ?? [];
  return (
    <div className={classes.page}>
      <Link to="/articles" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("articles.title")}
      </Link>
      {staff && (
        <Link
          to="/admin/articles/$article"
          params={{ article: id }}
          search={{ lang: shown }}
          className={classes.edit}
        >
          {t("articles.edit")}
        </Link>
      )}
      {shown && shown !== lang && (
        <p className={classes.fallback}>
          {t("articles.fallback", { wanted: name(lang), shown: name(shown) })}
        </p>
      )}
      <ArticleView id={id} lang={lang} at={at} level={1} />
      {article.data && (
        <Helpful
          key={`${id}-${article.data.lang}-${article.data.change}`}
          article={article.data}
          asked={lang}
        />
      )}
      {shown && <Related id={id} lang={shown} />}
      {others.length > 0 && (
        <p className={classes.langs}>
          <span>{t("articles.also_in")}</span>
          {languages
            .filter((l) => others.includes(l.code))
            .map((l) => (
              <Link
                key={l.code}
                to="/articles/$article"
                params={{ article: id }}
                search={{ lang: l.code }}
                lang={l.code}
              >
                {l.name}
              </Link>
            ))}
        </p>
      )}
    </div>
  );
}
