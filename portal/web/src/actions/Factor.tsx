import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { actions } from "../api/self-service";
import type { Action, ActionStep } from "../api/types";
import { useFormat } from "../app/format";
import { Refusal } from "../app/states";
import classes from "./action.module.css";
import { digits, may, needOf } from "./card";
import { OutboxHint } from "./OutboxHint";
import { PhoneForm } from "./PhoneForm";
import { useStep } from "./queries";
import { useNow } from "./useNow";

type Word = (step: ActionStep) => string;

/** The second factor of one action: the number the first time, then the code. By REST only. */
export function Factor({ action: a, word }: { action: Action; word: Word }) {
  const { t } = useTranslation();
  const totp = Boolean(a.factor?.totp);
  const [byApp, setByApp] = useState(totp);
  const need = needOf(a, byApp && totp);
  const send = useStep(a.id, (phone: string | undefined) => actions.sendCode(a.id, phone));
  const other = totp && may(a, "send_code");
  return (
    <div className={classes.factor}>
      {need === "phone" && (
        <PhoneForm
          hint={t("actions.phone.hint")}
          busy={send.isPending}
          error={send.error}
          onPhone={(phone) => send.mutate(phone)}
        />
      )}
      {need === "send" && (
        <div className={classes.send}>
          <p>{t("actions.code.will_send", { phone: a.factor?.phone_masked ?? "" })}</p>
          <Refusal error={send.error} />
          <div className={classes.buttons}>
            <Button
              size="sm"
              loading={send.isPending}
              data-step="send_code"
              onClick={() => send.mutate(undefined)}
            >
              {t("actions.step.send_code")}
            </Button>
          </div>
        </div>
      )}
      {need === "code" && (
        <>
          <Code action={a} byApp={byApp && totp} word={word} />
          {!(byApp && totp) && <Again action={a} send={send} />}
          {!(byApp && totp) && <OutboxHint />}
        </>
      )}
      {other && (
        <button type="button" className={classes.plain} onClick={() => setByApp(!byApp)}>
          {t(byApp ? "actions.code.by_sms" : "actions.code.by_app")}
        </button>
      )}
    </div>
  );
}

type Send = ReturnType<typeof useStep<string | undefined>>;

function Code({ action: a, byApp, word }: { action: Action; byApp: boolean; word: Word }) {
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
  const to = a.factor?.phone_masked;
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput
        label={
          byApp
            ? t("actions.code.label_app")
            : to
              ? t("actions.code.label_sms", { phone: to })
              : t("actions.code.label")
        }
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

/** Another code, once the last one has had its time. */
function Again({ action: a, send }: { action: Action; send: Send }) {
  const { t } = useTranslation();
  const format = useFormat();
  const at = a.factor?.resend_at ? Date.parse(a.factor.resend_at) : 0;
  const now = useNow(at > 0 ? 1000 : false);
  const left = Math.ceil((at - now) / 1000);
  if (!may(a, "send_code") && left <= 0) return null;
  return (
    <>
      <Refusal error={send.error} />
      {left > 0 ? (
        <p className={classes.hint}>
          {t("actions.code.resend_in", { when: format.inSeconds(left) })}
        </p>
      ) : (
        <button
          type="button"
          className={classes.plain}
          data-step="resend"
          disabled={send.isPending}
          onClick={() => send.mutate(undefined)}
        >
          {t("actions.code.resend")}
        </button>
      )}
    </>
  );
}
