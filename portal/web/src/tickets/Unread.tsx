import { useTranslation } from "react-i18next";
import classes from "./status.module.css";

/** A dot, and the word for those who do not see it: something here is new for the reader. */
export function Unread() {
  const { t } = useTranslation();
  return (
    <span className={classes.unread}>
      <span className="sr-only">{t("queue.unread")} </span>
    </span>
  );
}
