import { useNavigate, useSearch } from "@tanstack/react-router";
import type { QueueSearch, View } from "./filter";

/** What the queue shows, and how to change it; the open ticket stays. */
export function useQueueSearch() {
  const search = useSearch({ from: "/shell/queue" });
  const navigate = useNavigate();
  const view: View = search.view ?? "queue";
  const change = (part: Partial<QueueSearch>, replace = false) =>
    void navigate({ to: ".", search: (s: object) => ({ ...s, ...part }), replace });
  return { search, view, change };
}

/** Nothing chosen: to put under another search, so that no part of the old one stays. */
export const nothing: Record<keyof QueueSearch, undefined> = {
  view: undefined,
  status: undefined,
  q: undefined,
  company: undefined,
  priority: undefined,
  assignee: undefined,
  unread: undefined,
  field: undefined,
  updated_from: undefined,
  updated_to: undefined,
  created_from: undefined,
  created_to: undefined,
};
