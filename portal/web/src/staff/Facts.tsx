import { Button, NativeSelect } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { Priority, TicketDetail } from "../api/types";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { useMe } from "../app/session";
import { useShortcuts } from "../keys/shortcuts";
import { ChangeDetails } from "../tickets/DetailsDialog";
import { FieldList } from "../tickets/FieldList";
import { ticketQuery } from "../tickets/queries";
import { Stale } from "../tickets/Stale";
import { isDone, useStatuses } from "../tickets/statuses";
import { priorities } from "./filter";
import { Merge } from "./Merge";
import classes from "./staff.module.css";

interface Change {
  status?: string;
  priority?: Priority;
  assignee_id?: string;
  again?: boolean;
}

/** Who, where from, how it stands; status, priority and technician are changed at once. */
export function Facts({ ticket: x }: { ticket: TicketDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const client = useQueryClient();
  const say = useErrorText();
  const { list: statuses, find } = useStatuses();
  const change = useMutation({
    // Once more is on what stands there by then, which the page may not have read yet.
    mutationFn: async ({ again, ...c }: Change) => {
      const on = again ? await client.fetchQuery({ ...ticketQuery(x.id), staleTime: 0 }) : x;
      return tickets.change(x.id, c, on.version);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  const ask = useMutation({
    mutationFn: () => tickets.askFixed(x.id),
    onError: (err) => notifications.show({ color: "red", message: say(err) }),
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  const mayTake = x.assignee?.id !== me.id && !x.is_merged;
  const take = () => change.mutate({ assignee_id: me.id });
  useShortcuts(mayTake && !change.isPending ? [{ key: "a", name: "assign", run: take }] : []);
  const company = x.company?.name ?? x.requester.company;
  return (
    <aside className={classes.facts} aria-label={t("staff.facts")}>
      <NativeSelect
        label={t("tickets.status")}
        value={x.status}
        disabled={change.isPending || x.is_merged}
        onChange={(e) => change.mutate({ status: e.currentTarget.value })}
        data={(statuses.length > 0 ? statuses : [find(x.status ?? "")]).map((s) => ({
          value: s.key,
          label: s.name,
        }))}
      />
      <NativeSelect
        label={t("staff.priority")}
        value={x.priority}
        disabled={change.isPending || x.is_merged}
        onChange={(e) => change.mutate({ priority: e.currentTarget.value as Priority })}
        data={priorities.map((p) => ({ value: p, label: t(`common.priority.${p}`) }))}
      />
      <Stale
        error={change.error}
        busy={change.isPending}
        onRepeat={() => change.variables && change.mutate({ ...change.variables, again: true })}
        onLeave={() => change.reset()}
      />
      <dl className={classes.factList}>
        <dt>{t("staff.assignee")}</dt>
        <dd>
          {x.assignee?.name ?? t("tickets.unassigned")}
          {mayTake && (
            <Button size="compact-sm" variant="subtle" loading={change.isPending} onClick={take}>
              {t("staff.assign_me")}
            </Button>
          )}
        </dd>
        {x.resolution && (
          <>
            <dt>{t("work.resolution.label")}</dt>
            <dd>{t(`work.resolution.${x.resolution}`)}</dd>
          </>
        )}
        <FieldList values={x.fields} />
        <dt>{t("staff.requester")}</dt>
        <dd>{x.requester.name}</dd>
        {company && (
          <>
            <dt>{t("staff.company")}</dt>
            <dd>{company}</dd>
          </>
        )}
        <dt>{t("staff.origin")}</dt>
        <dd>{t(`common.origin.${x.origin}`)}</dd>
        <dt>{t("staff.created")}</dt>
        <dd>{format.full(x.created_at)}</dd>
        <dt>{t("staff.updated")}</dt>
        <dd>{format.full(x.updated_at)}</dd>
      </dl>
      {!isDone(x.status_kind) &&
        (x.fix_asked ? (
          <p className={classes.hint}>{t("work.fixed.waiting")}</p>
        ) : (
          <Button variant="default" loading={ask.isPending} onClick={() => ask.mutate()}>
            {t("work.fixed.ask")}
          </Button>
        ))}
      {!x.is_merged && (
        <>
          <ChangeDetails ticket={x} staff />
          <Merge ticket={x} />
        </>
      )}
    </aside>
  );
}
