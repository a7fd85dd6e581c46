import { type ComboboxItem, MultiSelect, type OptionsFilter, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type PeopleFilter, users } from "../api/people";
import type { Person } from "../api/types";
import { useErrorText } from "../app/errors";

const shown = 50;

const labelOf = (p: Person) => (p.company ? `${p.name} · ${p.company.name}` : p.name);

/** Those who fit what is typed, as the server finds them, and those who are chosen already. */
function usePeople(typed: string, chosen: string[], filter: PeopleFilter, enabled: boolean) {
  const [q] = useDebouncedValue(typed.trim(), 200);
  const found = useQuery({
    queryKey: ["admin", "users", "found", filter, q],
    queryFn: () => users.list({ ...filter, q: q || undefined, limit: shown }),
    placeholderData: keepPreviousData,
    enabled,
  });
  const named = useQuery({
    queryKey: ["admin", "users", "named", chosen],
    queryFn: () => users.named(chosen),
    placeholderData: keepPreviousData,
    enabled: enabled && chosen.length > 0,
  });
  const fit = found.data?.items ?? [];
  const all = new Map([...(named.data ?? []), ...fit].map((p) => [p.id, p]));
  // The server has filtered; here only what was chosen and does not fit is left out.
  const only: OptionsFilter = ({ options }) =>
    (options as ComboboxItem[]).filter((o) => fit.some((p) => p.id === o.value));
  const data = [...all.values()].map((p) => ({ value: p.id, label: labelOf(p) }));
  return { all, data, only, error: found.error ?? named.error };
}

interface Props {
  label?: string;
  "aria-label"?: string;
  description?: string;
  placeholder?: string;
  /** Who is offered; everybody without. */
  filter?: PeopleFilter;
  mt?: string;
}

type OneProps = Props & {
  value: string | null;
  onChange: (id: string | null, person?: Person) => void;
  clearable?: boolean;
};

/** Chooses somebody by name, user name, mail address or company, of however many there are. */
export function PersonPicker({ value, onChange, filter, ...rest }: OneProps) {
  const { t } = useTranslation();
  const say = useErrorText();
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const [searched, setSearched] = useState("");
  const people = usePeople(searched, value ? [value] : [], filter ?? {}, open || value !== null);
  return (
    <Select
      {...rest}
      searchable
      value={value}
      onChange={(id) => onChange(id, id ? people.all.get(id) : undefined)}
      searchValue={typed}
      onSearchChange={(text) => {
        setTyped(text);
        // The name of who is chosen stands in the field, and is no search.
        setSearched(people.data.some((o) => o.label === text) ? "" : text);
      }}
      onDropdownOpen={() => setOpen(true)}
      filter={people.only}
      data={people.data}
      nothingFoundMessage={t("manage.none_title")}
      error={people.error && say(people.error)}
    />
  );
}

type ManyProps = Props & { value: string[]; onChange: (ids: string[]) => void };

/** The same for several. */
export function PeoplePicker({ value, filter, ...rest }: ManyProps) {
  const { t } = useTranslation();
  const say = useErrorText();
  const [typed, setTyped] = useState("");
  const people = usePeople(typed, value, filter ?? {}, true);
  const missing = value
    .filter((id) => !people.all.has(id))
    .map((id) => ({ value: id, label: "…" }));
  return (
    <MultiSelect
      {...rest}
      searchable
      value={value}
      searchValue={typed}
      onSearchChange={setTyped}
      filter={people.only}
      data={[...people.data, ...missing]}
      nothingFoundMessage={t("manage.none_title")}
      error={people.error && say(people.error)}
    />
  );
}
