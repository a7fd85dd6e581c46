import { Button, NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { actionsQuery } from "../actions/queries";
import { actionStates } from "../api/manage";
import { type ActionFilter, actions } from "../api/self-service";
import type { Action } from "../api/types";
import { useFormat } from "../app/format";
import { oneOf } from "../app/one-of";
import page from "../app/page.module.css";
import { Empty, Failed, More } from "../app/states";
import { Rows } from "../tickets/TicketsPage";
import { ManageNav } from "./ManageNav";
import classes from "./manage.module.css";
import { PersonPicker } from "./PeoplePicker";
import { devicesQuery } from "./queries";

/** Everything that was ever asked of a device, newest first. */
export function ActionsPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/actions" });
  const navigate = useNavigate({ from: "/manage/actions" });
  const devices = useQuery(devicesQuery);
  useDocumentTitle(t("manage.actions.title"));
  const choose = (change: typeof search) => void navigate({ search: (s) => ({ ...s, ...change }) });
  return (
    <div className={page.page}>
      <ManageNav />
      <h1 className={page.title}>{t("manage.actions.title")}</h1>
      <p className={page.lead}>{t("manage.actions.lead")}</p>
      <div className={page.filters}>
        <NativeSelect
          aria-label={t("manage.actions.state")}
          value={search.state ?? ""}
          onChange={(e) => choose({ state: oneOf(actionStates, e.currentTarget.value) })}
          data={[
            { value: "", label: t("manage.actions.any_state") },
            ...actionStates.map((s) => ({ value: s, label: t(`manage.action_state.${s}`) })),
          ]}
        />
        <NativeSelect
          aria-label={t("manage.actions.device")}
          value={search.device ?? ""}
          onChange={(e) => choose({ device: e.currentTarget.value || undefined })}
          data={[
            { value: "", label: t("manage.actions.any_device") },
            ...(devices.data ?? []).map((d) => ({ value: d.id, label: d.name })),
          ]}
        />
        <PersonPicker
          aria-label={t("manage.actions.user")}
          placeholder={t("manage.actions.any_user")}
          clearable
          value={search.user ?? null}
          onChange={(user) => choose({ user: user ?? undefined })}
        />
      </div>
      <ActionRows filter={{ ...search, state: search.state && [search.state] }} />
    </div>
  );
}

/** A list of actions; few shows only the newest, with the way to all. */
export function ActionRows({ filter, few }: { filter: ActionFilter; few?: boolean }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery({
    queryKey: [...actionsQuery.queryKey, filter],
    queryFn: ({ pageParam }) => actions.list({ ...filter, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  const all = list.data?.pages.flatMap((p) => p.items) ?? [];
  const items = few ? all.slice(0, 5) : all;
  if (list.isPending) return <Rows />;
  if (list.isError) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (items.length === 0) {
    if (few) return <p className={page.hint}>{t("manage.actions.none_here")}</p>;
    const filtered = Object.values(filter).some(Boolean);
    return (
      <Empty title={t(filtered ? "manage.none_title" : "manage.actions.empty_title")}>
        {t(filtered ? "manage.none_text" : "manage.actions.empty_text")}
      </Empty>
    );
  }
  return (
    <>
      <ul className={page.rows}>
        {items.map((a) => (
          <li key={a.id}>
            <Row action={a} />
          </li>
        ))}
      </ul>
      {few && all.length > items.length && (
        <Button
          mt="sm"
          variant="subtle"
          renderRoot={(props) => (
            <Link
              to="/manage/actions"
              search={{ device: filter.device, user: filter.user }}
              {...props}
            />
          )}
        >
          {t("manage.actions.all")}
        </Button>
      )}
      {!few && <More list={list} />}
    </>
  );
}

function Row({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Link to="/manage/actions/$action" params={{ action: a.id }} className={page.row}>
      <span className={page.rowTitle}>{a.text.title}</span>
      <ActionMark action={a} />
      <span className={page.rowMeta}>
        {a.requester.name} · {a.device.name}
        {a.ticket && ` · #${a.ticket.number}`} ·{" "}
        <time dateTime={a.proposed_at}>{format.full(a.proposed_at)}</time>
        {a.outcome === "device_verified" && ` · ${t("manage.outcome.device_verified")}`}
      </span>
    </Link>
  );
}

export function ActionMark({ action: a }: { action: Action }) {
  const { t } = useTranslation();
  return (
    <span className={classes.mark} data-state={a.state}>
      {t(`manage.action_state.${a.state}`)}
    </span>
  );
}
