import { useTranslation } from "react-i18next";
import type { FieldValue } from "../api/types";
import { useFormat } from "../app/format";

/** What a ticket has in its fields, in words; stands inside a dl. */
export function FieldList({ values }: { values: FieldValue[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = (v: FieldValue) => {
    switch (v.kind) {
      case "number":
        return format.number(v.number ?? 0);
      case "date":
        return v.date ? format.date(`${v.date}T12:00:00`) : "";
      case "yes_no":
        return t(v.yes ? "fields.yes" : "fields.no");
      case "choice":
      case "choices":
        return v.options?.map((o) => o.name).join(", ");
      default:
        return v.text;
    }
  };
  return values.map((v) => (
    <div key={v.field_id} data-field={v.key ?? v.field_id}>
      <dt>{v.name}</dt>
      <dd style={{ whiteSpace: v.kind === "long_text" ? "pre-wrap" : undefined }}>{say(v)}</dd>
    </div>
  ));
}
