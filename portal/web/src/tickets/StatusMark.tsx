import classes from "./status.module.css";
import { useStatuses } from "./statuses";

/** A status in words with a dot; the colour only repeats what the word says. */
export function StatusMark({ status }: { status: string }) {
  const { kind, name, color } = useStatuses().find(status);
  return (
    <span className={classes.status} data-status={status} data-kind={kind} data-color={color}>
      {name}
    </span>
  );
}
