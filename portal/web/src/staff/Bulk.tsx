import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { Priority, Ticket } from "../api/types";
import { useErrorText } from "../app/errors";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import { useStatuses } from "../tickets/statuses";
import { priorities } from "./filter";
import { macrosQuery } from "./macros";
import classes from "./staff.module.css";

interface Props {
  chosen: Ticket[];
  onDone: (failed: string[]) => void; // the ids that stay chosen
  onCancel: () => void;
}

/** Changes all chosen tickets; one that fails is named, and the others are changed. */
export function Bulk({ chosen, onDone, onCancel }: Props) {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const say = useErrorText();
  const { list } = useStatuses();
  const [status, setStatus] = useState("");
  const [priority, setPriority] = useState("");
  const [assign, setAssign] = useState("");
  const [macro, setMacro] = useState("");
  const macros = useQuery(macrosQuery).data ?? [];
  const change = useMutation({
    mutationFn: () =>
      tickets.changeMany(
        chosen.map((x) => x.id),
        macro
          ? { macro_id: macro }
          : {
              status: status || undefined,
              priority: (priority as Priority) || undefined,
              assignee_id: assign === "me" ? me.id : assign === "nobody" ? "" : undefined,
            },
      ),
    onSuccess: (results) => onDone(results.filter((r) => !r.ok).map((r) => r.id)),
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  const failed = change.data?.filter((r) => !r.ok) ?? [];
  const keep = { value: "", label: t("work.bulk.keep") };
  return (
    <fieldset className={classes.bulk}>
      <legend className="sr-only">{t("work.bulk.label")}</legend>
      <p>{t("work.bulk.chosen", { count: chosen.length })}</p>
      <NativeSelect
        size="sm"
        label={t("tickets.status")}
        value={status}
        disabled={macro !== ""}
        onChange={(e) => setStatus(e.currentTarget.value)}
        data={[keep, ...list.map((s) => ({ value: s.key, label: s.name }))]}
      />
      <NativeSelect
        size="sm"
        label={t("staff.priority")}
        value={priority}
        disabled={macro !== ""}
        onChange={(e) => setPriority(e.currentTarget.value)}
        data={[keep, ...priorities.map((p) => ({ value: p, label: t(`common.priority.${p}`) }))]}
      />
      <NativeSelect
        size="sm"
        label={t("staff.assignee")}
        value={assign}
        disabled={macro !== ""}
        onChange={(e) => setAssign(e.currentTarget.value)}
        data={[
          keep,
          { value: "me", label: me.name },
          { value: "nobody", label: t("tickets.unassigned") },
        ]}
      />
      {macros.length > 0 && (
        <NativeSelect
          size="sm"
          label={t("queue.macro.bulk")}
          description={macro ? t("queue.macro.bulk_hint") : undefined}
          value={macro}
          onChange={(e) => setMacro(e.currentTarget.value)}
          data={[
            { value: "", label: t("queue.macro.none") },
            ...macros.map((m) => ({ value: m.id, label: m.name })),
          ]}
        />
      )}
      <div className={classes.bulkActions}>
        <Button
          size="sm"
          loading={change.isPending}
          disabled={chosen.length === 0 || !(status || priority || assign || macro)}
          onClick={() => change.mutate()}
        >
          {t("work.bulk.apply")}
        </Button>
        <Button size="sm" variant="subtle" color="gray" onClick={onCancel}>
          {t("common.action.cancel")}
        </Button>
      </div>
      {failed.map((r) => (
        <p key={r.id} role="alert" className={classes.bulkFailed}>
          #{chosen.find((x) => x.id === r.id)?.number}: {say({ code: r.code ?? "internal" })}
        </p>
      ))}
      <Refusal error={change.error} />
    </fieldset>
  );
}
