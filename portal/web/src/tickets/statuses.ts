import { queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { statuses } from "../api/tickets";
import type { StatusInfo, StatusKind } from "../api/types";

const statusesQuery = queryOptions({
  queryKey: ["statuses"],
  queryFn: statuses.list,
  staleTime: 60_000,
});

const kinds: readonly string[] = [
  "new",
  "open",
  "pending",
  "resolved",
  "closed",
] satisfies StatusKind[];

/** The portal's statuses by name, in their order. */
export function useStatuses() {
  const { t } = useTranslation();
  const { data } = useQuery(statusesQuery);
  const find = useCallback(
    (key: string): StatusInfo => {
      const known = data?.find((s) => s.key === key);
      if (known) return known;
      // Not here yet, or a built-in one of the past that users see no more.
      const kind = kinds.includes(key) ? (key as StatusKind) : "open";
      const name = kinds.includes(key) ? t(`common.status.${kind}`) : key;
      return { key, kind, name, color: "grey" };
    },
    [data, t],
  );
  return { list: data ?? [], find };
}

/** Nobody works on a ticket of this kind any more. */
export const isDone = (kind?: StatusKind) => kind === "resolved" || kind === "closed";
