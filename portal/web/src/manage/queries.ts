import { infiniteQueryOptions, queryOptions, useQueryClient } from "@tanstack/react-query";
import { catalogue, devices, people, sources } from "../api/manage";
import { companies, type PeopleFilter, users } from "../api/people";
import type { Person } from "../api/types";

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

export const companiesQuery = queryOptions({
  queryKey: ["manage", "companies"],
  queryFn: companies.all,
});

export const companyQuery = (id: string) =>
  queryOptions({
    queryKey: ["manage", "companies", id],
    queryFn: () => companies.get(id),
  });

export const peopleListQuery = (filter: PeopleFilter) =>
  infiniteQueryOptions({
    queryKey: ["admin", "users", "list", filter],
    queryFn: ({ pageParam }) => users.list({ ...filter, cursor: pageParam ?? undefined }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next ?? null,
  });

export const personQuery = (id: string) =>
  queryOptions({
    queryKey: ["manage", "person", id],
    queryFn: () => users.get(id),
    // A mail on its way arrives, or not, within moments.
    refetchInterval: (q) => (q.state.data?.welcome?.state === "queued" ? 3000 : false),
  });

export const accessQuery = (id: string) =>
  queryOptions({
    queryKey: ["manage", "access", id],
    queryFn: () => users.access(id),
    staleTime: 0, // one comes back from the very switch that decided
  });

/** What follows from a saved account: its page shows it, and lists ask again. */
export function useSavedPerson() {
  const client = useQueryClient();
  return (p: Person) => {
    client.setQueryData(personQuery(p.id).queryKey, p);
    void client.invalidateQueries({ queryKey: ["admin", "users"] });
    void client.invalidateQueries({ queryKey: accessQuery(p.id).queryKey });
  };
}

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
