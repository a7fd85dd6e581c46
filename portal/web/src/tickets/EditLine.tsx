import { IconPencil } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { TicketEdit } from "../api/tickets";
import { useFormat } from "../app/format";
import thread from "../chat/thread.module.css";
import { useStatuses } from "./statuses";

const merges = ["merged_into", "joined", "unmerged_from", "parted"] as const;
const texts = ["subject", "description", "fields", "assignee"] as const;

/** One quiet line for what somebody changed of the ticket. */
export function EditLine({ edit }: { edit: TicketEdit }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { find } = useStatuses();
  const c = edit.changed as Record<string, unknown>;
  const pair = (v: unknown) => (Array.isArray(v) ? v.map(String) : ["", ""]);
  const parts: string[] = [];
  for (const what of merges) {
    if (typeof c[what] === "number")
      parts.push(t(`queue.merge.edit.${what}`, { number: `#${c[what]}` }));
  }
  if (c.status && !c.merged_into && !c.unmerged_from) {
    const [from, to] = pair(c.status);
    parts.push(`${t("tickets.status")}: ${find(from ?? "").name} → ${find(to ?? "").name}`);
  }
  if (c.priority) {
    const [from, to] = pair(c.priority).map((p) => t(`common.priority.${p as "normal"}`));
    parts.push(`${t("staff.priority")}: ${from} → ${to}`);
  }
  for (const name of texts) if (c[name]) parts.push(t(`work.changed.${name}`));
  if (c.fix_asked === true) parts.push(t("work.fixed.asked"));
  if (parts.length === 0) return null;
  return (
    <p className={thread.line} data-kind="change">
      <IconPencil size={17} stroke={1.6} aria-hidden="true" />
      <span>
        {edit.by ? t("work.changed.by", { name: edit.by }) : t("work.changed.portal")}{" "}
        {parts.join(" · ")}
      </span>
      <time dateTime={edit.at} title={format.full(edit.at)}>
        {format.short(edit.at)}
      </time>
    </p>
  );
}
