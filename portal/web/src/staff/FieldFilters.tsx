import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FieldInfo } from "../api/types";
import { isColumn } from "../tickets/fields";
import { split } from "./filter";
import { useQueueSearch } from "./useQueueSearch";

/** One control for each field of tickets: type, product family, and those that admins added. */
export function FieldFilters({ form }: { form: FieldInfo[] }) {
  const { search, change } = useQueueSearch();
  const chosen = new Map(
    (search.field ?? []).map((f) => {
      const { id, value } = split(f);
      return [id, value] as const;
    }),
  );
  const set = (id: string, value: string) => {
    const rest = (search.field ?? []).filter((f) => split(f).id !== id);
    const field = value ? [...rest, `${id}:${value}`] : rest;
    change({ field: field.length > 0 ? field : undefined });
  };
  return form
    .filter((f) => !isColumn(f))
    .map((f) => (
      <OneField
        key={f.id}
        field={f}
        value={chosen.get(f.id) ?? ""}
        onChange={(v) => set(f.id, v)}
      />
    ));
}

function OneField(props: { field: FieldInfo; value: string; onChange: (v: string) => void }) {
  const { t } = useTranslation();
  const { field: f, value, onChange } = props;
  const common = { size: "sm" as const, label: f.name };
  if (f.kind === "choice" || f.kind === "choices" || f.kind === "yes_no") {
    const options =
      f.kind === "yes_no"
        ? [
            { value: "true", label: t("fields.yes") },
            { value: "false", label: t("fields.no") },
          ]
        : f.options.map((o) => ({ value: o.id, label: o.name }));
    if (options.length === 0) return null;
    return (
      <NativeSelect
        {...common}
        value={value}
        onChange={(e) => onChange(e.currentTarget.value)}
        data={[{ value: "", label: t("queue.filter.any") }, ...options]}
      />
    );
  }
  const type = f.kind === "date" ? "date" : f.kind === "number" ? "number" : "search";
  return <Typed {...common} type={type} value={value} onSettle={onChange} />;
}

/** What is typed counts when the fingers rest. */
function Typed(props: {
  label: string;
  size: "sm";
  type: string;
  value: string;
  onSettle: (v: string) => void;
}) {
  const { value, onSettle, ...rest } = props;
  const [text, setText] = useState(value);
  const [settled] = useDebouncedValue(text, 350);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed here is passed on
  useEffect(() => {
    if (settled !== value) onSettle(settled);
  }, [settled]);
  return <TextInput {...rest} value={text} onChange={(e) => setText(e.currentTarget.value)} />;
}
