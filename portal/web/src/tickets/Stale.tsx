import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Problem } from "../api/problem";
import { Refusal } from "../app/states";
import classes from "./tickets.module.css";

export const isStale = (err: unknown) => err instanceof Problem && err.code === "conflict";

const words = (v: unknown) => (Array.isArray(v) ? v.filter((x) => typeof x === "string") : []);

interface Props {
  error: unknown;
  busy: boolean;
  onRepeat: () => void; // on what stands there now
  onLeave?: () => void;
}

/**
 * A refusal; where somebody else was faster, who changed what, and a button that makes the same
 * change again on what stands there now. Nothing that was typed is lost.
 */
export function Stale({ error, busy, onRepeat, onLeave }: Props) {
  const { t } = useTranslation();
  if (!isStale(error)) return <Refusal error={error} />;
  const { params } = error as Problem;
  const names = words(params.by).join(", ");
  const labels: Record<string, string> = {
    status: t("tickets.status"),
    priority: t("staff.priority"),
    assignee: t("staff.assignee"),
    subject: t("tickets.form.subject"),
    description: t("fields.description"),
    fields: t("queue.stale.fields"),
  };
  const what = words(params.changed)
    .map((c) => labels[c])
    .filter(Boolean)
    .join(", ");
  return (
    <div className={classes.stale} role="alert">
      <p>
        {names ? t("queue.stale.by", { names }) : t("queue.stale.somebody")}{" "}
        {what && t("queue.stale.what", { what })} {t("queue.stale.kept")}
      </p>
      <div>
        <Button size="compact-md" loading={busy} onClick={onRepeat}>
          {t("queue.stale.repeat")}
        </Button>
        {onLeave && (
          <Button size="compact-md" variant="subtle" color="gray" disabled={busy} onClick={onLeave}>
            {t("queue.stale.leave")}
          </Button>
        )}
      </div>
    </div>
  );
}
