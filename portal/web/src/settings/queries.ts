import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { factors } from "../api/self-service";

export const factorsQuery = queryOptions({ queryKey: ["factors"], queryFn: factors.get });

/** A change of one's factors; whatever comes of it, the page shows what is true now. */
export function useFactorChange<T, R>(change: (value: T) => Promise<R>, onDone: (r: R) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: factorsQuery.queryKey }),
  });
}
