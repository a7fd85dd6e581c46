import { NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { EditedArticle } from "../api/editor";
import type { Language } from "../api/types";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Failed, Loading } from "../app/states";
import article from "../articles/article.module.css";
import classes from "./editor.module.css";
import { editedQuery } from "./queries";
import { SettingsCard } from "./SettingsCard";
import { TextPane } from "./TextPane";

/** An article under the pen, in one language or in two side by side. */
export function EditorPage() {
  const { t } = useTranslation();
  const { article: id } = useParams({ from: "/shell/admin/articles/$article" });
  const one = useQuery(editedQuery(id));
  useDocumentTitle(one.data ? titleOf(one.data) || t("editor.untitled") : t("editor.nav"));
  return (
    <div className={`${page.page} ${classes.wide}`}>
      <Link to="/admin/articles" className={article.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("editor.nav")}
      </Link>
      {one.isPending && <Loading />}
      {one.isError && <Failed whole error={one.error} retry={() => void one.refetch()} />}
      {one.data && <Editor article={one.data} />}
    </div>
  );
}

const titleOf = (a: EditedArticle) =>
  a.languages.map((l) => (l.draft ?? l.live)?.title).find(Boolean) ?? "";

function Editor({ article: a }: { article: EditedArticle }) {
  const { t } = useTranslation();
  const readOnly = useMe().role !== "admin";
  const search = useSearch({ from: "/shell/admin/articles/$article" });
  const navigate = useNavigate({ from: "/admin/articles/$article" });
  const lang = search.lang ?? a.languages[0]?.lang ?? "en";
  const beside = search.beside === lang ? undefined : search.beside;
  const show = (next: { lang?: Language; beside?: Language }) =>
    void navigate({ search: { lang, beside, ...next }, replace: true });
  const onGone = () => void navigate({ to: "/admin/articles" });
  const panes: Language[] = beside ? [lang, beside] : [lang];
  return (
    <>
      <h1 className={page.title}>{titleOf(a) || t("editor.untitled")}</h1>
      <details className={classes.drawer}>
        <summary>{t("editor.settings")}</summary>
        <SettingsCard article={a} readOnly={readOnly} />
      </details>
      <div className={classes.langs}>
        <fieldset className={classes.tabs}>
          <legend className="sr-only">{t("editor.language")}</legend>
          {languages.map((l) => {
            const have = a.languages.find((x) => x.lang === l.code);
            const standing = have?.draft ? "draft" : have?.live ? "live" : "none";
            return (
              <button
                key={l.code}
                type="button"
                className={classes.tab}
                aria-pressed={l.code === lang}
                onClick={() => show({ lang: l.code })}
              >
                <span lang={l.code}>{l.name}</span>
                <small>{t(`editor.standing.${standing}`)}</small>
              </button>
            );
          })}
        </fieldset>
        <NativeSelect
          label={t("editor.beside")}
          className={classes.beside}
          value={beside ?? ""}
          onChange={(e) => show({ beside: (e.currentTarget.value || undefined) as Language })}
          data={[
            { value: "", label: t("editor.beside_none") },
            ...languages
              .filter((l) => l.code !== lang)
              .map((l) => ({ value: l.code, label: l.name })),
          ]}
        />
      </div>
      <div className={beside ? classes.two : undefined}>
        {panes.map((l) => (
          <TextPane key={`${a.id}-${l}`} article={a} lang={l} readOnly={readOnly} onGone={onGone} />
        ))}
      </div>
    </>
  );
}
