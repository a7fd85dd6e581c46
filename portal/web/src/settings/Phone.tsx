import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { OutboxHint } from "../actions/OutboxHint";
import { PhoneForm } from "../actions/PhoneForm";
import { SendCode } from "../actions/SendCode";
import { factors as api } from "../api/self-service";
import type { Factors } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { CodeForm } from "./CodeForm";
import { useFactorChange } from "./queries";
import classes from "./settings.module.css";

type Doing = "nothing" | "adding" | "code" | "removing";

/** The number that codes go to: added, proved, taken away. */
export function Phone({ factors }: { factors: Factors }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [doing, setDoing] = useState<Doing>("nothing");
  const [number, setNumber] = useState("");
  const phone = factors.phone ?? undefined;
  const send = useFactorChange(api.sendPhoneCode, () => setDoing("code"));
  const verify = useFactorChange(api.verifyPhone, () => {
    setDoing("nothing");
    notifications.show({ message: t("account.phone.verified_note") });
  });
  return (
    <article className={page.card} data-factor="phone">
      <h3 className={page.cardTitle}>{t("account.phone.title")}</h3>
      <p className={page.hint}>
        {phone ? (
          <>
            {phone.number_masked} ·{" "}
            <span className={phone.verified ? classes.current : undefined}>
              {t(phone.verified ? "account.phone.verified" : "account.phone.unverified")}
            </span>
          </>
        ) : (
          t("account.phone.none")
        )}
      </p>
      {phone?.waits_until && (
        <p className={classes.waits}>
          {t(factors.held ? "account.factor.held_from" : "account.factor.counts_from", {
            when: format.moment(phone.waits_until),
          })}
        </p>
      )}
      {phone?.delete_after && (
        <p className={classes.waits}>
          {t("account.phone.deleted_at", { when: format.moment(phone.delete_after) })}
        </p>
      )}
      {doing === "nothing" && (
        <div className={classes.inline}>
          <Button variant="default" size="sm" onClick={() => setDoing("adding")}>
            {t(phone?.verified ? "account.phone.change" : "account.phone.add")}
          </Button>
          {phone && (
            <Button variant="subtle" color="red" size="sm" onClick={() => setDoing("removing")}>
              {t("account.phone.remove")}
            </Button>
          )}
        </div>
      )}
      {doing === "adding" && (
        <PhoneForm
          hint={t("account.phone.hint")}
          busy={send.isPending}
          error={send.error}
          from={factors.resend_at}
          onPhone={(to) => {
            setNumber(to);
            send.mutate(to);
          }}
          onCancel={() => setDoing("nothing")}
        />
      )}
      {doing === "code" && (
        <>
          <CodeForm
            label={t("actions.code.label_sms", { phone: number })}
            button={t("account.phone.verify")}
            busy={verify.isPending}
            error={verify.error}
            oldLabel={
              factors.totp.enabled || phone?.verified ? t("account.factor.old_code") : undefined
            }
            onCode={(code, old_code) => verify.mutate({ code, old_code })}
            onCancel={() => setDoing("nothing")}
          />
          <Refusal error={send.error} />
          <SendCode
            quiet
            label={t("actions.code.resend")}
            busy={send.isPending}
            from={factors.resend_at}
            step="resend"
            onSend={() => send.mutate(number)}
          />
          <OutboxHint />
        </>
      )}
      {doing === "removing" && <Remove factors={factors} onDone={() => setDoing("nothing")} />}
    </article>
  );
}

// With a code of the old factor at once; without, in 24 hours, so that a thief
// of the session cannot take the number away unseen.
function Remove({ factors, onDone }: { factors: Factors; onDone: () => void }) {
  const { t } = useTranslation();
  const [coded, setCoded] = useState(false);
  const proven = Boolean(factors.phone?.verified);
  const remove = useFactorChange(
    (code: string | undefined) => api.deletePhone(code),
    (now) => {
      if (now.phone && (now.sent?.old_code || factors.totp.enabled)) return setCoded(true);
      onDone();
      notifications.show({ message: t("account.phone.remove_noted") });
    },
  );
  return (
    <div className={classes.code}>
      {coded ? (
        <>
          <CodeForm
            label={t(factors.totp.enabled ? "account.factor.any_code" : "actions.code.label")}
            button={t("account.phone.remove_now")}
            danger
            busy={remove.isPending}
            error={remove.error}
            onCode={(code) => remove.mutate(code)}
            onCancel={onDone}
          />
          <OutboxHint />
        </>
      ) : (
        <>
          <p className={page.hint}>
            {t(proven ? "account.phone.remove_text" : "account.phone.remove_plain")}
          </p>
          <Refusal error={remove.error} />
          <div className={classes.inline}>
            <Button
              color="red"
              size="sm"
              loading={remove.isPending}
              onClick={() => remove.mutate(undefined)}
            >
              {t("account.phone.remove")}
            </Button>
            <Button variant="subtle" color="gray" size="sm" onClick={onDone}>
              {t("common.action.cancel")}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}
