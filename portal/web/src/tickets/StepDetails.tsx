import { IconAlertTriangle, IconCheck, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Citation } from "../api/types";
import { openHere, passageHref } from "../chat/CitationLink";
import { StepText } from "../chat/Steps";
import type { Step } from "../chat/thread";
import thread from "../chat/thread.module.css";
import { readable } from "./readable";
import classes from "./tickets.module.css";

interface Props {
  step: Step;
  staff: boolean; // staff also see what went in and what came out
  onOpen: (c: Citation) => void;
}

/** One step of the assistant in the record. */
export function StepDetails({ step, staff, onOpen }: Props) {
  const { t } = useTranslation();
  const ok = step.result ? step.ok : true;
  const icon = ok ? (
    <IconCheck size={16} aria-hidden="true" />
  ) : (
    <IconAlertTriangle size={16} aria-hidden="true" />
  );
  if (!staff) {
    return (
      <ul className={thread.steps}>
        <li>
          {icon}
          <StepText step={step} />
        </li>
      </ul>
    );
  }
  const asked = step.event.body;
  const got = step.result?.body;
  const found = got?.citations ?? [];
  return (
    <details className={classes.step} data-tool={step.name}>
      <summary>
        <IconChevronRight className={classes.chevron} size={16} aria-hidden="true" />
        {icon}
        <StepText step={step} />
      </summary>
      <div className={classes.stepBody}>
        <div>
          <p>{t("tickets.step.asked", { tool: step.name })}</p>
          <pre tabIndex={0}>{asked ? readable(asked.arguments) : t("chat.erased")}</pre>
        </div>
        <div>
          <p>{t("tickets.step.got")}</p>
          {found.length > 0 ? (
            <Found passages={found} onOpen={onOpen} />
          ) : (
            <pre tabIndex={0}>{got ? readable(got.content) : t("tickets.step.nothing")}</pre>
          )}
        </div>
      </div>
    </details>
  );
}

function Found({ passages, onOpen }: { passages: Citation[]; onOpen: (c: Citation) => void }) {
  return (
    <ul className={classes.found}>
      {passages.map((c) => (
        <li key={c.n} lang={c.lang}>
          <a href={passageHref(c)} onClick={(e) => openHere(e, () => onOpen(c), true)}>
            {c.title}
            {c.heading && c.heading !== c.title && ` › ${c.heading}`}
          </a>
          <span>{c.quote}</span>
        </li>
      ))}
    </ul>
  );
}
