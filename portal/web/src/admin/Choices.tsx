import { ActionIcon, Button, Checkbox, TextInput } from "@mantine/core";
import { IconLanguage, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { FieldRow } from "../api/tickets";
import { currentLanguage } from "../app/i18n";
import { newID } from "../app/id";
import classes from "./admin.module.css";
import { type NameMap, Names } from "./Names";
import { moved, Order } from "./Order";

/** A choice while it is written; id is empty until it is saved. */
export type DraftChoice = FieldRow["options"][number] & { draft: string };

/** Without what was begun and left empty. */
export const sendable = (choices: DraftChoice[]) =>
  choices
    .filter((c) => Object.values(c.names).some((n) => n.trim()))
    .map(({ id, names, archived }) => ({ id: id || undefined, names, archived }));

interface Props {
  value: DraftChoice[];
  onChange: (choices: DraftChoice[]) => void;
}

/** What can be chosen, in order, each by its name in the admin's language and, on demand, in all. */
export function Choices({ value, onChange }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<string>();
  const lang = currentLanguage();
  const set = (draft: string, change: Partial<DraftChoice>) =>
    onChange(value.map((c) => (c.draft === draft ? { ...c, ...change } : c)));
  const nameOf = (names: NameMap) => names[lang] ?? Object.values(names)[0] ?? "";
  return (
    <fieldset className={classes.system}>
      <legend>{t("fields.choices")}</legend>
      {value.map((c, i) => (
        <div key={c.draft} className={classes.choice}>
          <Order
            name={nameOf(c.names)}
            first={i === 0}
            last={i === value.length - 1}
            onMove={(by) => onChange(moved(value, i, by))}
          />
          <TextInput
            aria-label={t("fields.choice", { number: i + 1 })}
            maxLength={60}
            value={c.names[lang] ?? ""}
            placeholder={nameOf(c.names)}
            onChange={(e) => set(c.draft, { names: { ...c.names, [lang]: e.currentTarget.value } })}
          />
          <ActionIcon
            variant={open === c.draft ? "light" : "subtle"}
            color="gray"
            size="lg"
            aria-label={t("fields.choice_languages", { number: i + 1 })}
            aria-expanded={open === c.draft}
            onClick={() => setOpen(open === c.draft ? undefined : c.draft)}
          >
            <IconLanguage size={18} stroke={1.7} aria-hidden="true" />
          </ActionIcon>
          {c.id ? (
            <Checkbox
              label={t("fields.offered")}
              checked={!c.archived}
              onChange={(e) => set(c.draft, { archived: !e.currentTarget.checked })}
            />
          ) : null}
          <ActionIcon
            variant="subtle"
            color="red"
            size="lg"
            aria-label={t("fields.choice_remove", { number: i + 1 })}
            onClick={() => onChange(value.filter((x) => x.draft !== c.draft))}
          >
            <IconTrash size={18} stroke={1.7} aria-hidden="true" />
          </ActionIcon>
          {open === c.draft && (
            <div className={classes.choiceNames}>
              <Names
                label={t("statuses.names")}
                value={c.names}
                onChange={(names) => set(c.draft, { names })}
              />
            </div>
          )}
        </div>
      ))}
      <Button
        variant="subtle"
        leftSection={<IconPlus size={17} aria-hidden="true" />}
        onClick={() => onChange([...value, { draft: newID(), id: "", names: {}, archived: false }])}
      >
        {t("fields.choice_add")}
      </Button>
    </fieldset>
  );
}
