import { Button, SegmentedControl, Select, Textarea } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Wanted, wanted } from "../api/manage";
import { Dialog } from "../app/Dialog";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, More, Refusal } from "../app/states";
import { systemNames } from "../app/systems";
import { Rows } from "../tickets/TicketsPage";
import { offered } from "./catalogue";
import { ManageNav } from "./ManageNav";
import classes from "./manage.module.css";
import { catalogueQuery } from "./queries";

const views = ["open", "approved", "declined"] as const;

/** Programs that people asked for and that are not in the catalogue for them. */
export function RequestsPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/requests" });
  const navigate = useNavigate({ from: "/manage/requests" });
  const view = views.find((v) => v === search.state) ?? "open";
  const [decide, setDecide] = useState<{ request: Wanted; how: "approve" | "decline" }>();
  const list = useInfiniteQuery({
    queryKey: ["manage", "requests", view],
    queryFn: ({ pageParam }) => wanted.list({ state: view, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
    refetchInterval: 20_000,
  });
  useDocumentTitle(t("manage.requests.title"));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className={page.page}>
      <ManageNav />
      <h1 className={page.title}>{t("manage.requests.title")}</h1>
      <p className={page.lead}>{t("manage.requests.lead")}</p>
      <div className={page.filters}>
        <SegmentedControl
          aria-label={t("manage.requests.state")}
          value={view}
          onChange={(state) => void navigate({ search: { state } })}
          data={views.map((v) => ({ value: v, label: t(`manage.request_state.${v}`) }))}
        />
      </div>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t("manage.requests.empty_title")}>{t("manage.requests.empty_text")}</Empty>
      )}
      {items.map((r) => (
        <Request key={r.id} request={r} onDecide={(how) => setDecide({ request: r, how })} />
      ))}
      <More list={list} />
      <Dialog
        opened={decide !== undefined}
        onClose={() => setDecide(undefined)}
        title={
          decide &&
          t(
            decide.how === "approve"
              ? "manage.requests.approve_title"
              : "manage.requests.decline_title",
            {
              name: decide.request.name,
            },
          )
        }
      >
        {decide?.how === "approve" && (
          <Approve request={decide.request} onDone={() => setDecide(undefined)} />
        )}
        {decide?.how === "decline" && (
          <Decline request={decide.request} onDone={() => setDecide(undefined)} />
        )}
      </Dialog>
    </div>
  );
}

function Request(props: { request: Wanted; onDecide: (how: "approve" | "decline") => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const r = props.request;
  return (
    <article className={page.card} data-request={r.name}>
      <div className={classes.commandHead}>
        <h2 className={page.cardTitle}>{r.name}</h2>
        <span className={classes.mark} data-state={r.state}>
          {t(`manage.request_state.${r.state}`)}
        </span>
      </div>
      <p className={page.hint}>
        {r.requester.name}
        {r.requester.company && ` · ${r.requester.company}`}
        {r.device && ` · ${r.device.name} (${systemNames[r.device.system]})`} ·{" "}
        {format.full(r.created_at)}
        {r.ticket && (
          <>
            {" · "}
            <Link to="/queue/$ticket" params={{ ticket: r.ticket.id }}>
              #{r.ticket.number}
            </Link>
          </>
        )}
      </p>
      {r.reason && <p>{r.reason}</p>}
      {r.state === "open" ? (
        <div className={page.actions} style={{ marginTop: "0.8rem" }}>
          <Button size="sm" onClick={() => props.onDecide("approve")}>
            {t("manage.requests.approve")}
          </Button>
          <Button size="sm" variant="default" onClick={() => props.onDecide("decline")}>
            {t("manage.requests.decline")}
          </Button>
        </div>
      ) : (
        <p className={page.hint}>
          {[r.decided_by?.name, r.software?.name, r.answer].filter(Boolean).join(" · ")}
        </p>
      )}
    </article>
  );
}

interface DecideProps {
  request: Wanted;
  onDone: () => void;
}

function useDecided(onDone: () => void, message: string) {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ["manage", "requests"] });
    void client.invalidateQueries({ queryKey: ["tickets"] });
    notifications.show({ message });
    onDone();
  };
}

function Approve({ request: r, onDone }: DecideProps) {
  const { t } = useTranslation();
  const me = useMe();
  const [software, setSoftware] = useState<string | null>(null);
  const list = useQuery(catalogueQuery);
  const done = useDecided(onDone, t("manage.requests.approved"));
  const approve = useMutation({
    mutationFn: () => wanted.approve(r.id, software ?? ""),
    onSuccess: done,
  });
  const fit = offered(list.data ?? [], r.device?.system);
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (software) approve.mutate();
      }}
    >
      <p className={page.hint}>{t("manage.requests.approve_text", { name: r.requester.name })}</p>
      <Select
        label={t("manage.requests.entry")}
        description={t("manage.requests.entry_hint")}
        searchable
        value={software}
        onChange={setSoftware}
        nothingFoundMessage={t("manage.none_title")}
        data={fit.map((e) => ({ value: e.id, label: e.name }))}
      />
      {me.role === "admin" && <Link to="/admin/software">{t("manage.requests.to_catalogue")}</Link>}
      <Refusal error={approve.error ?? list.error} />
      <div className={page.actions}>
        <Button type="submit" loading={approve.isPending} disabled={!software}>
          {t("manage.requests.approve")}
        </Button>
      </div>
    </form>
  );
}

function Decline({ request: r, onDone }: DecideProps) {
  const { t } = useTranslation();
  const [answer, setAnswer] = useState("");
  const done = useDecided(onDone, t("manage.requests.declined"));
  const decline = useMutation({
    mutationFn: () => wanted.decline(r.id, answer.trim()),
    onSuccess: done,
  });
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (answer.trim()) decline.mutate();
      }}
    >
      <Textarea
        label={t("manage.requests.answer", { name: r.requester.name })}
        description={t("manage.requests.answer_hint")}
        required
        rows={4}
        maxLength={2000}
        value={answer}
        onChange={(e) => setAnswer(e.currentTarget.value)}
      />
      <Refusal error={decline.error} />
      <div className={page.actions}>
        <Button type="submit" loading={decline.isPending} disabled={!answer.trim()}>
          {t("manage.requests.decline")}
        </Button>
      </div>
    </form>
  );
}
