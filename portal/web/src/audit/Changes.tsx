import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type QueryKey, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { audit, type LogEntry } from "../api/audit";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import classes from "./audit.module.css";
import { useEntryTitle } from "./words";

interface Props {
  group: "policy" | "status" | "field" | "template";
  invalidates: QueryKey[]; // what shows the settings that an undo changes
}

/** The last changes of a page of settings, each to be taken back. */
export function Changes(props: Props) {
  const { t } = useTranslation();
  const admin = useMe().role === "admin";
  const list = useQuery({
    queryKey: ["audit", "changes", props.group],
    queryFn: () => audit.list({ group: props.group }, undefined, 5),
    enabled: admin,
  });
  if (!list.data || list.data.items.length === 0) return null;
  return (
    <section className={page.section} aria-labelledby="changes" data-changes>
      <h2 id="changes" className={page.sectionTitle}>
        {t("audit.changes.title")}
      </h2>
      <ul className={page.rows}>
        {list.data.items.map((e) => (
          <li key={e.id} className={classes.entry}>
            <Change entry={e} />
            {e.undo && <Undo entry={e} invalidates={props.invalidates} />}
          </li>
        ))}
      </ul>
      <p className={page.hint} style={{ marginTop: "0.7rem" }}>
        <Link to="/admin/audit" search={{ group: props.group }}>
          {t("audit.changes.all")}
        </Link>
      </p>
    </section>
  );
}

function Change({ entry: e }: { entry: LogEntry }) {
  const { t } = useTranslation();
  const format = useFormat();
  const title = useEntryTitle();
  return (
    <span className={classes.what}>
      <span>{title(e)}</span>
      <span className={page.rowMeta}>
        {e.actor?.name || t("audit.system")} · {format.full(e.at)}
      </span>
    </span>
  );
}

/** Takes a change back; what has changed since stays, and says so. */
export function Undo({ entry: e, invalidates }: { entry: LogEntry; invalidates: QueryKey[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const title = useEntryTitle();
  const undo = useMutation({
    mutationFn: () => audit.undo(e.id),
    onSuccess: () => notifications.show({ message: t("audit.undone") }),
    onError: (err) => notifications.show({ color: "red", message: say(err) }),
    onSettled: () => {
      for (const queryKey of [["audit"], ["session"], ...invalidates])
        void client.invalidateQueries({ queryKey });
    },
  });
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={undo.isPending}
      aria-label={t("audit.undo_of", { what: title(e) })}
      onClick={() => undo.mutate()}
    >
      {t("common.action.undo")}
    </Button>
  );
}
