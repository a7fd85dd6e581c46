import { Button, NativeSelect, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { Ticket } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, More } from "../app/states";
import { column, formQuery, titleOf } from "./fields";
import { StatusMark } from "./StatusMark";
import { useStatuses } from "./statuses";
import classes from "./tickets.module.css";
import { Unread } from "./Unread";

/** One's own tickets; a main contact sees those of the company too. */
export function TicketsPage() {
  const { t } = useTranslation();
  const me = useMe();
  const search = useSearch({ from: "/shell/tickets" });
  const navigate = useNavigate({ from: "/tickets" });
  const { list: statuses } = useStatuses();
  const form = useQuery(formQuery).data;
  const [text, setText] = useState(search.q ?? "");
  const [q] = useDebouncedValue(text.trim(), 250);
  useDocumentTitle(t("tickets.title"));

  useEffect(() => {
    if (q !== (search.q ?? "")) {
      void navigate({ search: (s) => ({ ...s, q: q || undefined }), replace: true });
    }
  }, [q, search.q, navigate]);

  const view = me.role === "main_contact" && search.view === "company" ? "company" : "mine";
  const list = useInfiniteQuery({
    queryKey: ["tickets", { view, status: search.status, q: search.q }],
    queryFn: ({ pageParam }) =>
      tickets.list({
        view,
        status: search.status ? [search.status] : undefined,
        q: search.q,
        cursor: pageParam,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const filtered = Boolean(search.q || search.status);

  return (
    <div className={page.page}>
      <div className={page.top}>
        <h1 className={page.title}>{t("tickets.title")}</h1>
        <NewTicketButton manual={me.policies.manual_tickets} />
      </div>
      <div className={page.filters}>
        {me.role === "main_contact" && (
          <SegmentedControl
            aria-label={t("tickets.view.label")}
            value={view}
            onChange={(v) => void navigate({ search: (s) => ({ ...s, view: v }) })}
            data={[
              { value: "mine", label: t("tickets.view.mine") },
              { value: "company", label: t("tickets.view.company") },
            ]}
          />
        )}
        <TextInput
          type="search"
          className={page.grow}
          aria-label={t("tickets.search")}
          placeholder={t("tickets.search")}
          leftSection={<IconSearch size={18} stroke={1.7} aria-hidden="true" />}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        {column(form, "status") && (
          <NativeSelect
            aria-label={t("tickets.status")}
            value={search.status ?? ""}
            onChange={(e) => {
              const status = e.currentTarget.value || undefined;
              void navigate({ search: (s) => ({ ...s, status }) });
            }}
            data={[
              { value: "", label: t("tickets.any_status") },
              ...statuses.map((s) => ({ value: s.key, label: s.name })),
            ]}
          />
        )}
      </div>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty
          title={filtered ? t("tickets.none_title") : t("tickets.empty_title")}
          action={
            filtered ? (
              <Button
                variant="default"
                onClick={() => {
                  setText("");
                  void navigate({ search: {} });
                }}
              >
                {t("tickets.clear")}
              </Button>
            ) : (
              <Button component={Link} to="/">
                {t("tickets.ask")}
              </Button>
            )
          }
        >
          {filtered ? t("tickets.none_text") : t("tickets.empty_text")}
        </Empty>
      )}
      {items.length > 0 && (
        <ul className={page.rows}>
          {items.map((x) => (
            <li key={x.id}>
              <Row ticket={x} company={view === "company"} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
    </div>
  );
}

// Where manual tickets are off, the way in is the chat; the server holds the rule.
function NewTicketButton({ manual }: { manual: boolean }) {
  const { t } = useTranslation();
  return manual ? (
    <Button
      component={Link}
      to="/tickets/new"
      leftSection={<IconPlus size={18} aria-hidden="true" />}
    >
      {t("tickets.new")}
    </Button>
  ) : (
    <Button component={Link} to="/" variant="light">
      {t("tickets.ask")}
    </Button>
  );
}

function Row({ ticket: x, company }: { ticket: Ticket; company: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Link to="/tickets/$ticket" params={{ ticket: x.id }} className={page.row}>
      <span className={page.rowTitle} data-unread={x.unread || undefined}>
        {x.unread && <Unread />}
        {titleOf(t, x)}
      </span>
      <span className={classes.when}>{format.ago(x.updated_at)}</span>
      <span className={page.rowMeta}>
        #{x.number}
        {x.status && (
          <>
            {" "}
            · <StatusMark status={x.status} />
          </>
        )}
        {company && ` · ${x.requester.name}`}
        {x.assignee && ` · ${t("tickets.with", { name: x.assignee.name })}`}
      </span>
    </Link>
  );
}

export function Rows() {
  return (
    <div className={page.rows} aria-hidden="true">
      {[64, 52, 71, 45].map((w) => (
        <div key={w} className={page.row}>
          <Skeleton height={18} width={`${w}%`} mb={8} />
          <Skeleton height={13} width={60} />
          <Skeleton height={13} width="34%" />
        </div>
      ))}
    </div>
  );
}
