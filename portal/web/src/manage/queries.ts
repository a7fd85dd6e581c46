import { queryOptions } from "@tanstack/react-query";
import { admin } from "../api";
import { catalogue, devices, people, sources } from "../api/manage";
import { companies } from "../api/people";

export const devicesQuery = queryOptions({
  queryKey: ["manage", "devices"],
  queryFn: devices.all,
  refetchInterval: 15_000, // who is online changes by itself
});

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ["manage", "devices", id],
    queryFn: () => devices.get(id),
    refetchInterval: 10_000,
  });

/** The programs for new devices; they change with the server. */
export const agentsQuery = queryOptions({
  queryKey: ["manage", "agents"],
  queryFn: devices.agents,
  staleTime: 60_000,
});

export const peopleQuery = queryOptions({ queryKey: ["admin", "users"], queryFn: admin.users });

export const companiesQuery = queryOptions({
  queryKey: ["manage", "companies"],
  queryFn: companies.all,
});

export const companyQuery = (id: string) =>
  queryOptions({
    queryKey: ["manage", "companies", id],
    queryFn: () => companies.get(id),
  });

export const catalogueQuery = queryOptions({
  queryKey: ["manage", "software"],
  queryFn: catalogue.all,
});

export const sourcesQuery = queryOptions({
  queryKey: ["manage", "sources"],
  queryFn: sources.list,
});

export const factorsQuery = (id: string) =>
  queryOptions({
    queryKey: ["manage", "factors", id],
    queryFn: () => people.factors(id),
  });
