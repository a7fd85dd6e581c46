import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import nav from "../admin/admin.module.css";
import { waitingQuery } from "./queries";

/** The parts of the knowledge base for those who look after it, and how much waits in each. */
export function EditorNav() {
  const { t } = useTranslation();
  const waiting = useQuery(waitingQuery).data;
  const active = { className: nav.here ?? "" };
  const count = (n: number | undefined) => (n ? ` (${n})` : "");
  return (
    <nav className={nav.nav} aria-label={t("knowledge.nav.label")}>
      <Link
        to="/admin/articles"
        className={nav.link}
        activeOptions={{ exact: true, includeSearch: false }}
        activeProps={active}
      >
        {t("knowledge.nav.articles")}
      </Link>
      <Link to="/admin/articles/review" className={nav.link} activeProps={active}>
        {t("knowledge.nav.review") + count(waiting?.reviews)}
      </Link>
      <Link to="/admin/articles/unanswered" className={nav.link} activeProps={active}>
        {t("knowledge.nav.unanswered") + count(waiting?.unanswered)}
      </Link>
      <Link to="/admin/articles/sources" className={nav.link} activeProps={active}>
        {t("knowledge.nav.sources")}
      </Link>
      <Link to="/admin/articles/categories" className={nav.link} activeProps={active}>
        {t("knowledge.nav.categories")}
      </Link>
    </nav>
  );
}
