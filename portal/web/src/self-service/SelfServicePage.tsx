import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isOver } from "../actions/card";
import { actionsQuery } from "../actions/queries";
import { useErrorText } from "../app/errors";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, Loading } from "../app/states";
import { DeviceSection } from "./DeviceSection";
import { devicesQuery } from "./queries";
import { Recent } from "./Recent";
import { SoftwareSection } from "./SoftwareSection";

/** What one may do on one's own devices, without asking anybody. */
export function SelfServicePage() {
  const { t } = useTranslation();
  const say = useErrorText();
  const me = useMe();
  useDocumentTitle(t("self.title"));
  return (
    <div className={page.page}>
      <h1 className={page.title}>{t("self.title")}</h1>
      {me.policies.self_service ? (
        <>
          <p className={page.lead}>{t("self.lead")}</p>
          <Content />
        </>
      ) : (
        <Empty
          title={t("common.state.refused_title")}
          action={
            <Button component={Link} to="/" variant="default">
              {t("tickets.ask")}
            </Button>
          }
        >
          {say({ code: "policy", params: { rule: "self_service" } })}
        </Empty>
      )}
    </div>
  );
}

function Content() {
  const { t } = useTranslation();
  const { device: wanted } = useSearch({ from: "/shell/self-service" });
  const devices = useQuery(devicesQuery);
  const actions = useQuery({ ...actionsQuery, refetchInterval: 20_000 });
  const open = actions.data?.items.filter((a) => !isOver(a)) ?? [];
  const own = devices.data?.items ?? [];
  return (
    <>
      <section aria-labelledby="devices">
        <h2 id="devices" className={page.sectionTitle}>
          {t("self.devices")}
        </h2>
        {devices.isPending && <Loading />}
        {devices.isError && <Failed error={devices.error} retry={() => void devices.refetch()} />}
        {devices.isSuccess && own.length === 0 && (
          <Empty
            title={t("self.no_devices_title")}
            action={
              <Button component={Link} to="/" variant="default">
                {t("tickets.ask")}
              </Button>
            }
          >
            {t("self.no_devices_text")}
          </Empty>
        )}
        {own.map((d) => (
          <DeviceSection
            key={d.id}
            device={d}
            open={open.filter((a) => a.device.id === d.id)}
            wanted={wanted === d.id}
          />
        ))}
      </section>
      {own.length > 0 && <SoftwareSection devices={own} />}
      <Recent actions={actions} />
    </>
  );
}
