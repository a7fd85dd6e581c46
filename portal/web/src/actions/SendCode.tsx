import { Button } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { serverNow } from "../app/clock";
import { useFormat } from "../app/format";
import classes from "./action.module.css";
import { useNow } from "./useNow";

interface Props {
  label: string;
  busy: boolean;
  /** No code is sent before; the button says how long that still is. */
  from?: string;
  /** Left out in a form, whose submit it then is. */
  onSend?: () => void;
  /** A line among others, not the step that is next. */
  quiet?: boolean;
  step: "send_code" | "resend";
}

/**
 * Asks for a code. While none can be sent it counts down for the eyes only: it keeps its name and
 * the focus, and tells whoever comes to it the time once.
 */
export function SendCode({ label, busy, from, onSend, quiet, step }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const note = useId();
  const left = useLeft(from);
  const waits = left > 0;
  const common = {
    type: onSend ? ("button" as const) : ("submit" as const),
    "data-step": step,
    "aria-disabled": waits || undefined,
    "aria-describedby": waits ? note : undefined,
    onClick: (e: React.MouseEvent) => {
      if (waits || busy) e.preventDefault();
      else onSend?.();
    },
  };
  const text = (
    <>
      {label}
      {waits && (
        <span className={classes.left} aria-hidden="true">
          {format.countdown(left)}
        </span>
      )}
    </>
  );
  return (
    <>
      {quiet ? (
        <button className={classes.plain} disabled={busy && !waits} {...common}>
          {text}
        </button>
      ) : (
        <Button
          className={classes.waits}
          size="sm"
          loading={busy}
          data-disabled={waits || undefined}
          {...common}
        >
          {text}
        </Button>
      )}
      {waits && (
        <span id={note} className="sr-only">
          {t("actions.code.from", { time: format.clock(from ?? "") })}
        </span>
      )}
    </>
  );
}

/** Whole seconds until a moment; 0 once it is there. */
function useLeft(at: string | undefined): number {
  const end = at ? Date.parse(at) : 0;
  const now = useNow(end > serverNow() ? 1000 : false);
  return Math.max(0, Math.ceil((end - now) / 1000));
}
