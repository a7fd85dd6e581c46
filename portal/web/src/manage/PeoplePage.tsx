import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { exportAddress, personStates, roles } from "../api/people";
import type { Person } from "../api/types";
import { oneOf } from "../app/one-of";
import page from "../app/page.module.css";
import { Empty, Failed, More } from "../app/states";
import { Rows } from "../tickets/TicketsPage";
import { ManageNav } from "./ManageNav";
import classes from "./manage.module.css";
import { PersonDialog } from "./PersonDialog";
import { companiesQuery, peopleListQuery } from "./queries";

/** Everybody who has an account here. */
export function PeoplePage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/people" });
  const list = useInfiniteQuery(peopleListQuery(search));
  const [adding, setAdding] = useState(false);
  useDocumentTitle(t("manage.people.title"));
  const shown = list.data?.pages.flatMap((p) => p.items) ?? [];
  const filtered = search.q || search.company || search.role || search.state;
  return (
    <div className={page.page}>
      <ManageNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("manage.people.title")}</h1>
        <div className={page.actions}>
          <Button
            variant="default"
            renderRoot={(props) => <Link to="/manage/people/import" {...props} />}
          >
            {t("people.import.button")}
          </Button>
          <Button
            leftSection={<IconPlus size={18} aria-hidden="true" />}
            onClick={() => setAdding(true)}
          >
            {t("people.add")}
          </Button>
        </div>
      </div>
      <Filters />
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && shown.length === 0 && (
        <Empty title={t(filtered ? "manage.none_title" : "people.empty_title")}>
          {t(filtered ? "manage.none_text" : "people.empty_text")}
        </Empty>
      )}
      {shown.length > 0 && (
        <ul className={page.rows}>
          {shown.map((p) => (
            <li key={p.id}>
              <Row person={p} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
      {shown.length > 0 && (
        <p className={page.hint} style={{ marginTop: "1rem" }}>
          <a href={exportAddress(search)} download>
            {t("people.export")}
          </a>
        </p>
      )}
      <PersonDialog opened={adding} onClose={() => setAdding(false)} />
    </div>
  );
}

function Filters() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/people" });
  const navigate = useNavigate({ from: "/manage/people" });
  const companies = useQuery(companiesQuery);
  const [text, setText] = useState(search.q ?? "");
  const [q] = useDebouncedValue(text.trim(), 250);
  useEffect(() => {
    if (q !== (search.q ?? ""))
      void navigate({ search: (s) => ({ ...s, q: q || undefined }), replace: true });
  }, [q, search.q, navigate]);
  const choose = (change: Partial<typeof search>) =>
    void navigate({ search: (s) => ({ ...s, ...change }) });
  return (
    <div className={page.filters}>
      <TextInput
        type="search"
        className={page.grow}
        aria-label={t("manage.people.search")}
        placeholder={t("manage.people.search")}
        leftSection={<IconSearch size={18} stroke={1.7} aria-hidden="true" />}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
      />
      <NativeSelect
        aria-label={t("people.field.company")}
        value={search.company ?? ""}
        onChange={(e) => choose({ company: e.currentTarget.value || undefined })}
        data={[
          { value: "", label: t("people.any_company") },
          ...(companies.data ?? []).map((c) => ({ value: c.id, label: c.name })),
        ]}
      />
      <NativeSelect
        aria-label={t("people.field.role")}
        value={search.role ?? ""}
        onChange={(e) => choose({ role: oneOf(roles, e.currentTarget.value) })}
        data={[
          { value: "", label: t("people.any_role") },
          ...roles.map((r) => ({ value: r, label: t(`common.role.${r}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("people.state_label")}
        value={search.state ?? ""}
        onChange={(e) => choose({ state: oneOf(personStates, e.currentTarget.value) })}
        data={[
          { value: "", label: t("people.any_state") },
          ...personStates.map((s) => ({ value: s, label: t(`people.state.${s}`) })),
        ]}
      />
    </div>
  );
}

function Row({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  return (
    <Link to="/manage/people/$user" params={{ user: p.id }} className={page.row}>
      <span className={page.rowTitle}>{p.name}</span>
      <span className={page.rowMeta}>{t(`common.role.${p.role}`)}</span>
      <span className={page.rowMeta}>
        {p.email || p.login}
        {p.company && ` · ${p.company.name}`}
      </span>
      <PersonMark person={p} />
    </Link>
  );
}

/** How an account stands, where that is worth a word. */
export function PersonMark({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  if (p.disabled)
    return (
      <span className={classes.mark} data-state="revoked">
        {t("people.state.disabled")}
      </span>
    );
  if (p.first_password)
    return (
      <span className={classes.mark} data-state="unknown">
        {t("people.state.waiting")}
      </span>
    );
  return null;
}
