import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { actions } from "../api/self-service";
import type { Action, ActionStep } from "../api/types";
import { useFormat } from "../app/format";
import { Refusal } from "../app/states";
import classes from "./action.module.css";
import { digits, may, type Need, needOf } from "./card";
import { OutboxHint } from "./OutboxHint";
import { PhoneForm } from "./PhoneForm";
import { useStep } from "./queries";
import { SendCode } from "./SendCode";

type Word = (step: ActionStep) => string;

/** The second factor of one action: the number the first time, then the code. By REST only. */
export function Factor({ action: a, word }: { action: Action; word: Word }) {
  const { t } = useTranslation();
  const totp = Boolean(a.factor?.totp);
  const [chosen, setChosen] = useState(true);
  const byApp = chosen && totp;
  const need = needOf(a, byApp);
  if (need && a.factor?.waits_until)
    return <Waits until={a.factor.waits_until} held={a.factor.held} />;
  return (
    <div className={classes.factor}>
      {need && a.factor?.held && <p className={classes.hint}>{t("account.factor.held")}</p>}
      {need === "app" && <NoFactor />}
      {need && need !== "app" && !byApp && <BySms action={a} need={need} word={word} />}
      {need === "code" && byApp && (
        <Code action={a} label={t("actions.code.label_app")} word={word} />
      )}
      {totp && a.factor?.sms && may(a, "send_code") && (
        <button type="button" className={classes.plain} onClick={() => setChosen(!byApp)}>
          {t(byApp ? "actions.code.by_sms" : "actions.code.by_app")}
        </button>
      )}
    </div>
  );
}

/** What was set up does not count yet: why, until when, and who can change that. */
function Waits({ until, held }: { until: string; held?: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes.factor} data-waits>
      {held && <p className={classes.hint}>{t("account.factor.held")}</p>}
      <p className={classes.hint}>{t("actions.code.waits", { when: format.moment(until) })}</p>
    </div>
  );
}

/** A number that is not proved yet is on no file: a second code needs it once more. */
function BySms({ action: a, need, word }: { action: Action; need: Need; word: Word }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const [changing, setChanging] = useState(false);
  const send = useStep(a.id, (phone: string | undefined) => actions.sendCode(a.id, phone));
  const onFile = Boolean(a.factor?.phone_verified);
  const from = a.factor?.resend_at;
  function sendTo(phone: string) {
    setTyped(phone);
    send.mutate(phone, { onSuccess: () => setChanging(false) });
  }
  if (need === "phone" || (changing && !onFile)) {
    return (
      <PhoneForm
        hint={t("actions.phone.hint")}
        busy={send.isPending}
        error={send.error}
        from={from}
        onPhone={sendTo}
        onCancel={need === "phone" ? undefined : () => setChanging(false)}
      />
    );
  }
  const to = a.factor?.phone_masked ?? typed;
  if (need === "send") {
    return (
      <div className={classes.send}>
        <p>{t("actions.code.will_send", { phone: to ?? "" })}</p>
        <Refusal error={send.error} />
        <div className={classes.buttons}>
          <SendCode
            label={t("actions.step.send_code")}
            busy={send.isPending}
            from={from}
            step="send_code"
            onSend={() => send.mutate(undefined)}
          />
        </div>
      </div>
    );
  }
  return (
    <>
      <NotSent action={a} />
      <Code
        action={a}
        label={to ? t("actions.code.label_sms", { phone: to }) : t("actions.code.label")}
        word={word}
      />
      <Refusal error={send.error} />
      <div className={classes.others}>
        <SendCode
          quiet
          label={t("actions.code.resend")}
          busy={send.isPending}
          from={from}
          step="resend"
          onSend={() => (onFile || typed ? send.mutate(typed) : setChanging(true))}
        />
        {!onFile && (
          <button type="button" className={classes.plain} onClick={() => setChanging(true)}>
            {t("actions.phone.other")}
          </button>
        )}
      </div>
      <OutboxHint />
    </>
  );
}

/** No text messages here, and no app yet: where to set one up. */
function NoFactor() {
  const { t } = useTranslation();
  return (
    <p className={classes.hint}>
      {t("actions.code.no_sms")} <Link to="/account">{t("actions.code.no_sms_link")}</Link>
    </p>
  );
}

/** The message with the code went wrong on its way. */
function NotSent({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const { sms_state: state, sms_reason: reason } = a.factor ?? {};
  if (state !== "failed" && state !== "undelivered") return null;
  const number = state === "undelivered" || reason === "refused_number";
  return (
    <p className={classes.notSent} role="alert" data-not-sent={number ? "number" : "provider"}>
      {t(number ? "actions.code.failed_number" : "actions.code.failed_provider")}
    </p>
  );
}

function Code({ action: a, label, word }: { action: Action; label: string; word: Word }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const verify = useStep(a.id, (c: string) => actions.verify(a.id, c));
  const short = code.length < 6;
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (short || verify.isPending) return;
    verify.mutate(code, {
      onSuccess: () => notifications.show({ message: t("actions.code.accepted") }),
      onSettled: () => {
        setCode("");
        setTried(false);
      },
    });
  }
  const left = a.factor?.attempts_left;
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput
        label={label}
        description={t("actions.code.hint")}
        name="code"
        autoComplete="one-time-code"
        inputMode="numeric"
        classNames={{ input: classes.code }}
        value={code}
        error={tried && short && t("actions.code.missing")}
        onChange={(e) => setCode(digits(e.currentTarget.value))}
      />
      <Refusal error={verify.error} />
      {verify.isError && left !== undefined && left > 0 && (
        <p className={classes.hint}>{t("actions.code.attempts", { count: left })}</p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" size="sm" loading={verify.isPending} data-step="verify">
          {word("verify")}
        </Button>
      </div>
    </form>
  );
}
