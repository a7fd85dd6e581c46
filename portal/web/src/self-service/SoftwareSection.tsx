import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ActionCard } from "../actions/ActionCard";
import { useTake } from "../actions/queries";
import { actions } from "../api/self-service";
import type { Device, Software, SoftwareState } from "../api/types";
import { useErrorText } from "../app/errors";
import page from "../app/page.module.css";
import { Empty, Failed, Loading, Refusal } from "../app/states";
import { AskForSoftware } from "./AskForSoftware";
import { softwareQuery } from "./queries";
import { SoftwareIcon } from "./SoftwareIcon";
import classes from "./self.module.css";
import { useShown } from "./useShown";

/** What may be installed, how it stands on each device, and the way to ask for something else. */
export function SoftwareSection({ devices }: { devices: Device[] }) {
  const { t } = useTranslation();
  const list = useQuery(softwareQuery);
  const [chosen, setChosen] = useState<string>();
  const [search, setSearch] = useState("");
  const device = devices.find((d) => d.id === chosen) ?? devices[0];
  const found = useMemo(() => matching(list.data?.items ?? [], search), [list.data, search]);
  const all = list.data?.items.length ?? 0;
  if (!device) return null;
  return (
    <section className={page.section} aria-labelledby="software" data-software>
      <h2 id="software" className={page.sectionTitle}>
        {t("self.software")}
      </h2>
      <div className={page.filters}>
        <TextInput
          className={page.grow}
          type="search"
          aria-label={t("self.search")}
          placeholder={t("self.search")}
          leftSection={<IconSearch size={18} aria-hidden="true" />}
          value={search}
          onChange={(e) => setSearch(e.currentTarget.value)}
        />
        {devices.length > 1 && (
          <SegmentedControl
            aria-label={t("self.on_device")}
            className={classes.choice}
            value={device.id}
            onChange={setChosen}
            data={devices.map((d) => ({ value: d.id, label: d.name }))}
          />
        )}
      </div>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && all === 0 && (
        <Empty title={t("self.no_software_title")}>{t("self.no_software_text")}</Empty>
      )}
      {all > 0 && found.length === 0 && (
        <Empty title={t("self.none_title", { search })}>{t("self.none_text")}</Empty>
      )}
      {found.length > 0 && (
        <ul className={page.rows}>
          {found.map((s) => (
            <li key={`${s.id} ${device.id}`}>
              <Row software={s} device={device} />
            </li>
          ))}
        </ul>
      )}
      {list.isSuccess && <AskForSoftware device={device} name={found.length ? "" : search} />}
    </section>
  );
}

function matching(items: Software[], search: string): Software[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((s) => {
    const text = `${s.name} ${s.publisher ?? ""} ${s.description ?? ""}`.toLocaleLowerCase();
    return words.every((w) => text.includes(w));
  });
}

function Row({ software: s, device }: { software: Software; device: Device }) {
  const { t } = useTranslation();
  const take = useTake();
  const shown = useShown();
  const state = (s.states ?? []).find((x) => x.device_id === device.id);
  const may = (device.operations ?? []).find((o) => o.operation === "install_software");
  const install = useMutation({
    mutationFn: () => actions.propose(device.id, "install_software", s.id),
    onSuccess: (a) => shown.add(take(a).id),
  });
  const under = state?.state === "pending" || state?.state === "installing";
  const cards = shown.with([]);
  const running = under && state?.action_id && !cards.includes(state.action_id);
  const offered = state?.state === "available" || state?.state === "failed";
  return (
    <div className={classes.software} data-name={s.name} data-state={state?.state}>
      <SoftwareIcon software={s} />
      <div className={classes.about}>
        <p className={page.rowTitle}>{s.name}</p>
        <p className={page.rowMeta}>{[s.publisher, s.version].filter(Boolean).join(" · ")}</p>
        {s.description && <p className={classes.description}>{s.description}</p>}
        <StateText state={state} rule={may && !may.allowed ? may.rule : undefined} />
      </div>
      {offered && cards.length === 0 && may?.allowed !== false && (
        <Button
          size="sm"
          variant={state?.state === "failed" ? "default" : "light"}
          loading={install.isPending}
          aria-label={t(state?.state === "failed" ? "self.retry_named" : "self.install_named", {
            name: s.name,
          })}
          onClick={() => install.mutate()}
        >
          {t(state?.state === "failed" ? "common.state.retry" : "self.install")}
        </Button>
      )}
      {(cards.length > 0 || running || install.isError) && (
        <div className={classes.wide} ref={shown.box}>
          {cards.map((id) => (
            <ActionCard key={id} id={id} onNew={(a) => shown.add(a.id)} />
          ))}
          {running && state?.action_id && <ActionCard id={state.action_id} />}
          <Refusal error={install.error} />
        </div>
      )}
    </div>
  );
}

function StateText({ state, rule }: { state?: SoftwareState; rule?: string }) {
  const { t, i18n } = useTranslation();
  const say = useErrorText();
  if (!state) return null;
  // What the device says of a failure has words of its own.
  const device = `self.code.${state.code}`;
  const failed = i18n.exists(device) ? (t as (key: string) => string)(device) : undefined;
  const why =
    state.state === "failed" && state.code
      ? (failed ?? say({ code: state.code }))
      : rule && state.state === "available"
        ? say({ code: "policy", params: { rule } })
        : undefined;
  return (
    <p className={classes.installed} data-tone={state.state}>
      {state.state === "installed" && state.installed_version
        ? t("self.state.installed_version", { version: state.installed_version })
        : t(`self.state.${state.state}`)}
      {why && <span> {why}</span>}
    </p>
  );
}
