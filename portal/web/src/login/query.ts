import { queryOptions } from "@tanstack/react-query";
import { door } from "../api/people";

/** What everybody may know of the portal. */
export const doorQuery = queryOptions({
  queryKey: ["door"],
  queryFn: door,
  staleTime: 30_000,
});
