import { NativeSelect, Select } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Explained, operations, people, type Question } from "../api/manage";
import { useErrorText } from "../app/errors";
import { oneOf } from "../app/one-of";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, Loading } from "../app/states";
import { ManageNav } from "./ManageNav";
import classes from "./manage.module.css";
import { PersonPicker } from "./PeoplePicker";
import { catalogueQuery, devicesQuery, personQuery } from "./queries";

/** Why somebody may not do something: every rule with its answer, and the switch behind it. */
export function WhyPage() {
  const { t } = useTranslation();
  const say = useErrorText();
  const search = useSearch({ from: "/shell/manage/why" });
  const navigate = useNavigate({ from: "/manage/why" });
  const person = useQuery({ ...personQuery(search.user ?? ""), enabled: Boolean(search.user) });
  const devices = useQuery(devicesQuery);
  const install = search.operation === "install_software";
  const software = useQuery({ ...catalogueQuery, enabled: install });
  useDocumentTitle(t("manage.why.title"));
  const choose = (change: Partial<typeof search>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  const theirs = (devices.data ?? [])
    .map((d) => ({ d, own: (d.assignments ?? []).some((a) => a.user.id === search.user) }))
    .sort((a, b) => Number(b.own) - Number(a.own));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <ManageNav />
      <h1 className={page.title}>{t("manage.why.title")}</h1>
      <p className={page.lead}>{t("manage.why.lead")}</p>
      <div className={classes.pair}>
        <PersonPicker
          label={t("manage.why.user")}
          value={search.user ?? null}
          onChange={(user) => choose({ user: user ?? undefined })}
        />
        <Select
          label={t("manage.why.device")}
          error={devices.error && say(devices.error)}
          searchable
          clearable
          value={search.device ?? null}
          onChange={(device) => choose({ device: device ?? undefined })}
          data={theirs.map(({ d }) => ({ value: d.id, label: d.name }))}
        />
        <NativeSelect
          label={t("manage.why.operation")}
          value={search.operation ?? "restart"}
          onChange={(e) =>
            choose({ operation: oneOf(operations, e.currentTarget.value), software: undefined })
          }
          data={operations.map((o) => ({ value: o, label: t(`manage.operation.${o}`) }))}
        />
        {install && (
          <Select
            label={t("manage.action.software")}
            error={software.error && say(software.error)}
            searchable
            clearable
            value={search.software ?? null}
            onChange={(s) => choose({ software: s ?? undefined })}
            data={(software.data ?? []).map((e) => ({ value: e.id, label: e.name }))}
          />
        )}
      </div>
      {search.user ? (
        <Answer
          query={{ ...search, user: search.user, operation: search.operation ?? "restart" }}
          name={person.data?.name ?? ""}
        />
      ) : (
        <Empty title={t("manage.why.empty_title")}>{t("manage.why.empty_text")}</Empty>
      )}
    </div>
  );
}

function Answer({ query, name }: { query: Question; name: string }) {
  const { t } = useTranslation();
  const answer = useQuery({
    queryKey: ["manage", "explain", query],
    queryFn: () => people.explain(query),
    staleTime: 0, // one comes back from the very switch that decided
  });
  if (answer.isPending) return <Loading />;
  if (answer.isError) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
  const a = answer.data;
  return (
    <>
      <p className={classes.verdict} role="status" data-allowed={a.allowed}>
        {t(a.allowed ? "manage.why.allowed" : "manage.why.refused", { name })}
      </p>
      {a.user_text && <p className={page.hint}>{t("manage.why.told", { text: a.user_text })}</p>}
      <ul className={classes.why}>
        {a.lines.map((line) => (
          <Rule key={line.rule} line={line} decided={!a.allowed && line.rule === a.rule} />
        ))}
      </ul>
    </>
  );
}

function Rule({ line, decided }: { line: Explained["lines"][number]; decided: boolean }) {
  const { t } = useTranslation();
  return (
    <li data-allowed={line.allowed} data-rule={line.rule} data-decided={decided || undefined}>
      {line.allowed ? (
        <IconCheck size={20} stroke={2} aria-hidden="true" />
      ) : (
        <IconX size={20} stroke={2} aria-hidden="true" />
      )}
      <span>
        <span className="sr-only">{t(line.allowed ? "manage.why.yes" : "manage.why.no")}: </span>
        {line.text}
      </span>
      <span className={classes.soft}>
        <Where by={line.switch} />
      </span>
    </li>
  );
}

// What an admin would change. Only admins come to the settings.
function Where({ by }: { by: string }) {
  const { t } = useTranslation();
  const me = useMe();
  if (by === "self_service" || by.startsWith("operations.")) {
    const label = t("manage.why.switch.policies");
    return me.role === "admin" ? <Link to="/admin">{label}</Link> : label;
  }
  if (by === "software") {
    const label = t("manage.why.switch.software");
    return me.role === "admin" ? <Link to="/admin/software">{label}</Link> : label;
  }
  if (by.startsWith("assignments") || by.startsWith("devices")) {
    return <Link to="/manage/devices">{t("manage.why.switch.devices")}</Link>;
  }
  if (by === "users") return <Link to="/manage/people">{t("manage.why.switch.people")}</Link>;
  return by;
}
