import { queryOptions } from "@tanstack/react-query";
import { macros } from "../api/macros";

export const macrosQuery = queryOptions({
  queryKey: ["macros"],
  queryFn: macros.list,
  staleTime: 60_000,
});
