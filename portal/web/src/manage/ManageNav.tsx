import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import nav from "../admin/admin.module.css";
import { newcomers } from "../api/people";
import { Parts } from "../app/Parts";
import { managePlaces } from "./places";

/** What technicians look after besides tickets. */
export function ManageNav() {
  const { t } = useTranslation();
  // Who waits on the review list must not wait for somebody to look by chance.
  const waiting = useQuery({
    queryKey: ["manage", "newcomers", "count"],
    queryFn: async () => (await newcomers.list({})).items.length,
    refetchInterval: 60_000,
  });
  return (
    <Parts label={t("manage.nav.label")}>
      {managePlaces.map((p) => (
        <Link
          key={p}
          to={`/manage/${p}`}
          className={nav.link}
          activeProps={{ className: nav.here ?? "" }}
        >
          {t(`manage.nav.${p}`)}
          {p === "newcomers" && Boolean(waiting.data) && ` (${waiting.data})`}
        </Link>
      ))}
    </Parts>
  );
}
