import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { digits } from "../actions/card";
import { Refusal } from "../app/states";
import classes from "./settings.module.css";

interface Props {
  label: string;
  /** Asks for the old factor's code too; without it the change counts later. */
  oldLabel?: string;
  button: string;
  danger?: boolean;
  busy: boolean;
  error: unknown;
  onCode: (code: string, old?: string) => void;
  onCancel?: () => void;
}

/** A field for a one-time code. What is typed here goes to REST, and nowhere else. */
export function CodeForm(props: Props) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const [old, setOld] = useState("");
  const [tried, setTried] = useState(false);
  const short = code.length < 6;
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (short) return;
    props.onCode(code, old || undefined);
    setCode("");
    setOld("");
    setTried(false);
  }
  return (
    <form className={classes.code} onSubmit={submit} noValidate>
      <TextInput
        label={props.label}
        name="code"
        autoComplete="one-time-code"
        inputMode="numeric"
        autoFocus
        value={code}
        error={tried && short && t("actions.code.missing")}
        onChange={(e) => setCode(digits(e.currentTarget.value))}
      />
      {props.oldLabel && (
        <TextInput
          label={props.oldLabel}
          description={t("account.factor.old_hint")}
          name="old_code"
          autoComplete="off"
          inputMode="numeric"
          value={old}
          onChange={(e) => setOld(digits(e.currentTarget.value))}
        />
      )}
      <Refusal error={props.error} />
      <div className={classes.inline}>
        <Button
          type="submit"
          size="sm"
          color={props.danger ? "red" : undefined}
          loading={props.busy}
        >
          {props.button}
        </Button>
        {props.onCancel && (
          <Button variant="subtle" color="gray" size="sm" onClick={props.onCancel}>
            {t("common.action.cancel")}
          </Button>
        )}
      </div>
    </form>
  );
}
