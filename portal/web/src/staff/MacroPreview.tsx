import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { MacroChanges, Prepared } from "../api/macros";
import { formQuery } from "../tickets/fields";
import { useStatuses } from "../tickets/statuses";
import classes from "./staff.module.css";

export interface Chosen {
  name: string;
  prepared: Prepared;
}

/** What a reply takes along: the macro's changes, as the server takes them. */
export function withChanges({ prepared: p }: Chosen) {
  return {
    priority: p.changes.priority,
    assignee_id: p.assignee ? p.assignee.id : undefined,
    fields: p.changes.fields,
  };
}

/** What a macro changes besides, in words. */
export function useChangeWords() {
  const { t } = useTranslation();
  const { find } = useStatuses();
  const form = useQuery(formQuery).data ?? [];
  return (c: MacroChanges, assignee?: string) => {
    const parts: string[] = [];
    if (c.status) parts.push(`${t("tickets.status")}: ${find(c.status).name}`);
    if (c.priority) parts.push(`${t("staff.priority")}: ${t(`common.priority.${c.priority}`)}`);
    if (c.assignee)
      parts.push(
        `${t("staff.assignee")}: ${
          c.assignee === "nobody"
            ? t("tickets.unassigned")
            : (assignee ?? (c.assignee === "me" ? t("queue.macro.me") : "…"))
        }`,
      );
    for (const [id, raw] of Object.entries(c.fields ?? {})) {
      const f = form.find((x) => x.id === id || x.key === id);
      const value = raw as unknown;
      const chosen = [value].flat().map((v) => f?.options.find((o) => o.id === v)?.name ?? v);
      parts.push(`${f?.name ?? id}: ${value === null ? t("fields.nothing") : chosen.join(", ")}`);
    }
    return parts;
  };
}

/** What goes with the reply when it is sent; the status stands in its own field. */
export function MacroPreview({ chosen, onDrop }: { chosen: Chosen; onDrop: () => void }) {
  const { t } = useTranslation();
  const words = useChangeWords();
  const { status: _, ...besides } = chosen.prepared.changes;
  const parts = words(besides, chosen.prepared.assignee?.name || undefined);
  return (
    <p className={classes.macro} data-macro>
      <span>
        {t("queue.macro.chosen", { name: chosen.name })}
        {parts.length > 0 && ` ${t("queue.macro.changes", { what: parts.join(" · ") })}`}
      </span>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={t("queue.macro.drop")}
        onClick={onDrop}
      >
        <IconX size={15} aria-hidden="true" />
      </ActionIcon>
    </p>
  );
}
