import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import nav from "../admin/admin.module.css";
import { newcomers } from "../api/people";

const places = [
  "devices",
  "actions",
  "requests",
  "people",
  "newcomers",
  "companies",
  "messages",
  "why",
] as const;

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
    <nav className={nav.nav} aria-label={t("manage.nav.label")}>
      {places.map((p) => (
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
    </nav>
  );
}
