import { useTranslation } from "react-i18next";
import type { TicketStatus } from "../api/types";
import classes from "./status.module.css";

/** A status in words with a dot; the colour only repeats what the word says. */
export function StatusMark({ status, staff }: { status: TicketStatus; staff?: boolean }) {
  const { t } = useTranslation();
  const key = status === "pending" && staff ? "pending_staff" : status;
  return (
    <span className={classes.status} data-status={status}>
      {t(`common.status.${key}`)}
    </span>
  );
}
