import { TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { languages } from "../app/i18n";
import classes from "./admin.module.css";

export type NameMap = Record<string, string>;

interface Props {
  label: string;
  hint?: string;
  value: NameMap;
  max?: number;
  onChange: (names: NameMap) => void;
}

/** What something is called in each language; what is left out is read in another one. */
export function Names({ label, hint, value, max = 60, onChange }: Props) {
  const { i18n } = useTranslation();
  const own = languages.find((l) => l.code === i18n.language);
  const order = own ? [own, ...languages.filter((l) => l !== own)] : languages;
  return (
    <fieldset className={classes.system}>
      <legend>{label}</legend>
      {hint && <p className={classes.fieldHint}>{hint}</p>}
      <div className={classes.pair}>
        {order.map((l) => (
          <TextInput
            key={l.code}
            label={l.name}
            lang={l.code}
            maxLength={max}
            value={value[l.code] ?? ""}
            onChange={(e) => onChange({ ...value, [l.code]: e.currentTarget.value })}
          />
        ))}
      </div>
    </fieldset>
  );
}
