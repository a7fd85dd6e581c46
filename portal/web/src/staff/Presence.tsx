import { IconEye, IconPencil } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Present } from "../api/queue";
import classes from "./staff.module.css";

/** Who else has this ticket in front of them, and who writes. */
export function Presence({ others }: { others: Present[] }) {
  const { t } = useTranslation();
  return (
    <div className={classes.presence} role="status">
      {others.map((o) => (
        <p key={o.id} data-presence={o.state}>
          {o.state === "looking" ? (
            <IconEye size={16} stroke={1.6} aria-hidden="true" />
          ) : (
            <IconPencil size={16} stroke={1.6} aria-hidden="true" />
          )}
          {t(`queue.presence.${o.state}`, { name: o.name })}
        </p>
      ))}
    </div>
  );
}
