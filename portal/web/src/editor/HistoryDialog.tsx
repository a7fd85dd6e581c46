import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ArticleText, editor } from "../api/editor";
import type { Language } from "../api/types";
import { Dialog } from "../app/Dialog";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Diff } from "./Diff";
import classes from "./editor.module.css";
import { revisionsQuery } from "./queries";

interface Props {
  opened: boolean;
  article: string;
  lang: Language;
  now: ArticleText;
  readOnly: boolean;
  pending: boolean;
  onRestore: (change: number) => void;
  onClose: () => void;
}

/** Every text that was ever published: by whom, when, and what has changed since. */
export function HistoryDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={props.opened}
      onClose={props.onClose}
      size="xl"
      title={t("editor.history.title")}
    >
      <History {...props} />
    </Dialog>
  );
}

function History({ article, lang, now, readOnly, pending, onRestore }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const list = useQuery(revisionsQuery(article, lang));
  const [chosen, setChosen] = useState<number>();
  const change = chosen ?? list.data?.[0]?.change;
  const one = useQuery({
    queryKey: ["articles", "editor", "revision", article, lang, change],
    queryFn: () => editor.revision(article, lang, change ?? 0),
    enabled: change !== undefined,
    staleTime: Number.POSITIVE_INFINITY, // what was published does not change
  });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failed error={list.error} retry={() => void list.refetch()} />;
  return (
    <div className={classes.history}>
      <ol className={classes.revisions}>
        {list.data.map((r) => (
          <li key={r.change}>
            <button
              type="button"
              className={classes.revision}
              aria-pressed={r.change === change}
              onClick={() => setChosen(r.change)}
            >
              <span>{format.full(r.at)}</span>
              <span className={page.rowMeta}>
                {r.author || t("editor.nobody")} · {t(`editor.origin.${r.origin}`)}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <div className={classes.compared}>
        <p className={page.hint}>{t("editor.history.legend")}</p>
        {one.isError && <Failed error={one.error} retry={() => void one.refetch()} />}
        {one.isPending && <Loading />}
        {one.data && (
          <>
            <Diff from={one.data} to={now} lang={lang} />
            {!readOnly && (
              <Button loading={pending} onClick={() => onRestore(one.data.change)}>
                {t("editor.history.restore")}
              </Button>
            )}
          </>
        )}
      </div>
    </div>
  );
}
