import { IconAlertCircle, IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Step } from "./thread";
import classes from "./thread.module.css";

const known = [
  "search_knowledge",
  "list_my_tickets",
  "get_ticket",
  "create_ticket",
  "add_to_ticket",
  "ask_if_fixed",
  "talk_to_a_person",
  "list_my_devices",
  "propose_device_action",
  "list_software",
  "propose_install",
  "request_software",
  "action_status",
] as const;
type Known = (typeof known)[number];
const nameOf = (step: Step): Known | "other" => known.find((k) => k === step.name) ?? "other";

/** What the assistant does and did, each step as it truly stands. */
export function Steps({ steps, now }: { steps: Step[]; now?: "waiting" | "writing" }) {
  const { t } = useTranslation();
  const running = steps.some((s) => !s.done);
  if (steps.length === 0 && !now) return null;
  return (
    <ul className={classes.steps}>
      {steps.map((s) => (
        <li key={s.call} data-running={!s.done || undefined}>
          {!s.done ? (
            <span className={classes.pulse} aria-hidden="true" />
          ) : s.result && !s.ok ? (
            <IconAlertCircle size={16} aria-hidden="true" />
          ) : (
            <IconCheck size={16} aria-hidden="true" />
          )}
          <StepText step={s} />
        </li>
      ))}
      {now && !running && (
        <li data-running>
          <span className={classes.pulse} aria-hidden="true" />
          {t(`chat.step.${now}`)}
        </li>
      )}
    </ul>
  );
}

export function StepText({ step }: { step: Step }) {
  const { t } = useTranslation();
  const name = nameOf(step);
  if (!step.done) return <>{t(`chat.step.${name}`)}</>;
  if (step.result && !step.ok) return <>{t("chat.step_done.failed")}</>;
  if (name === "search_knowledge") {
    return (
      <>
        {step.found === 0
          ? t("chat.step_done.search_knowledge_none")
          : t("chat.step_done.search_knowledge", { count: step.found })}
      </>
    );
  }
  return <>{t(`chat.step_done.${name}`)}</>;
}
