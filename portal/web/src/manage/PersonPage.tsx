import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Problem } from "../api/problem";
import type { Person } from "../api/types";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { ActionRows } from "./ActionsPage";
import { DeviceMark } from "./DevicesPage";
import classes from "./manage.module.css";
import { PersonFactors } from "./PersonFactors";
import { devicesQuery, peopleQuery } from "./queries";

/** A person: their devices, what they had done, and the way back in when a factor is lost. */
export function PersonPage() {
  const { t } = useTranslation();
  const { user: id } = useParams({ from: "/shell/manage/people/$user" });
  const list = useQuery(peopleQuery);
  const person = list.data?.items.find((p) => p.id === id);
  useDocumentTitle(person?.name ?? t("manage.people.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <Link to="/manage/people" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("manage.people.title")}
      </Link>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && !person && <Failed error={new Problem("not_found", 404)} />}
      {person && <Known person={person} />}
    </div>
  );
}

function Known({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  return (
    <>
      <h1 className={page.title}>{p.name}</h1>
      <p className={page.lead}>
        {t(`common.role.${p.role}`)} · {p.email}
        {p.company && ` · ${p.company.name}`}
      </p>
      <Devices person={p} />
      <PersonFactors person={p} />
      <section className={page.section} aria-labelledby="actions">
        <h2 id="actions" className={page.sectionTitle}>
          {t("manage.actions.title")}
        </h2>
        <ActionRows filter={{ user: p.id }} few />
      </section>
    </>
  );
}

function Devices({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const devices = useQuery(devicesQuery);
  const theirs = (devices.data ?? []).filter((d) =>
    (d.assignments ?? []).some((a) => a.user.id === p.id),
  );
  return (
    <section aria-labelledby="devices">
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
