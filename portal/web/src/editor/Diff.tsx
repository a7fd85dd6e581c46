import { diffLines } from "diff";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ArticleText } from "../api/editor";
import classes from "./editor.module.css";

const whole = (t: ArticleText) =>
  `# ${t.title}\n${t.summary ? `\n> ${t.summary}\n` : ""}\n${t.markdown.trimEnd()}\n`;

/** What changed from one text to another, line by line. */
export function Diff({ from, to, lang }: { from: ArticleText; to: ArticleText; lang: string }) {
  const { t } = useTranslation();
  const parts = useMemo(() => diffLines(whole(from), whole(to)), [from, to]);
  if (parts.every((p) => !p.added && !p.removed)) {
    return <p className={classes.same}>{t("editor.diff.same")}</p>;
  }
  return (
    <section className={classes.diff} lang={lang} tabIndex={0} aria-label={t("editor.diff.label")}>
      {parts.map((p, i) => {
        const Part = p.added ? "ins" : p.removed ? "del" : "span";
        return (
          <Part key={i}>
            {(p.added || p.removed) && (
              <span className="sr-only">
                {t(p.added ? "editor.diff.added" : "editor.diff.removed")}
              </span>
            )}
            {p.value}
          </Part>
        );
      })}
    </section>
  );
}
