import { CloseButton } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useErrorText } from "../app/errors";
import classes from "./page.module.css";
import type { ChatState } from "./store";

/** Above the field: a line that is down, and refusals that belong to no message. */
export function Notices({ state, onDismiss }: { state?: ChatState; onDismiss: () => void }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const lost = useSettled(state?.phase === "ready" && state.status === "lost");
  return (
    <>
      <div role="status">
        {lost && <p className={classes.notice}>{t("chat.connection.lost")}</p>}
      </div>
      <div role="alert">
        {state?.notice && (
          <div className={classes.notice} data-tone="danger">
            <span>{say(state.notice)}</span>
            <CloseButton size="sm" aria-label={t("common.action.dismiss")} onClick={onDismiss} />
          </div>
        )}
      </div>
    </>
  );
}

// A line that comes back within the second is not worth a word.
function useSettled(on: boolean): boolean {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    if (!on) {
      setSettled(false);
      return;
    }
    const timer = window.setTimeout(() => setSettled(true), 1200);
    return () => window.clearTimeout(timer);
  }, [on]);
  return settled;
}
