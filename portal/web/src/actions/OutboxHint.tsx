import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { outboxQuery } from "../outbox/query";
import classes from "./action.module.css";

/** In the demo no SMS leaves the house: says where it lies. Elsewhere nothing is shown. */
export function OutboxHint() {
  const { t } = useTranslation();
  const served = useQuery(outboxQuery).isSuccess;
  if (!served) return null;
  return (
    <p className={classes.hint}>
      <Link to="/outbox" target="_blank">
        {t("outbox.here")}
      </Link>
    </p>
  );
}
