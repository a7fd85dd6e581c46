import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleOff,
  IconClock,
  IconHandFinger,
  IconHelpCircle,
  IconShieldCheck,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Action } from "../api/types";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import classes from "./action.module.css";
import { toneOf } from "./card";
import { useNow } from "./useNow";

/** Where it stands, why it ended, and whether the device itself shows the effect: with a shield, and in the state's own words. */
export function State({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const format = useFormat();
  const why = a.text.detail || reason(a, say);
  return (
    <div className={classes.state} data-outcome={a.outcome} data-focus tabIndex={-1}>
      <Mark action={a} />
      <div>
        <p role="status" className={classes.stateText}>
          {a.text.state}
        </p>
        {why && why !== a.text.state && <p className={classes.why}>{why}</p>}
        {a.postponed_until && (
          <p className={classes.why}>
            {t("actions.postponed", { time: format.moment(a.postponed_until) })}
          </p>
        )}
        {a.state === "succeeded" && a.outcome === "assumed" && (
          <p className={classes.why}>{t("actions.assumed")}</p>
        )}
      </div>
    </div>
  );
}

// The rule that refused, or what went wrong, when the ledger gives only its code.
function reason(a: Action, say: ReturnType<typeof useErrorText>): string | undefined {
  if (a.rule) return say({ code: "policy", params: { rule: a.rule } });
  return undefined;
}

function Mark({ action: a }: { action: Action }) {
  if (a.outcome === "device_verified") {
    return <IconShieldCheck size={20} stroke={1.7} aria-hidden="true" />;
  }
  switch (toneOf(a)) {
    case "busy":
      return <span className={classes.pulse} aria-hidden="true" />;
    case "wait":
      return <IconClock size={20} stroke={1.7} aria-hidden="true" />;
    case "good":
      return <IconCircleCheck size={20} stroke={1.7} aria-hidden="true" />;
    case "bad":
      return <IconAlertTriangle size={20} stroke={1.7} aria-hidden="true" />;
    case "warn":
      return <IconHelpCircle size={20} stroke={1.7} aria-hidden="true" />;
    case "ask":
      return <IconHandFinger size={20} stroke={1.7} aria-hidden="true" />;
    default:
      return <IconCircleOff size={20} stroke={1.7} aria-hidden="true" />;
  }
}

/** Until when, and how long that still is. What is late never happens. */
export function Deadline({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const format = useFormat();
  const end = a.deadline ? Date.parse(a.deadline) : undefined;
  const now = useNow(end ? 1000 : false);
  if (!a.deadline || !end || toneOf(a) === "busy" || a.state === "unknown") return null;
  const left = (end - now) / 1000;
  if (left <= 0) return null;
  const values = { time: format.moment(a.deadline), when: format.left(left) };
  return (
    <p className={classes.deadline}>
      {toneOf(a) === "ask" ? t("actions.deadline.ask", values) : t("actions.deadline.wait", values)}
    </p>
  );
}
