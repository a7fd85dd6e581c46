import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import nav from "../admin/admin.module.css";
import { Parts } from "../app/Parts";
import { editorPlaces } from "./places";
import { waitingQuery } from "./queries";

/** The parts of the knowledge base for those who look after it, and how much waits in each. */
export function EditorNav() {
  const { t } = useTranslation();
  const waiting = useQuery(waitingQuery).data;
  const active = { className: nav.here ?? "" };
  const count = (n: number | undefined) => (n ? ` (${n})` : "");
  return (
    <Parts label={t("knowledge.nav.label")}>
      {editorPlaces.map((p) => (
        <Link
          key={p.to}
          to={p.to}
          className={nav.link}
          activeOptions={{ exact: p.key === "articles", includeSearch: false }}
          activeProps={active}
        >
          {t(`knowledge.nav.${p.key}`)}
          {p.key === "review" && count(waiting?.reviews)}
          {p.key === "unanswered" && count(waiting?.unanswered)}
        </Link>
      ))}
    </Parts>
  );
}
