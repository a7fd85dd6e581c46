import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { categories, type EditorFilter, editor } from "../api/editor";
import { feedback, type ReviewFilter } from "../api/feedback";
import { sources } from "../api/sources";
import type { Language } from "../api/types";

// All under ["articles"]: whoever changes one makes every list and page of them ask again.

export const rowsQuery = (filter: EditorFilter) =>
  infiniteQueryOptions({
    queryKey: ["articles", "editor", "rows", filter],
    queryFn: ({ pageParam }) => editor.list({ ...filter, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const waitingQuery = queryOptions({
  queryKey: ["articles", "editor", "waiting"],
  queryFn: editor.waiting,
});

export const editedQuery = (id: string) =>
  queryOptions({
    queryKey: ["articles", "editor", "one", id],
    queryFn: () => editor.get(id),
  });

export const revisionsQuery = (id: string, lang: Language) =>
  queryOptions({
    queryKey: ["articles", "editor", "revisions", id, lang],
    queryFn: () => editor.revisions(id, lang),
  });

export const categoriesQuery = queryOptions({
  queryKey: ["articles", "categories", "admin"],
  queryFn: categories.list,
});

export const reviewsQuery = (filter: ReviewFilter) =>
  infiniteQueryOptions({
    queryKey: ["articles", "editor", "reviews", filter],
    queryFn: ({ pageParam }) => feedback.reviews({ ...filter, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const unansweredQuery = (state: "open" | "done") =>
  infiniteQueryOptions({
    queryKey: ["articles", "editor", "unanswered", state],
    queryFn: ({ pageParam }) => feedback.unanswered({ state, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });

// While one is being fetched, the list looks again by itself.
export const sourcesQuery = queryOptions({
  queryKey: ["articles", "editor", "sources"],
  queryFn: sources.list,
  refetchInterval: (q) =>
    q.state.data?.some((s) => s.state === "new" || s.state === "syncing") ? 2000 : 30_000,
});

export const sourcePagesQuery = (id: string) =>
  queryOptions({
    queryKey: ["articles", "editor", "sources", id],
    queryFn: () => sources.pages(id),
  });
