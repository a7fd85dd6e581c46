import { Button } from "@mantine/core";
import { IconArrowMerge } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Attachment } from "../api/files";
import { drafts } from "../api/queue";
import type { TicketDetail } from "../api/types";
import { keep, kept } from "../app/keep";
import classes from "./tickets.module.css";

type Path = "/tickets/$ticket" | "/queue/$ticket";

/** Where a merged ticket goes on. What was being written here is carried along. */
export function MergedNotice(props: {
  ticket: TicketDetail;
  path: Path;
  fields: string[]; // for answers, by the name of their drafts
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const { ticket: x, path } = props;
  const to = x.merged;
  return (
    <section className={classes.merged} aria-label={t("queue.merge.label")}>
      <p>
        <IconArrowMerge size={18} stroke={1.7} aria-hidden="true" />
        <span>
          {to ? (
            <Trans
              t={t}
              i18nKey="queue.merge.into"
              values={{ number: `#${to.number}` }}
              components={{ a: <Link to={path} params={{ ticket: to.id }} /> }}
            />
          ) : (
            t("queue.merge.elsewhere")
          )}
        </span>
      </p>
      {props.fields.map((d) => (
        <LeftOver key={d} ticket={x} path={path} draft={d} />
      ))}
      {props.children}
    </section>
  );
}

function LeftOver({ ticket: x, path, draft }: { ticket: TicketDetail; path: Path; draft: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const key = (id: string) => `draft.${draft}.${id}`;
  const filesKey = (id: string) => `files.${draft}.${id}`;
  const [text] = useState(() => kept<string>(key(x.id)));
  const [files] = useState(() => kept<Attachment[]>(filesKey(x.id)) ?? []);
  const to = x.merged;
  if (!text && files.length === 0) return null;
  return (
    <div className={classes.leftOver}>
      <p>{t("queue.merge.left_over")}</p>
      <blockquote className={classes.text}>
        {[text, ...files.map((f) => f.name)].filter(Boolean).join("\n")}
      </blockquote>
      {to && (
        <Button
          size="compact-md"
          onClick={() => {
            const there = kept<string>(key(to.id));
            keep(key(to.id), [there, text].filter(Boolean).join("\n\n"));
            keep(key(x.id), "");
            const more = kept<Attachment[]>(filesKey(to.id)) ?? [];
            keep(filesKey(to.id), [...more, ...files]);
            keep(filesKey(x.id), undefined);
            keep(`${key(x.id)}.synced`, "");
            void drafts.keep(x.id, draft === "note" ? "note" : "reply", "").catch(() => {});
            void navigate({ to: path, params: { ticket: to.id } });
          }}
        >
          {t("queue.merge.carry", { number: `#${to.number}` })}
        </Button>
      )}
    </div>
  );
}
