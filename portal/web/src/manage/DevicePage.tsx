import { Button, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { devices, type ManagedDevice } from "../api/manage";
import { Confirm } from "../app/Confirm";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed } from "../app/states";
import { systemOf } from "../app/systems";
import { ActionRows } from "./ActionsPage";
import { Assignments } from "./Assignments";
import { DeviceMark } from "./DevicesPage";
import { type Fact, FactList } from "./FactList";
import classes from "./manage.module.css";
import { deviceQuery } from "./queries";

/** One device: who acts on it and as whom, what is on it, what was done. */
export function DevicePage() {
  const { t } = useTranslation();
  const { device: id } = useParams({ from: "/shell/manage/devices/$device" });
  const device = useQuery(deviceQuery(id));
  useDocumentTitle(device.data?.name ?? t("manage.devices.title"));
  return (
    <div className={page.page}>
      <Link to="/manage/devices" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("manage.devices.title")}
      </Link>
      {device.isPending && <Waiting />}
      {device.isError && <Failed whole error={device.error} retry={() => void device.refetch()} />}
      {device.data && <Known device={device.data} />}
    </div>
  );
}

function Known({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["manage"] });
  return (
    <>
      <div className={page.top}>
        <h1 className={page.title}>{d.name}</h1>
        <DeviceMark device={d} />
      </div>
      {d.suspect_at && !d.revoked_at && <Suspect device={d} onDone={refresh} />}
      {d.revoked_at && <p className={classes.warning}>{t("manage.device.revoked")}</p>}
      <div className={page.card}>
        <DeviceFacts device={d} />
      </div>
      <Assignments device={d} />
      <section className={page.section} aria-labelledby="recent">
        <h2 id="recent" className={page.sectionTitle}>
          {t("manage.device.actions")}
        </h2>
        <ActionRows filter={{ device: d.id }} few />
      </section>
      <Packages device={d} />
      {!d.revoked_at && (
        <section className={page.section} aria-labelledby="revoke">
          <h2 id="revoke" className={page.sectionTitle}>
            {t("manage.device.revoke_title")}
          </h2>
          <p className={page.hint}>{t("manage.device.revoke_hint")}</p>
          <Button mt="sm" variant="light" color="red" onClick={() => setRevoking(true)}>
            {t("manage.device.revoke")}
          </Button>
        </section>
      )}
      <Confirm
        danger
        opened={revoking}
        title={t("manage.device.revoke_ask", { name: d.name })}
        button={t("manage.device.revoke")}
        act={async () => {
          await devices.revoke(d.id);
          await refresh();
        }}
        onClose={() => setRevoking(false)}
      >
        {t("manage.device.revoke_text")}
      </Confirm>
    </>
  );
}

function Suspect({ device: d, onDone }: { device: ManagedDevice; onDone: () => Promise<void> }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <div className={classes.warning} role="note">
      <p>{t("manage.device.suspect")}</p>
      <Button variant="default" size="sm" onClick={() => setAsking(true)}>
        {t("manage.device.trust")}
      </Button>
      <Confirm
        opened={asking}
        title={t("manage.device.trust_ask", { name: d.name })}
        button={t("manage.device.trust")}
        act={async () => {
          await devices.trust(d.id);
          await onDone();
        }}
        onClose={() => setAsking(false)}
      >
        {t("manage.device.trust_text")}
      </Confirm>
    </div>
  );
}

function DeviceFacts({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const format = useFormat();
  const facts: Fact[] = [
    [t("manage.devices.system"), systemOf(d)],
    [t("manage.device.company"), d.company?.name],
    [t("manage.device.seen"), d.last_seen_at && format.full(d.last_seen_at)],
    [t("manage.device.booted"), d.booted_at && format.full(d.booted_at)],
    [t("manage.device.agent"), d.agent_version],
    [t("manage.device.enrolled"), format.full(d.created_at)],
    [t("manage.device.kind"), d.simulated ? t("manage.device.simulated") : undefined],
  ];
  return <FactList facts={facts} />;
}

/** The inventory as the device reported it last. */
function Packages({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const list = d.packages ?? [];
  return (
    <section className={page.section} aria-labelledby="packages">
      <h2 id="packages" className={page.sectionTitle}>
        {t("manage.device.packages")}
      </h2>
      {list.length === 0 ? (
        <p className={page.hint}>{t("manage.device.no_packages")}</p>
      ) : (
        <details className={page.card}>
          <summary>{t("manage.device.package_count", { count: list.length })}</summary>
          <ul>
            {list.map((p) => (
              <li key={`${p.manager} ${p.id}`}>
                {p.id} <span className={classes.soft}>{p.version}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Waiting() {
  return (
    <div aria-busy="true">
      <Skeleton height={34} width="50%" mb={20} />
      <Skeleton height={110} mb={16} radius="lg" />
      <Skeleton height={90} radius="lg" />
    </div>
  );
}
