import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { categories, type EditorFilter, editor } from "../api/editor";
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
