import { queryOptions } from "@tanstack/react-query";
import { tickets } from "../api";

export const ticketQuery = (id: string) =>
  queryOptions({
    queryKey: ["tickets", "one", id],
    queryFn: () => tickets.get(id),
    refetchInterval: 20_000,
  });

export const editsQuery = (id: string) =>
  queryOptions({
    queryKey: ["tickets", "changes", id],
    queryFn: () => tickets.changes(id),
  });

export const transcriptQuery = (id: string) =>
  queryOptions({
    queryKey: ["tickets", "transcript", id],
    queryFn: () => tickets.transcript(id),
    refetchInterval: 20_000,
  });
