import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { users } from "../api/people";
import type { Person } from "../api/types";
import { Confirm } from "../app/Confirm";
import { useFormat } from "../app/format";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Failed, Loading } from "../app/states";
import { ActionRows } from "./ActionsPage";
import { DeviceMark } from "./DevicesPage";
import { FactList } from "./FactList";
import classes from "./manage.module.css";
import { PersonMark } from "./PeoplePage";
import { PersonAccess } from "./PersonAccess";
import { PersonConversations } from "./PersonConversations";
import { PersonDialog } from "./PersonDialog";
import { PersonFactors } from "./PersonFactors";
import { PersonPassword } from "./PersonPassword";
import { PersonWelcome } from "./PersonWelcome";
import { devicesQuery, personQuery, useSavedPerson } from "./queries";

/** A person: the account, its password until the first log-in, what they may do, their devices. */
export function PersonPage() {
  const { t } = useTranslation();
  const { user: id } = useParams({ from: "/shell/manage/people/$user" });
  const person = useQuery(personQuery(id));
  useDocumentTitle(person.data?.name ?? t("manage.people.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <Link to="/manage/people" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("manage.people.title")}
      </Link>
      {person.isPending && <Loading />}
      {person.isError && <Failed whole error={person.error} retry={() => void person.refetch()} />}
      {person.data && <Known person={person.data} />}
    </div>
  );
}

function Known({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  return (
    <>
      <div className={page.top}>
        <h1 className={page.title}>{p.name}</h1>
        {p.may_manage && <Change person={p} />}
      </div>
      <Account person={p} />
      <PersonPassword person={p} />
      <PersonWelcome person={p} />
      <PersonAccess person={p} />
      <Devices person={p} />
      <PersonFactors person={p} />
      <section className={page.section} aria-labelledby="actions">
        <h2 id="actions" className={page.sectionTitle}>
          {t("manage.actions.title")}
        </h2>
        <ActionRows filter={{ user: p.id }} few />
      </section>
      <PersonConversations user={p.id} />
    </>
  );
}

function Account({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={page.card}>
      <FactList
        facts={[
          [t("people.field.role"), t(`common.role.${p.role}`)],
          [
            t("people.field.company"),
            p.company && (
              <Link to="/manage/companies/$company" params={{ company: p.company.id }}>
                {p.company.name}
              </Link>
            ),
          ],
          [t("people.field.login"), p.login],
          [t("people.field.email"), p.email],
          [t("login.language"), languages.find((l) => l.code === p.language)?.name],
          [t("people.last_login"), p.last_login_at && format.moment(p.last_login_at)],
          [t("people.created_at"), format.date(p.created_at)],
        ]}
      />
      <div style={{ marginTop: "0.6rem" }}>
        <PersonMark person={p} />
      </div>
    </div>
  );
}

function Change({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const own = useMe().id === p.id;
  const saved = useSavedPerson();
  const [open, setOpen] = useState<"edit" | "disable">();
  const close = () => setOpen(undefined);
  const turn = p.disabled ? "enable" : "disable";
  return (
    <div className={page.actions}>
      <Button variant="default" onClick={() => setOpen("edit")}>
        {t("people.edit")}
      </Button>
      {!own && (
        <Button
          variant="subtle"
          color={p.disabled ? undefined : "red"}
          onClick={() => setOpen("disable")}
        >
          {t(`people.${turn}`)}
        </Button>
      )}
      <PersonDialog opened={open === "edit"} person={p} onClose={close} />
      <Confirm
        danger={!p.disabled}
        opened={open === "disable"}
        title={t(`people.${turn}_ask`, { name: p.name })}
        button={t(`people.${turn}`)}
        act={async () => {
          saved(await users.change(p.id, p.version, { disabled: !p.disabled }));
          notifications.show({ message: t("people.saved") });
        }}
        onClose={close}
      >
        {t(`people.${turn}_text`)}
      </Confirm>
    </div>
  );
}

function Devices({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const devices = useQuery(devicesQuery);
  const theirs = (devices.data ?? []).filter((d) =>
    (d.assignments ?? []).some((a) => a.user.id === p.id),
  );
  return (
    <section className={page.section} aria-labelledby="devices">
      <div className={page.top}>
        <h2 id="devices" className={page.sectionTitle} style={{ margin: 0 }}>
          {t("manage.devices.title")}
        </h2>
        <Button
          variant="subtle"
          size="sm"
          renderRoot={(props) => <Link to="/manage/why" search={{ user: p.id }} {...props} />}
        >
          {t("manage.why.title")}
        </Button>
      </div>
      {devices.isPending && <Loading />}
      {devices.isError && <Failed error={devices.error} retry={() => void devices.refetch()} />}
      {devices.isSuccess && theirs.length === 0 && (
        <p className={page.hint}>{t("manage.people.no_devices")}</p>
      )}
      {theirs.length > 0 && (
        <ul className={page.rows}>
          {theirs.map((d) => (
            <li key={d.id}>
              <Link to="/manage/devices/$device" params={{ device: d.id }} className={page.row}>
                <span className={page.rowTitle}>{d.name}</span>
                <DeviceMark device={d} />
                <span className={page.rowMeta}>
                  {d.assignments?.find((a) => a.user.id === p.id)?.account ||
                    t("manage.assign.no_account")}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
