import { Button, CopyButton, Skeleton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { factors as api } from "../api/self-service";
import type { Factors } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { CodeForm } from "./CodeForm";
import { useFactorChange } from "./queries";
import classes from "./settings.module.css";

const Qr = lazy(() => import("./Qr"));

/** Codes from an app instead of text messages. The picture is drawn here, by nobody else. */
export function Authenticator(props: { factors: Factors; heading?: "h2" | "h3" }) {
  const { factors, heading: Heading = "h3" } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const [removing, setRemoving] = useState(false);
  const start = useFactorChange(
    () => api.startTotp(),
    () => {},
  );
  const verify = useFactorChange(api.verifyTotp, () => {
    start.reset();
    notifications.show({ message: t("account.totp.added_note") });
  });
  const remove = useFactorChange(api.deleteTotp, () => {
    setRemoving(false);
    notifications.show({ message: t("account.totp.removed_note") });
  });
  const on = factors.totp.enabled;
  return (
    <article className={page.card} data-factor="totp">
      <Heading className={page.cardTitle}>{t("account.totp.title")}</Heading>
      <p className={page.hint}>
        {on ? (
          <span className={classes.current}>{t("account.totp.on")}</span>
        ) : (
          t("account.totp.off")
        )}
      </p>
      {factors.totp.waits_until && (
        <p className={classes.waits}>
          {t(factors.held ? "account.factor.held_from" : "account.factor.counts_from", {
            when: format.moment(factors.totp.waits_until),
          })}
        </p>
      )}
      {!on && !start.data && (
        <div className={classes.inline}>
          <Button
            variant="default"
            size="sm"
            loading={start.isPending}
            onClick={() => start.mutate(undefined)}
          >
            {t("account.totp.add")}
          </Button>
        </div>
      )}
      <Refusal error={start.error} />
      {!on && start.data && (
        <div className={classes.code}>
          <p className={page.hint}>{t("account.totp.scan")}</p>
          <Suspense fallback={<Skeleton width={200} height={200} />}>
            <Qr text={start.data.uri} label={t("account.totp.qr")} />
          </Suspense>
          <p className={page.hint}>{t("account.totp.by_hand")}</p>
          <Secret text={start.data.secret} />
          <CodeForm
            label={t("actions.code.label_app")}
            button={t("account.totp.verify")}
            busy={verify.isPending}
            error={verify.error}
            oldLabel={start.data.old_code ? t("account.factor.old_code") : undefined}
            onCode={(code, old_code) => verify.mutate({ code, old_code })}
            onCancel={() => start.reset()}
          />
        </div>
      )}
      {on && !removing && (
        <div className={classes.inline}>
          <Button variant="subtle" color="red" size="sm" onClick={() => setRemoving(true)}>
            {t("account.totp.remove")}
          </Button>
        </div>
      )}
      {on && removing && (
        <CodeForm
          label={t("actions.code.label_app")}
          button={t("account.totp.remove")}
          danger
          busy={remove.isPending}
          error={remove.error}
          onCode={(code) => remove.mutate(code)}
          onCancel={() => setRemoving(false)}
        />
      )}
    </article>
  );
}

function Secret({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <div className={classes.inline}>
      <code className={classes.secret} data-secret>
        {text.replace(/(.{4})(?=.)/g, "$1 ")}
      </code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button variant="subtle" size="compact-sm" onClick={copy}>
            {t(copied ? "chat.answer.copied" : "account.totp.copy")}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
