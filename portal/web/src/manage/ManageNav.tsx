import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import nav from "../admin/admin.module.css";

const places = ["devices", "actions", "requests", "people", "companies", "why"] as const;

/** What technicians look after besides tickets. */
export function ManageNav() {
  const { t } = useTranslation();
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
        </Link>
      ))}
    </nav>
  );
}
