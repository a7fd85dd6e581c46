import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useMe } from "../app/session";
import classes from "./admin.module.css";
import { ModelTrouble } from "./ModelTrouble";

/** The parts of the settings, and what an admin must know on each of them. Technicians see the knowledge base only. */
export function AdminNav() {
  return (
    <>
      <Parts />
      <ModelTrouble />
    </>
  );
}

function Parts() {
  const { t } = useTranslation();
  const active = { className: classes.here ?? "" };
  if (useMe().role !== "admin") return null;
  return (
    <nav className={classes.nav} aria-label={t("admin.nav")}>
      <Link
        to="/admin"
        className={classes.link}
        activeOptions={{ exact: true }}
        activeProps={active}
      >
        {t("admin.policies.title")}
      </Link>
      <Link to="/admin/statuses" className={classes.link} activeProps={active}>
        {t("statuses.title")}
      </Link>
      <Link to="/admin/fields" className={classes.link} activeProps={active}>
        {t("fields.title")}
      </Link>
      <Link to="/admin/macros" className={classes.link} activeProps={active}>
        {t("queue.macro.title")}
      </Link>
      <Link to="/admin/articles" className={classes.link} activeProps={active}>
        {t("editor.nav")}
      </Link>
      <Link to="/admin/software" className={classes.link} activeProps={active}>
        {t("admin.software.title")}
      </Link>
      <Link to="/admin/templates" className={classes.link} activeProps={active}>
        {t("messages.templates.nav")}
      </Link>
      <Link to="/admin/audit" className={classes.link} activeProps={active}>
        {t("audit.title")}
      </Link>
      <Link to="/admin/second-factor" className={classes.link} activeProps={active}>
        {t("admin.second_factor.title")}
      </Link>
    </nav>
  );
}
