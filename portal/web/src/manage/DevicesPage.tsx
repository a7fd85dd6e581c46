import { Button, NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ManagedDevice } from "../api/manage";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { SearchField } from "../app/SearchField";
import { Empty } from "../app/states";
import { systemNames } from "../app/systems";
import { EnrolDialog } from "./EnrolDialog";
import { deviceStates, fitting, stateOf } from "./filter";
import { Listed } from "./Listed";
import { ManageNav } from "./ManageNav";
import classes from "./manage.module.css";
import { devicesQuery } from "./queries";

/** Every computer with an agent: whose it is, whether it is there, what is wrong with it. */
export function DevicesPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/devices" });
  const navigate = useNavigate({ from: "/manage/devices" });
  const list = useQuery(devicesQuery);
  const [enrolling, setEnrolling] = useState(false);
  useDocumentTitle(t("manage.devices.title"));
  const shown = fitting(list.data ?? [], search);
  const none = list.data?.length === 0;
  const add = (
    <Button
      leftSection={<IconPlus size={18} aria-hidden="true" />}
      onClick={() => setEnrolling(true)}
    >
      {t("manage.enrol.button")}
    </Button>
  );
  return (
    <div className={page.page}>
      <ManageNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("manage.devices.title")}</h1>
        {!none && add}
      </div>
      <div className={page.filters}>
        <SearchField
          label={t("manage.devices.search")}
          value={search.q}
          onSearch={(q) => void navigate({ search: (s) => ({ ...s, q }), replace: true })}
        />
        <NativeSelect
          aria-label={t("manage.devices.state")}
          value={search.state ?? ""}
          onChange={(e) => {
            const state = e.currentTarget.value || undefined;
            void navigate({ search: (s) => ({ ...s, state }) });
          }}
          data={[
            { value: "", label: t("manage.devices.any_state") },
            ...deviceStates.map((s) => ({ value: s, label: t(`manage.device_state.${s}`) })),
          ]}
        />
        <NativeSelect
          aria-label={t("manage.devices.system")}
          value={search.system ?? ""}
          onChange={(e) => {
            const system = e.currentTarget.value || undefined;
            void navigate({ search: (s) => ({ ...s, system }) });
          }}
          data={[
            { value: "", label: t("manage.devices.any_system") },
            ...Object.entries(systemNames).map(([value, label]) => ({ value, label })),
          ]}
        />
      </div>
      <Listed
        list={list}
        shown={shown}
        empty={
          <Empty title={t("manage.devices.empty_title")} action={add}>
            {t("manage.devices.empty_text")}
          </Empty>
        }
        row={(d) => <Row device={d} />}
      />
      <EnrolDialog opened={enrolling} onClose={() => setEnrolling(false)} />
    </div>
  );
}

function Row({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const users = (d.assignments ?? []).map((a) => a.user.name).join(", ");
  return (
    <Link to="/manage/devices/$device" params={{ device: d.id }} className={page.row}>
      <span className={page.rowTitle}>{d.name}</span>
      <DeviceMark device={d} />
      <span className={page.rowMeta}>
        {systemNames[d.system]} · {users || t("manage.devices.nobody")}
        {d.company && ` · ${d.company.name}`}
      </span>
    </Link>
  );
}

/** How a device stands, in a word and never in colour alone. */
export function DeviceMark({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const format = useFormat();
  const state = stateOf(d);
  return (
    <span className={classes.mark} data-state={state}>
      {t(`manage.device_state.${state}`)}
      {state === "offline" && d.last_seen_at && ` · ${format.ago(d.last_seen_at)}`}
    </span>
  );
}
