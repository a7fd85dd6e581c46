import type { ReactNode } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { ArticleLanguage } from "../api/editor";
import { useFormat } from "../app/format";
import classes from "./editor.module.css";

/** Says that a text comes from a page on the web, and what an edit would mean. */
export function FromWeb({ from }: { from: NonNullable<ArticleLanguage["from"]> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const key = { ok: "synced", failed: "failed", gone: "gone", detached: "detached" } as const;
  return (
    <p className={from.state === "detached" ? undefined : classes.warn} data-from={from.state}>
      <Trans
        t={t}
        i18nKey={`knowledge.from.${key[from.state]}`}
        values={{ url: from.url, when: format.ago(from.synced_at) }}
        components={{ a: <To href={from.url} /> }}
      />{" "}
      {(from.state === "ok" || from.state === "failed") && t("knowledge.from.warning")}
    </p>
  );
}

function To({ href, children }: { href: string; children?: ReactNode }) {
  return (
    <a className={classes.address} href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}
