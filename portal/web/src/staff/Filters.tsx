import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconFilter, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { oneOf } from "../app/one-of";
import { companiesQuery } from "../manage/queries";
import { column, formQuery } from "../tickets/fields";
import { useStatuses } from "../tickets/statuses";
import { FieldFilters } from "./FieldFilters";
import { isNarrow, priorities } from "./filter";
import classes from "./staff.module.css";
import { nothing, useQueueSearch } from "./useQueueSearch";

/** Words and status at once; the rest behind one button. All of it stands in the address. */
export function Filters() {
  const { t } = useTranslation();
  const { search, change } = useQueueSearch();
  const { list: statuses } = useStatuses();
  const [open, { toggle }] = useDisclosure(false);
  const more = useId();
  const { q: _q, status: _s, ...rest } = search;
  return (
    <>
      <div className={classes.search}>
        <Words />
        <NativeSelect
          size="sm"
          aria-label={t("tickets.status")}
          value={search.status ?? ""}
          onChange={(e) => change({ status: e.currentTarget.value || undefined })}
          data={[
            { value: "", label: t("tickets.any_status") },
            ...statuses.map((s) => ({ value: s.key, label: s.name })),
          ]}
        />
      </div>
      <div className={classes.moreRow}>
        <Button
          size="compact-sm"
          variant={isNarrow(rest) ? "light" : "subtle"}
          leftSection={<IconFilter size={16} aria-hidden="true" />}
          aria-expanded={open}
          aria-controls={more}
          onClick={toggle}
        >
          {t("queue.filter.more")}
        </Button>
        {isNarrow(search) && (
          <Button
            size="compact-sm"
            variant="subtle"
            onClick={() => change({ ...nothing, view: search.view })}
          >
            {t("tickets.clear")}
          </Button>
        )}
      </div>
      {open && (
        <div id={more}>
          <Chosen />
        </div>
      )}
    </>
  );
}

function Words() {
  const { t } = useTranslation();
  const { search, change } = useQueueSearch();
  const [text, setText] = useState(search.q ?? "");
  const [typed, setTyped] = useState<string>();
  const [q] = useDebouncedValue(typed, 250);
  // Only what was typed here goes into the address; what came from there fills the field.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a search is not typed again because the address changed
  useEffect(() => {
    if (q !== undefined && q.trim() !== (search.q ?? ""))
      change({ q: q.trim() || undefined }, true);
  }, [q]);
  useEffect(() => {
    setText((now) => (now.trim() === (search.q ?? "") ? now : (search.q ?? "")));
  }, [search.q]);
  return (
    <TextInput
      type="search"
      size="sm"
      aria-label={t("tickets.search")}
      placeholder={t("tickets.search")}
      leftSection={<IconSearch size={17} stroke={1.7} aria-hidden="true" />}
      value={text}
      onChange={(e) => {
        setText(e.currentTarget.value);
        setTyped(e.currentTarget.value);
      }}
    />
  );
}

function Chosen() {
  const { t } = useTranslation();
  const { search, change } = useQueueSearch();
  const companies = useQuery(companiesQuery).data ?? [];
  const form = useQuery(formQuery).data;
  const staff = column(form, "assignee")?.options ?? [];
  const any = { value: "", label: t("queue.filter.any") };
  const dates = ["updated_from", "updated_to", "created_from", "created_to"] as const;
  return (
    <div className={classes.chosen}>
      <NativeSelect
        size="sm"
        label={t("staff.company")}
        value={search.company ?? ""}
        onChange={(e) => change({ company: e.currentTarget.value || undefined })}
        data={[any, ...companies.map((c) => ({ value: c.id, label: c.name }))]}
      />
      <NativeSelect
        size="sm"
        label={t("staff.assignee")}
        value={search.assignee ?? ""}
        onChange={(e) => change({ assignee: e.currentTarget.value || undefined })}
        data={[
          any,
          { value: "nobody", label: t("tickets.unassigned") },
          ...staff.map((o) => ({ value: o.id, label: o.name })),
        ]}
      />
      <NativeSelect
        size="sm"
        label={t("staff.priority")}
        value={search.priority ?? ""}
        onChange={(e) => change({ priority: oneOf(priorities, e.currentTarget.value) })}
        data={[any, ...priorities.map((p) => ({ value: p, label: t(`common.priority.${p}`) }))]}
      />
      <FieldFilters form={form ?? []} />
      {dates.map((d) => (
        <TextInput
          key={d}
          size="sm"
          type="date"
          label={t(`queue.filter.${d}`)}
          value={search[d] ?? ""}
          onChange={(e) => change({ [d]: e.currentTarget.value || undefined })}
        />
      ))}
      <Checkbox
        size="sm"
        label={t("queue.filter.unread")}
        checked={search.unread ?? false}
        onChange={(e) => change({ unread: e.currentTarget.checked || undefined })}
      />
    </div>
  );
}
