import { NativeSelect, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import { type AuditFilter, audit, auditFile, type LogEntry } from "../api/audit";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Empty, Failed, More } from "../app/states";
import { PersonPicker } from "../manage/PeoplePicker";
import { Rows } from "../tickets/TicketsPage";
import classes from "./audit.module.css";
import { Undo } from "./Changes";
import { type Days, filterOf } from "./days";
import { linesOf } from "./detail";
import { groupsOf, useActionName, useObjectName } from "./words";

/** Who did what, newest first; each change of a setting can be taken back. */
export function AuditPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/admin/audit" });
  const filter = filterOf(search);
  const list = useInfiniteQuery({
    queryKey: ["audit", "list", filter],
    queryFn: ({ pageParam }) => audit.list(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
  });
  useDocumentTitle(t("audit.title"));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className={page.page}>
      <AdminNav />
      <h1 className={page.title}>{t("audit.title")}</h1>
      <p className={page.lead}>{t("audit.lead")}</p>
      <Filters />
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t("manage.none_title")}>{t("manage.none_text")}</Empty>
      )}
      {items.length > 0 && (
        <ul className={page.rows}>
          {items.map((e) => (
            <li key={e.id} className={classes.entry} data-action={e.action}>
              <Entry entry={e} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
      {items.length > 0 && <Files filter={filter} />}
    </div>
  );
}

function Files({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <p className={page.hint} style={{ marginTop: "1rem" }}>
      <a href={auditFile(filter, "csv")} download>
        {t("audit.csv")}
      </a>
      {" · "}
      <a href={auditFile(filter, "jsonl")} download>
        {t("audit.jsonl")}
      </a>
      <br />
      {t("audit.export_hint", { max: format.number(200_000) })}
    </p>
  );
}

function Filters() {
  const { t, i18n } = useTranslation();
  const search = useSearch({ from: "/shell/admin/audit" });
  const navigate = useNavigate({ from: "/admin/audit" });
  const actions = useQuery({
    queryKey: ["audit-actions"],
    queryFn: audit.actions,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const name = useActionName();
  const choose = (change: Days) => void navigate({ search: (s) => ({ ...s, ...change }) });
  const group = (g: string) => {
    const key = `audit.group.${g}`;
    return i18n.exists(key) ? (t as (k: string) => string)(key) : g;
  };
  const known = actions.data ?? [];
  return (
    <div className={`${page.filters} ${classes.filters}`}>
      <PersonPicker
        label={t("audit.who")}
        placeholder={t("audit.anybody")}
        clearable
        value={search.actor ?? null}
        onChange={(id) => choose({ actor: id ?? undefined })}
      />
      <NativeSelect
        label={t("audit.about")}
        value={search.group ?? ""}
        onChange={(e) => choose({ group: e.currentTarget.value || undefined, action: undefined })}
        data={[
          { value: "", label: t("audit.anything") },
          ...groupsOf(known).map((g) => ({ value: g, label: group(g) })),
        ]}
      />
      <NativeSelect
        className={classes.done}
        label={t("audit.what")}
        value={search.action ?? ""}
        onChange={(e) => choose({ action: e.currentTarget.value || undefined })}
        data={[
          { value: "", label: t("audit.any_action") },
          ...known
            .filter((a) => !search.group || a.startsWith(`${search.group}.`))
            .map((a) => ({ value: a, label: name(a) })),
        ]}
      />
      <Day label={t("audit.from")} value={search.from} onChange={(from) => choose({ from })} />
      <Day label={t("audit.to")} value={search.to} onChange={(to) => choose({ to })} />
    </div>
  );
}

function Day(props: { label: string; value?: string; onChange: (day?: string) => void }) {
  return (
    <TextInput
      type="date"
      label={props.label}
      value={props.value ?? ""}
      onChange={(e) => props.onChange(e.currentTarget.value || undefined)}
    />
  );
}

function Entry({ entry: e }: { entry: LogEntry }) {
  const { t } = useTranslation();
  const format = useFormat();
  const action = useActionName();
  const object = useObjectName()(e);
  return (
    <>
      <span className={classes.what}>
        <span>
          <span className={page.rowTitle}>{action(e.action)}</span>
          {object && ": "}
          {object && e.object_id ? (
            <Link to="/admin/audit" search={{ object: e.object_id }}>
              {object}
            </Link>
          ) : (
            object
          )}
        </span>
        <span className={page.rowMeta}>
          {e.actor ? e.actor.name || t("audit.gone") : t("audit.system")} · {format.full(e.at)}
        </span>
      </span>
      {e.undo && <Undo entry={e} invalidates={[["admin"], ["statuses"]]} />}
      <Detail entry={e} />
    </>
  );
}

function Detail({ entry: e }: { entry: LogEntry }) {
  const { t } = useTranslation();
  const lines = linesOf(e.detail);
  if (lines.length === 0) return null;
  const both = lines.some((l) => l.old !== undefined);
  return (
    <details className={classes.details}>
      <summary>{t("audit.details")}</summary>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{t("audit.part")}</th>
            {both && <th scope="col">{t("audit.before")}</th>}
            <th scope="col">{t(both ? "audit.after" : "audit.value")}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((l) => (
            <tr key={l.name}>
              <td>{l.name ? <code>{l.name}</code> : t("audit.value")}</td>
              {both && (
                <td>
                  <code>{l.old ?? ""}</code>
                </td>
              )}
              <td>
                <code>{l.now}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
