import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { Reply, TicketDetail } from "../api/types";
import { Refusal } from "../app/states";

/** A ticket's replies: the last come with it, those before by the page. */
export function useEarlier(ticket: TicketDetail | undefined) {
  const id = ticket?.id ?? "";
  // The place where the first page began stays, however many are written after it.
  const pages = useInfiniteQuery({
    queryKey: ["tickets-earlier", id],
    queryFn: ({ pageParam }) => tickets.earlier(id, pageParam || (ticket?.earlier ?? "")),
    initialPageParam: "",
    getNextPageParam: (p) => p.next ?? undefined,
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  // What was shown stays, also when newer replies take its place in what comes with the ticket.
  const shown = useRef({ id, replies: new Map<string, Reply>() });
  if (shown.current.id !== id) shown.current = { id, replies: new Map() };
  const { replies } = shown.current;
  for (const p of pages.data?.pages ?? []) for (const r of p.items) replies.set(r.id, r);
  for (const r of ticket?.replies ?? []) replies.set(r.id, r);
  return {
    replies: [...replies.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
    more: pages.data ? Boolean(pages.hasNextPage) : Boolean(ticket?.earlier),
    loading: pages.isFetching,
    error: pages.error,
    load: () => void (pages.data ? pages.fetchNextPage() : pages.refetch()),
  };
}

/** The way to the replies before those that are shown. */
export function Earlier({ list }: { list: ReturnType<typeof useEarlier> }) {
  const { t } = useTranslation();
  if (!list.more) return null;
  return (
    <div>
      <Button variant="subtle" size="compact-md" loading={list.loading} onClick={list.load}>
        {t("queue.earlier")}
      </Button>
      <Refusal error={list.error} />
    </div>
  );
}
