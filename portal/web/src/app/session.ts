import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { session } from "../api";
import type { Language, Me } from "../api/types";
import { setLanguage } from "./i18n";
import { forgetAll } from "./keep";
import { applyBrand } from "./theme";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: session.get,
  staleTime: 30_000, // settings hold at once on the server; the screens follow soon
  refetchInterval: 60_000,
});

/** Who is logged in. Only below the shell, which does not render without. */
export function useMe(): Me {
  return useSuspenseQuery(sessionQuery).data.user;
}

export const isStaff = (me: Me) => me.role === "technician" || me.role === "admin";

/** What every log-in sets: the reader's language and the tenant's colour. */
export async function welcome(me: Me) {
  applyBrand(me.tenant.accent);
  await setLanguage(me.language);
}

export function useLogOut() {
  const client = useQueryClient();
  return async () => {
    await session.logOut().catch(() => {}); // an ended session is as good
    forgetAll();
    client.clear();
    location.assign("/login");
  };
}

export function useChangeLanguage() {
  const client = useQueryClient();
  return async (language: Language) => {
    await session.updateMe({ language });
    await setLanguage(language);
    await client.invalidateQueries();
  };
}
