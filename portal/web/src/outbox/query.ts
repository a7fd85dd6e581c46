import { queryOptions } from "@tanstack/react-query";
import { outbox } from "../api/self-service";

/** The demo's messages. Without the demo there is no such page, and that is asked once. */
export const outboxQuery = queryOptions({
  queryKey: ["outbox"],
  queryFn: outbox.list,
  retry: false,
  staleTime: 5000,
  retryOnMount: false,
});
