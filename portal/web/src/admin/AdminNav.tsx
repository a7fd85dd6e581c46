import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Parts } from "../app/Parts";
import { useMe } from "../app/session";
import classes from "./admin.module.css";
import { ModelTrouble } from "./ModelTrouble";
import { adminPlaces } from "./places";

/** The parts of the settings, and what an admin must know on each of them. Technicians see the knowledge base only. */
export function AdminNav() {
  return (
    <>
      <Settings />
      <ModelTrouble />
    </>
  );
}

function Settings() {
  const { t } = useTranslation();
  const active = { className: classes.here ?? "" };
  if (useMe().role !== "admin") return null;
  return (
    <Parts label={t("admin.nav")}>
      {adminPlaces.map((p) => (
        <Link
          key={p.to}
          to={p.to}
          className={classes.link}
          activeOptions={{ exact: p.to === "/admin" }}
          activeProps={active}
        >
          {t(p.label)}
        </Link>
      ))}
    </Parts>
  );
}
