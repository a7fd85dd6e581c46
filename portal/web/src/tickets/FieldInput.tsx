import { Checkbox, NativeSelect, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { FieldInfo } from "../api/types";

interface Props {
  field: FieldInfo;
  value: unknown;
  error?: string | false;
  onChange: (value: unknown) => void;
}

/** The control that fits a field's kind. */
export function FieldInput({ field: f, value, error, onChange }: Props) {
  const { t } = useTranslation();
  const common = { label: f.name, error, withAsterisk: f.required };
  const text = typeof value === "string" ? value : "";
  switch (f.kind) {
    case "long_text":
      return (
        <Textarea
          {...common}
          rows={3}
          maxLength={8000}
          value={text}
          onChange={(e) => onChange(e.currentTarget.value)}
        />
      );
    case "number":
      return (
        <NumberInput
          {...common}
          value={typeof value === "number" ? value : ""}
          onChange={(n) => onChange(typeof n === "number" ? n : undefined)}
        />
      );
    case "date":
      return (
        <TextInput
          {...common}
          type="date"
          min="1900-01-01"
          max="2200-12-31"
          value={text}
          onChange={(e) => onChange(e.currentTarget.value)}
        />
      );
    case "yes_no":
      return (
        <NativeSelect
          {...common}
          value={value === true ? "yes" : value === false ? "no" : ""}
          onChange={(e) =>
            onChange({ yes: true, no: false }[e.currentTarget.value as "yes" | "no"])
          }
          data={[
            { value: "", label: t("fields.nothing") },
            { value: "yes", label: t("fields.yes") },
            { value: "no", label: t("fields.no") },
          ]}
        />
      );
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={text}
          onChange={(e) => onChange(e.currentTarget.value)}
          data={[
            { value: "", label: t("fields.nothing") },
            ...f.options.map((o) => ({ value: o.id, label: o.name })),
          ]}
        />
      );
    case "choices":
      return (
        <Checkbox.Group
          {...common}
          value={Array.isArray(value) ? (value as string[]) : []}
          onChange={onChange}
        >
          <div style={{ display: "grid", gap: "0.5rem", marginTop: "0.4rem" }}>
            {f.options.map((o) => (
              <Checkbox key={o.id} value={o.id} label={o.name} />
            ))}
          </div>
        </Checkbox.Group>
      );
    default:
      return (
        <TextInput
          {...common}
          maxLength={500}
          value={text}
          onChange={(e) => onChange(e.currentTarget.value)}
        />
      );
  }
}
