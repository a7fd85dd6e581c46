import { Button, NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type FieldRow, fields } from "../api/tickets";
import type { FieldInfo } from "../api/types";
import { useErrorText } from "../app/errors";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Changes } from "../audit/Changes";
import { FieldInput } from "../tickets/FieldInput";
import type { Filled } from "../tickets/fields";
import { AdminNav } from "./AdminNav";
import classes from "./admin.module.css";
import { FieldDialog } from "./FieldDialog";
import { moved, Order } from "./Order";

const key = ["admin", "fields"];

/** What a ticket holds, and what of it users see and fill in. */
export function FieldsPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const list = useQuery({ queryKey: key, queryFn: fields.all });
  const [open, setOpen] = useState<FieldRow | "new">();
  useDocumentTitle(t("fields.title"));
  const settled = () => {
    void client.invalidateQueries({ queryKey: key });
    void client.invalidateQueries({ queryKey: ["fields"] });
  };
  const refused = (err: unknown) => notifications.show({ color: "red", message: say(err) });
  const order = useMutation({
    mutationFn: (rows: FieldRow[]) => fields.order(rows.map((r) => r.id)),
    onMutate: (rows) => client.setQueryData(key, rows),
    onError: refused,
    onSettled: settled,
  });
  const mode = useMutation({
    mutationFn: (c: { id: string; mode: FieldRow["mode"] }) =>
      fields.change(c.id, { mode: c.mode }),
    onMutate: (c) =>
      client.setQueryData<FieldRow[]>(key, (rows) =>
        rows?.map((x) => (x.id === c.id ? { ...x, mode: c.mode } : x)),
      ),
    onError: refused,
    onSettled: settled,
  });
  const rows = list.data ?? [];
  const shown = rows.filter((r) => !r.archived);
  const archived = rows.filter((r) => r.archived);
  const row = (r: FieldRow, i: number) => (
    <li key={r.id} className={classes.statusRow} data-field-row={r.key ?? r.id}>
      {!r.archived && (
        <Order
          name={r.name}
          first={i === 0}
          last={i === shown.length - 1}
          onMove={(by) => order.mutate([...moved(shown, i, by), ...archived])}
        />
      )}
      <button type="button" className={classes.statusName} onClick={() => setOpen(r)}>
        <span className={page.rowTitle}>{r.name}</span>
        <span className={page.rowMeta}>
          {r.key ? t("fields.built_in") : t(`fields.kind.${r.kind}`)}
          {r.required && ` · ${t("fields.required")}`}
          {r.kind !== "column" && ` · ${t("statuses.tickets", { count: r.tickets })}`}
        </span>
      </button>
      {!r.archived && (
        <NativeSelect
          size="sm"
          aria-label={t("fields.mode_of", { name: r.name })}
          value={r.mode}
          onChange={(e) =>
            mode.mutate({ id: r.id, mode: e.currentTarget.value as FieldRow["mode"] })
          }
          data={(["edit", ...(r.key ? ["read_only" as const] : []), "hidden"] as const).map(
            (m) => ({ value: m, label: t(`fields.mode.${m}`) }),
          )}
        />
      )}
    </li>
  );
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("fields.title")}</h1>
        <Button
          leftSection={<IconPlus size={18} aria-hidden="true" />}
          onClick={() => setOpen("new")}
        >
          {t("fields.add")}
        </Button>
      </div>
      <p className={page.lead}>{t("fields.lead")}</p>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data && (
        <>
          <ul className={page.rows}>{shown.map(row)}</ul>
          {archived.length > 0 && (
            <section className={page.section}>
              <h2 className={page.sectionTitle}>{t("fields.archived")}</h2>
              <ul className={page.rows}>{archived.map(row)}</ul>
            </section>
          )}
          <Preview rows={shown} />
        </>
      )}
      <Changes group="field" invalidates={[["admin", "fields"], ["fields"], ["tickets"]]} />
      <FieldDialog
        key={open === "new" ? "new" : open?.id}
        opened={open !== undefined}
        field={open === "new" ? undefined : open}
        onClose={() => setOpen(undefined)}
        onSaved={settled}
      />
    </div>
  );
}

/** The form as users meet it, with what is set above. */
function Preview({ rows }: { rows: FieldRow[] }) {
  const { t, i18n } = useTranslation();
  const [filled, setFilled] = useState<Filled>({});
  const form: FieldInfo[] = rows
    .filter((r) => r.mode === "edit" && r.key !== "status")
    .map((r) => ({
      id: r.id,
      key: r.key,
      kind: kindOf(r),
      name: r.name,
      mode: "edit",
      required: r.required || r.key === "subject",
      options: r.options
        .filter((o) => !o.archived)
        .map((o) => ({
          id: o.id,
          name: o.names[i18n.language] ?? Object.values(o.names)[0] ?? "",
        })),
    }));
  return (
    <section className={page.section} aria-labelledby="fields-preview">
      <h2 id="fields-preview" className={page.sectionTitle}>
        {t("fields.preview")}
      </h2>
      <p className={page.lead}>{t("fields.preview_lead")}</p>
      <div className={page.card} data-preview>
        <div className={page.form}>
          {form.map((f) => (
            <FieldInput
              key={f.id}
              field={f}
              value={filled[f.id]}
              onChange={(v) => setFilled((now) => ({ ...now, [f.id]: v }))}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

function kindOf(r: FieldRow): FieldInfo["kind"] {
  if (r.kind !== "column") return r.kind;
  return r.key === "description" ? "long_text" : r.key === "subject" ? "text" : "choice";
}
