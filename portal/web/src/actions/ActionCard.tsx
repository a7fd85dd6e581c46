import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { actions, type MoveStep } from "../api/self-service";
import type { Action, ActionStep } from "../api/types";
import { useFormat } from "../app/format";
import { gently } from "../app/motion";
import { isStaff, useMe } from "../app/session";
import { Refusal } from "../app/states";
import { systemNames } from "../app/systems";
import classes from "./action.module.css";
import { isOver, may, needOf, toneOf } from "./card";
import { Factor } from "./Factor";
import { OperationIcon } from "./icons";
import { actionQuery, useStep } from "./queries";
import { Deadline, State } from "./State";

interface Props {
  id: string;
  /** Grows with each event of the log about this action: then the ledger is read again. */
  version?: number;
  /** Where a new action, made by Retry, is shown by the page itself. */
  onNew?: (a: Action) => void;
  /** Comes into view when it waits for the reader. */
  calls?: boolean;
}

/** One action as the ledger has it. The same card in chat, self-service and ticket. */
export function ActionCard({ id, version, onNew, calls }: Props) {
  const { t } = useTranslation();
  const query = useQuery(actionQuery(id));
  const { refetch } = query;
  const seen = useRef(version);
  useEffect(() => {
    if (seen.current === version) return;
    seen.current = version;
    void refetch();
  }, [version, refetch]);
  if (query.data) return <Card action={query.data} onNew={onNew} calls={calls} />;
  if (query.isError) {
    return (
      <div className={classes.card} data-tone="off">
        <Refusal error={query.error} />
        <div className={classes.buttons}>
          <Button variant="default" size="sm" onClick={() => void refetch()}>
            {t("common.state.retry")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className={classes.card} aria-hidden="true">
      <Skeleton height={20} width="50%" mb={12} />
      <Skeleton height={14} width="85%" mb={8} />
      <Skeleton height={14} width="35%" />
    </div>
  );
}

function Card({ action: a, onNew, calls }: { action: Action } & Pick<Props, "onNew" | "calls">) {
  const { t } = useTranslation();
  const own = useMe().id === a.requester.id;
  const box = useRef<HTMLElement>(null);
  const focus = useFocusKept(box, a);
  const asks = Boolean(calls) && own && a.state === "proposed";
  useEffect(() => {
    if (asks) box.current?.scrollIntoView({ block: "nearest", behavior: gently() });
  }, [asks]);
  return (
    <article
      ref={box}
      className={classes.card}
      data-tone={toneOf(a)}
      data-action={a.id}
      data-state={a.state}
      aria-label={t("actions.card", { title: a.text.title })}
      {...focus}
    >
      <header className={classes.head}>
        <span className={classes.icon}>
          <OperationIcon operation={a.operation} />
        </span>
        <div>
          <p className={classes.title}>{a.text.title}</p>
          <On action={a} own={own} />
        </div>
      </header>
      {!isOver(a) && <p className={classes.effect}>{a.text.effect}</p>}
      <State action={a} />
      {own && <Steps action={a} onNew={onNew} />}
      {!own && may(a, "cancel") && <Steps action={{ ...a, next: ["cancel"] }} />}
      <Below action={a} />
    </article>
  );
}

/** On which device, as which account, and whether it can be reached. */
function On({ action: a, own }: { action: Action; own: boolean }) {
  const { t } = useTranslation();
  return (
    <p className={classes.on}>
      {!a.text.title.includes(a.device.name) && <span>{a.device.name}</span>}
      <span>{systemNames[a.device.system]}</span>
      {a.account && <span>{t("actions.account", { name: a.account })}</span>}
      {!own && <span>{a.requester.name}</span>}
      {!isOver(a) && (
        <span className={classes.line} data-online={a.device.online}>
          {t(a.device.online ? "actions.online" : "actions.offline")}
        </span>
      )}
    </p>
  );
}

function Steps({ action: a, onNew }: { action: Action; onNew?: Props["onNew"] }) {
  const { t } = useTranslation();
  const move = useStep(a.id, (step: MoveStep) => actions.move(a.id, step));
  const word = (step: ActionStep) => a.text.buttons?.[step] || t(`actions.step.${step}`);
  const button = (step: MoveStep, filled = false) => {
    if (!may(a, step)) return null;
    const again = step === "retry" || step === "password";
    return (
      <Button
        key={step}
        size="sm"
        variant={filled ? "filled" : again ? "default" : "subtle"}
        color={filled || again ? undefined : "gray"}
        loading={move.isPending && move.variables === step}
        disabled={move.isPending}
        data-step={step}
        onClick={() => move.mutate(step, { onSuccess: (b) => b.id !== a.id && onNew?.(b) })}
      >
        {word(step)}
      </Button>
    );
  };
  return (
    <>
      {(a.state === "confirmed" || needOf(a, true)) && <Factor action={a} word={word} />}
      <Refusal error={move.error} />
      <div className={classes.buttons}>
        {button("confirm", true)}
        {button("decline")}
        {button("retry")}
        {button("password")}
        {button("cancel")}
      </div>
      {!isOver(a) && <Deadline action={a} />}
    </>
  );
}

/** Its way so far, and the ticket that keeps it. */
function Below({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const history = a.history ?? [];
  const seen = me.policies.ticketing || isStaff(me);
  return (
    <footer className={classes.below}>
      {history.length > 1 && (
        <details className={classes.history}>
          <summary>{t("actions.history")}</summary>
          <ol>
            {history.map((h, i) => (
              <li key={i}>
                <time dateTime={h.at} title={format.full(h.at)}>
                  {format.short(h.at)}
                </time>
                <span>{h.text}</span>
              </li>
            ))}
          </ol>
        </details>
      )}
      {isStaff(me) && (
        <Link to="/manage/actions/$action" params={{ action: a.id }}>
          {t("actions.details")}
        </Link>
      )}
      {a.ticket && seen && (
        <Link
          to={isStaff(me) ? "/queue/$ticket" : "/tickets/$ticket"}
          params={{ ticket: a.ticket.id }}
        >
          {t("actions.ticket", { number: `#${a.ticket.number}` })}
        </Link>
      )}
    </footer>
  );
}

// A press takes its own button away. Then the focus goes on to what comes
// next in the same card, and is never dropped at the top of the page.
function useFocusKept(box: React.RefObject<HTMLElement | null>, a: Action) {
  const here = useRef(false);
  const stage = `${a.state} ${needOf(a, false)}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at when the stage changes
  useEffect(() => {
    const lost = !document.activeElement || document.activeElement === document.body;
    if (here.current && lost) {
      const find = (what: string) => box.current?.querySelector<HTMLElement>(what);
      (find("input, [data-step=send_code]") ?? find("[data-focus]"))?.focus();
    }
  }, [stage]);
  return {
    onFocus: () => {
      here.current = true;
    },
    onBlur: (e: React.FocusEvent<HTMLElement>) => {
      const gone = !e.target.isConnected || e.target.matches(":disabled");
      if (!gone && !box.current?.contains(e.relatedTarget)) here.current = false;
    },
  };
}
