import classes from "./initials.module.css";

/** Two letters for a person; the name stands beside it or in a label. */
export function Initials({ name, staff }: { name: string; staff?: boolean }) {
  const words = name.trim().split(/\s+/);
  const letters = (words[0]?.[0] ?? "") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "");
  return (
    <span className={classes.initials} data-staff={staff || undefined} aria-hidden="true">
      {letters.toLocaleUpperCase()}
    </span>
  );
}
