import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { actions } from "../api/self-service";
import type { Action } from "../api/types";
import { askAgain } from "./card";

export const actionQuery = (id: string) =>
  queryOptions({
    queryKey: ["actions", id],
    queryFn: () => actions.get(id),
    refetchInterval: (q) => askAgain(q.state.data),
  });

export const actionsQuery = queryOptions({
  queryKey: ["actions", "list"],
  queryFn: () => actions.list({ limit: 20 }),
});

/** Puts what the ledger has answered where every card will find it. */
export function useTake() {
  const client = useQueryClient();
  return useCallback(
    (a: Action) => {
      client.setQueryData(actionQuery(a.id).queryKey, a);
      void client.invalidateQueries({ queryKey: actionsQuery.queryKey });
      void client.invalidateQueries({ queryKey: ["software"] });
      return a;
    },
    [client],
  );
}

/** One step of the person on an action. Whatever it met, the card shows what is true now. */
export function useStep<T>(id: string, step: (value: T) => Promise<Action>) {
  const client = useQueryClient();
  const take = useTake();
  return useMutation({
    mutationFn: step,
    onSuccess: take,
    onError: () => client.invalidateQueries({ queryKey: actionQuery(id).queryKey }),
  });
}
