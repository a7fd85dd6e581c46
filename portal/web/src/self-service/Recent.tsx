import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActionCard } from "../actions/ActionCard";
import { isOver, toneOf } from "../actions/card";
import { OperationIcon } from "../actions/icons";
import type { Action, Page } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import classes from "./self.module.css";

/** What one has had done, newest first; each opens to its card. */
export function Recent({ actions }: { actions: UseQueryResult<Page<Action>> }) {
  const { t } = useTranslation();
  const past = actions.data?.items.filter(isOver) ?? [];
  return (
    <section className={page.section} aria-labelledby="recent">
      <h2 id="recent" className={page.sectionTitle}>
        {t("self.recent")}
      </h2>
      {actions.isPending && <Loading />}
      {actions.isError && <Failed error={actions.error} retry={() => void actions.refetch()} />}
      {actions.isSuccess && past.length === 0 && (
        <p className={classes.hint}>{t("self.no_recent")}</p>
      )}
      {past.length > 0 && (
        <ul className={page.rows}>
          {past.map((a) => (
            <li key={a.id}>
              <Past action={a} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Past({ action: a }: { action: Action }) {
  const format = useFormat();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary className={classes.past} data-tone={toneOf(a)}>
        <OperationIcon operation={a.operation} size={20} />
        <span className={page.rowTitle}>{a.text.title}</span>
        <span className={page.rowMeta}>
          {a.text.state} · {format.ago(a.ended_at ?? a.proposed_at)}
        </span>
      </summary>
      <div className={classes.pastCard}>{open && <ActionCard id={a.id} />}</div>
    </details>
  );
}
