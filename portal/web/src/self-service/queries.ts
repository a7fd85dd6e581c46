import { queryOptions } from "@tanstack/react-query";
import { devices, software } from "../api/self-service";

export const devicesQuery = queryOptions({
  queryKey: ["devices", "mine"],
  queryFn: devices.mine,
  refetchInterval: 15_000,
});

// While something is on its way its state is asked for more often; that it is there, the device
// itself tells a moment after the installation.
export const softwareQuery = queryOptions({
  queryKey: ["software"],
  queryFn: software.list,
  refetchInterval: (q) =>
    q.state.data?.items.some((x) =>
      (x.states ?? []).some((s) => s.state === "pending" || s.state === "installing"),
    )
      ? 4000
      : 10_000,
});

export const requestsQuery = queryOptions({
  queryKey: ["software-requests"],
  queryFn: software.requests,
});
