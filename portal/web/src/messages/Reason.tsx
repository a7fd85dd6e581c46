import { useTranslation } from "react-i18next";
import classes from "./messages.module.css";

/** Why a message did not go out: a sentence, and what the provider said of it. */
export function Reason(props: { reason?: string; detail?: string }) {
  const { t, i18n } = useTranslation();
  const key = `messages.reason.${props.reason}`;
  return (
    <>
      {props.reason &&
        (t as (k: string) => string)(i18n.exists(key) ? key : "messages.reason_unknown")}
      {props.detail && <code className={classes.detail}>{props.detail}</code>}
    </>
  );
}
