import { Button, Checkbox, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconUserCheck } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { Ticket } from "../api/types";
import { useFormat } from "../app/format";
import { Empty, Failed } from "../app/states";
import { titleOf } from "../tickets/fields";
import { StatusMark } from "../tickets/StatusMark";
import { Unread } from "../tickets/Unread";
import { Bulk } from "./Bulk";
import { Filters } from "./Filters";
import { isNarrow, keyOf, queryOf, views } from "./filter";
import { SavedViews } from "./SavedViews";
import classes from "./staff.module.css";
import { nothing, useQueueSearch } from "./useQueueSearch";
import { useRowKeys } from "./useRowKeys";

/** The queue at the left; the ticket beside it. On a phone one or the other. */
export function QueuePage() {
  const { t } = useTranslation();
  const { ticket } = useParams({ strict: false });
  useDocumentTitle(t("staff.title"));
  const Title = ticket ? "h2" : "h1"; // a ticket has its own
  return (
    <div className={classes.page} data-ticket={ticket ? true : undefined}>
      <section className={classes.queue} aria-label={t("staff.title")}>
        <Title className={classes.queueTitle}>{t("staff.title")}</Title>
        <div className={classes.filters}>
          <Views />
          <SavedViews />
          <Filters />
        </div>
        <List current={ticket} />
      </section>
      <section className={classes.middle} aria-label={t("staff.ticket")}>
        {ticket ? (
          <Outlet />
        ) : (
          <Empty title={t("staff.choose_title")}>{t("staff.choose_text")}</Empty>
        )}
      </section>
    </div>
  );
}

function Views() {
  const { t } = useTranslation();
  const { search, view } = useQueueSearch();
  const plain = !isNarrow(search);
  return (
    <nav className={classes.views} aria-label={t("staff.views")}>
      {views.map((v) => (
        <Link
          key={v}
          to="."
          search={(s: object) => ({ ...s, ...nothing, view: v === "queue" ? undefined : v })}
          className={classes.view}
          data-here={(v === view && plain) || undefined}
          aria-current={v === view && plain ? "true" : undefined}
        >
          {t(`staff.view.${v}`)}
        </Link>
      ))}
    </nav>
  );
}

function List({ current }: { current?: string }) {
  const { t } = useTranslation();
  const { search } = useQueueSearch();
  const list = useInfiniteQuery({
    queryKey: ["tickets", "queue", keyOf(search)],
    queryFn: ({ pageParam }) => tickets.list({ ...queryOf(search), cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const [chosen, setChosen] = useState<string[]>();
  const rows = useRowKeys();
  if (list.isPending) return <Waiting />;
  if (list.isError) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (items.length === 0) {
    return (
      <Empty title={t("staff.empty_title")}>
        {t(isNarrow(search) ? "tickets.none_text" : "staff.empty_text")}
      </Empty>
    );
  }
  return (
    <>
      {chosen ? (
        <Bulk
          chosen={items.filter((x) => chosen.includes(x.id))}
          onDone={(failed) => setChosen(failed.length > 0 ? failed : undefined)}
          onCancel={() => setChosen(undefined)}
        />
      ) : (
        <Button
          className={classes.bulkStart}
          size="compact-sm"
          variant="subtle"
          onClick={() => setChosen([])}
        >
          {t("work.bulk.start")}
        </Button>
      )}
      <ul className={classes.list} ref={rows}>
        {items.map((x) => (
          <li key={x.id} className={chosen && classes.choosing}>
            {chosen && (
              <Checkbox
                aria-label={t("work.bulk.select", { number: x.number })}
                checked={chosen.includes(x.id)}
                disabled={chosen.length >= 100 && !chosen.includes(x.id)}
                onChange={(e) =>
                  setChosen(
                    e.currentTarget.checked
                      ? [...chosen, x.id]
                      : chosen.filter((id) => id !== x.id),
                  )
                }
              />
            )}
            <Row ticket={x} here={x.id === current} />
          </li>
        ))}
        {list.hasNextPage && (
          <li>
            <Button
              fullWidth
              variant="subtle"
              loading={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
            >
              {t("common.state.more")}
            </Button>
          </li>
        )}
      </ul>
    </>
  );
}

function Row({ ticket: x, here }: { ticket: Ticket; here: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Link
      to="/queue/$ticket"
      params={{ ticket: x.id }}
      search={(s: object) => ({ ...s, article: undefined, lang: undefined, at: undefined })}
      className={classes.row}
      data-row
      data-here={here || undefined}
      aria-current={here ? "true" : undefined}
    >
      <span className={classes.rowTop}>
        <span className={classes.rowTitle} data-unread={x.unread || undefined}>
          {x.unread && <Unread />}
          {titleOf(t, x)}
        </span>
        <span className={classes.when}>{format.ago(x.updated_at)}</span>
      </span>
      <span className={classes.meta}>
        {x.requester.name}
        {(x.company?.name ?? x.requester.company) && ` · ${x.company?.name ?? x.requester.company}`}
      </span>
      <span className={classes.meta}>
        #{x.number} · {x.status && <StatusMark status={x.status} />}
        {x.handoff !== "none" && (
          <span className={classes.handoff} data-state={x.handoff}>
            <IconUserCheck size={14} aria-hidden="true" /> {t(`common.handoff.${x.handoff}_short`)}
          </span>
        )}
      </span>
    </Link>
  );
}

function Waiting() {
  return (
    <div className={classes.list} aria-hidden="true">
      {[70, 55, 80, 60, 66].map((w) => (
        <div key={w} className={classes.row}>
          <Skeleton height={16} width={`${w}%`} mb={8} />
          <Skeleton height={12} width="50%" />
        </div>
      ))}
    </div>
  );
}
