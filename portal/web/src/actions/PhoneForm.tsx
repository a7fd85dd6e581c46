import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Refusal } from "../app/states";
import classes from "./action.module.css";
import { SendCode } from "./SendCode";

interface Props {
  hint: string;
  busy: boolean;
  error: unknown;
  /** No code is sent before. */
  from?: string;
  onPhone: (phone: string) => void;
  onCancel?: () => void;
}

/** The number that a code goes to, as its owner writes it; the server reads it. */
export function PhoneForm({ hint, busy, error, from, onPhone, onCancel }: Props) {
  const { t } = useTranslation();
  const [phone, setPhone] = useState("");
  const [tried, setTried] = useState(false);
  const missing = phone.replace(/\D/g, "").length < 4;
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (!missing) onPhone(phone.trim());
  }
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput
        label={t("actions.phone.label")}
        description={hint}
        type="tel"
        name="phone"
        autoComplete="tel"
        inputMode="tel"
        placeholder="+34 600 00 00 00"
        maxLength={32}
        // Who can leave the form has just opened it; in a card it must not take the focus.
        autoFocus={Boolean(onCancel)}
        value={phone}
        error={tried && missing && t("actions.phone.missing")}
        onChange={(e) => setPhone(e.currentTarget.value)}
      />
      <Refusal error={error} />
      <div className={classes.buttons}>
        <SendCode label={t("actions.phone.save")} busy={busy} from={from} step="send_code" />
        {onCancel && (
          <Button variant="subtle" color="gray" size="sm" onClick={onCancel}>
            {t("common.action.cancel")}
          </Button>
        )}
      </div>
    </form>
  );
}
