import { Button, NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconMail, IconMessage2 } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { channels, messages, type Sent, type SentFilter, sentStates } from "../api/messages";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { oneOf } from "../app/one-of";
import page from "../app/page.module.css";
import { Empty, Failed, More } from "../app/states";
import { ManageNav } from "../manage/ManageNav";
import manage from "../manage/manage.module.css";
import { Rows } from "../tickets/TicketsPage";
import classes from "./messages.module.css";
import { Reason } from "./Reason";
import { useKindName } from "./useKindName";

const key = ["manage", "messages"];

/** What was sent to whom and how it went; never what it said. */
export function MessagesPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/messages" });
  const list = useInfiniteQuery({
    queryKey: [...key, search],
    queryFn: ({ pageParam }) => messages.list({ ...search, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
    refetchInterval: 10_000, // what waits moves by itself
  });
  useDocumentTitle(t("messages.title"));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const filtered = search.state || search.channel || search.user;
  return (
    <div className={page.page}>
      <ManageNav />
      <h1 className={page.title}>{t("messages.title")}</h1>
      <p className={page.lead}>{t("messages.lead")}</p>
      <Filters />
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t(filtered ? "manage.none_title" : "messages.empty_title")}>
          {t(filtered ? "manage.none_text" : "messages.empty_text")}
        </Empty>
      )}
      {items.length > 0 && (
        <ul className={page.rows}>
          {items.map((m) => (
            <li key={m.id} className={classes.message} data-message={m.state}>
              <Row message={m} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
    </div>
  );
}

function Filters() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/manage/messages" });
  const navigate = useNavigate({ from: "/manage/messages" });
  const choose = (change: SentFilter) => void navigate({ search: (s) => ({ ...s, ...change }) });
  return (
    <div className={`${page.filters} ${page.wordy}`}>
      <NativeSelect
        aria-label={t("messages.state_label")}
        value={search.state ?? ""}
        onChange={(e) => choose({ state: oneOf(sentStates, e.currentTarget.value) })}
        data={[
          { value: "", label: t("messages.any_state") },
          ...sentStates.map((s) => ({ value: s, label: t(`messages.state.${s}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("messages.channel_label")}
        value={search.channel ?? ""}
        onChange={(e) => choose({ channel: oneOf(channels, e.currentTarget.value) })}
        data={[
          { value: "", label: t("messages.any_channel") },
          ...channels.map((c) => ({ value: c, label: t(`outbox.${c}`) })),
        ]}
      />
      {search.user && (
        <Button variant="default" size="sm" onClick={() => choose({ user: undefined })}>
          {t("messages.all_people")}
        </Button>
      )}
    </div>
  );
}

function Row({ message: m }: { message: Sent }) {
  const { t } = useTranslation();
  const format = useFormat();
  const kind = useKindName();
  const Icon = m.channel === "sms" ? IconMessage2 : IconMail;
  return (
    <>
      <p className={classes.head}>
        <Icon size={18} stroke={1.7} aria-hidden="true" />
        <strong>{kind(m.template)}</strong>
        <span className={manage.mark} data-state={marks[m.state]}>
          {t(`messages.state.${m.state}`)}
        </span>
      </p>
      <p className={page.hint}>
        {m.user ? (
          <Link to="/manage/people/$user" params={{ user: m.user.id }}>
            {m.user.name}
          </Link>
        ) : null}
        {m.user && " · "}
        {m.to} · {format.full(m.at)}
        {m.ticket && (
          <>
            {" · "}
            <Link to="/queue/$ticket" params={{ ticket: m.ticket.id }}>
              #{m.ticket.number}
            </Link>
          </>
        )}
      </p>
      <Why message={m} />
      {m.again && <Again message={m} />}
    </>
  );
}

// The dots that the lists of devices and actions have.
const marks: Record<Sent["state"], string> = {
  queued: "queued",
  retrying: "unknown",
  sent: "succeeded",
  delivered: "succeeded",
  undelivered: "failed",
  failed: "failed",
  withheld: "expired",
};

/** Why it did not go out, and when it is tried again. */
function Why({ message: m }: { message: Sent }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!m.reason && !m.detail && !m.next_try_at) return null;
  return (
    <p className={classes.why}>
      <Reason reason={m.reason} detail={m.detail} />
      {m.next_try_at &&
        ` ${t("messages.next_try", { when: format.moment(m.next_try_at), tries: m.tries })}`}
    </p>
  );
}

function Again({ message: m }: { message: Sent }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const again = useMutation({
    mutationFn: () => messages.again(m.id),
    onSuccess: () => notifications.show({ message: t("messages.queued_again") }),
    onError: (err) => notifications.show({ color: "red", message: say(err) }),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
  return (
    <Button
      mt="xs"
      size="compact-sm"
      variant="default"
      loading={again.isPending}
      onClick={() => again.mutate()}
    >
      {t("messages.again")}
    </Button>
  );
}
