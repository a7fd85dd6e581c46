import { Button, Switch } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { admin } from "../api";
import { type StatusRow, statuses } from "../api/tickets";
import type { Policies } from "../api/types";
import { useErrorText } from "../app/errors";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Changes } from "../audit/Changes";
import { StatusMark } from "../tickets/StatusMark";
import { AdminNav } from "./AdminNav";
import classes from "./admin.module.css";
import { OnOff } from "./OnOff";
import { moved, Order } from "./Order";
import { StatusDialog } from "./StatusDialog";
import { useSave } from "./useSave";

const key = ["admin", "statuses"];

/** Where tickets may stand, and which of it users see. */
export function StatusesPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const list = useQuery({ queryKey: key, queryFn: statuses.all });
  const [open, setOpen] = useState<StatusRow | "new">();
  useDocumentTitle(t("statuses.title"));
  const settled = () => {
    void client.invalidateQueries({ queryKey: key });
    void client.invalidateQueries({ queryKey: ["statuses"] });
    void client.invalidateQueries({ queryKey: ["admin", "policies"] });
  };
  const refused = (err: unknown) => notifications.show({ color: "red", message: say(err) });
  const order = useMutation({
    mutationFn: (rows: StatusRow[]) => statuses.order(rows.map((r) => r.key)),
    onMutate: (rows) => client.setQueryData(key, rows),
    onError: refused,
    onSettled: settled,
  });
  const show = useMutation({
    mutationFn: (r: StatusRow) => statuses.change(r.key, { visible: !r.visible }),
    onMutate: (r) =>
      client.setQueryData<StatusRow[]>(key, (rows) =>
        rows?.map((x) => (x.key === r.key ? { ...x, visible: !r.visible } : x)),
      ),
    onError: refused,
    onSettled: settled,
  });
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("statuses.title")}</h1>
        <Button
          leftSection={<IconPlus size={18} aria-hidden="true" />}
          onClick={() => setOpen("new")}
        >
          {t("statuses.add")}
        </Button>
      </div>
      <p className={page.lead}>{t("statuses.lead")}</p>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data && (
        <ul className={page.rows}>
          {list.data.map((r, i) => (
            <li key={r.key} className={classes.statusRow} data-status-row={r.key}>
              <Order
                name={r.name}
                first={i === 0}
                last={i === list.data.length - 1}
                onMove={(by) => order.mutate(moved(list.data, i, by))}
              />
              <button type="button" className={classes.statusName} onClick={() => setOpen(r)}>
                <span className={page.rowTitle}>
                  <StatusMark status={r.key} />
                </span>
                <span className={page.rowMeta}>
                  {r.built_in ? t("statuses.built_in") : t(`statuses.kind.${r.kind}`)} ·{" "}
                  {t("statuses.tickets", { count: r.tickets })}
                </span>
              </button>
              <Switch
                checked={r.visible}
                label={t("statuses.visible")}
                aria-label={t("statuses.visible_of", { name: r.name })}
                labelPosition="left"
                classNames={{ track: classes.track }}
                onChange={() => show.mutate(r)}
              />
            </li>
          ))}
        </ul>
      )}
      <Reopen />
      <Changes
        group="status"
        invalidates={[key, ["statuses"], ["admin", "policies"], ["tickets"]]}
      />
      <StatusDialog
        key={open === "new" ? "new" : open?.key}
        opened={open !== undefined}
        status={open === "new" ? undefined : open}
        others={list.data?.filter((r) => open !== "new" && r.key !== open?.key) ?? []}
        onClose={() => setOpen(undefined)}
        onSaved={settled}
      />
    </div>
  );
}

const policiesKey = ["admin", "policies"];

/** R20: whether users open again what is done. */
function Reopen() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const policies = useQuery({ queryKey: policiesKey, queryFn: admin.policies });
  const save = useSave(policiesKey, async (change: Partial<Policies>) => {
    const now = await admin.setPolicies(change);
    void client.invalidateQueries({ queryKey: ["session"] });
    return now;
  });
  if (!policies.data) return null;
  const on = policies.data.reopen;
  return (
    <div className={page.section}>
      <OnOff
        name="reopen"
        on={on}
        label={t("statuses.reopen.label")}
        text={t(`statuses.reopen.${on ? "on" : "off"}`)}
        onChange={(reopen) => save.mutate({ reopen })}
      />
    </div>
  );
}
