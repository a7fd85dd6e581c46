import { Switch } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type AccessLine, users } from "../api/people";
import type { Operation, Person } from "../api/types";
import { useErrorText } from "../app/errors";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Failed, Loading } from "../app/states";
import classes from "./manage.module.css";
import { accessQuery } from "./queries";

type Listed = "ticketing" | "knowledge_base" | "self_service";
const isListed = (rule: string): rule is Listed =>
  rule === "ticketing" || rule === "knowledge_base" || rule === "self_service";

/** What the portal's switches allow this person, and the one that decided each line. */
export function PersonAccess({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const access = useQuery(accessQuery(p.id));
  return (
    <section className={page.section} aria-labelledby="access">
      <h2 id="access" className={page.sectionTitle}>
        {t("people.access.title")}
      </h2>
      <p className={page.hint}>{t("people.access.lead")}</p>
      {access.isPending && <Loading />}
      {access.isError && <Failed error={access.error} retry={() => void access.refetch()} />}
      {access.data && (
        <ul className={classes.why}>
          {access.data.items.map((line) => (
            <Line key={line.rule} line={line} person={p} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Line({ line, person }: { line: AccessLine; person: Person }) {
  const { t } = useTranslation();
  return (
    <li data-allowed={line.allowed} data-rule={line.rule}>
      {line.allowed ? (
        <IconCheck size={20} stroke={2} aria-hidden="true" />
      ) : (
        <IconX size={20} stroke={2} aria-hidden="true" />
      )}
      <span>
        <span className="sr-only">{t(line.allowed ? "manage.why.yes" : "manage.why.no")}: </span>
        <Name rule={line.rule} />
      </span>
      <span className={classes.soft}>
        <Decided line={line} />
      </span>
      {isListed(line.rule) && (line.mode === "selected" || line.selected) && (
        <OnTheList line={line} rule={line.rule} person={person} />
      )}
    </li>
  );
}

function Name({ rule }: { rule: string }) {
  const { t } = useTranslation();
  const operation = rule.startsWith("operations.") && (rule.slice(11) as Operation);
  if (operation) return t(`manage.operation.${operation}`);
  return t(`people.access.rule.${rule as Listed | "assistant" | "manual_tickets" | "reopen"}`);
}

function Decided({ line }: { line: AccessLine }) {
  const { t } = useTranslation();
  const admin = useMe().role === "admin";
  if (line.switch === "role") return t("people.access.by_role");
  const by = (
    <>
      {t("people.access.by")} <Name rule={line.switch} />
      {line.mode && line.switch === line.rule && `: ${t(`admin.policies.mode.${line.mode}`)}`}
    </>
  );
  return admin ? <Link to="/admin">{by}</Link> : by;
}

function OnTheList(props: { line: AccessLine; rule: Listed; person: Person }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const admin = useMe().role === "admin";
  const { line, rule, person } = props;
  const save = useMutation({
    mutationFn: (on: boolean) => users.select(person.id, { [rule]: on }),
    onSuccess: (now) => {
      client.setQueryData(accessQuery(person.id).queryKey, now);
      void client.invalidateQueries({ queryKey: ["admin", "policies"] });
    },
    onError: (err) => notifications.show({ color: "red", message: say(err) }),
  });
  return (
    <Switch
      mt={6}
      style={{ gridColumn: 2 }}
      label={t("people.access.on_list")}
      description={line.mode === "selected" ? undefined : t("people.access.list_idle")}
      checked={line.selected ?? false}
      disabled={!admin || save.isPending}
      onChange={(e) => save.mutate(e.currentTarget.checked)}
    />
  );
}
