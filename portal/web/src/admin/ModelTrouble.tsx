import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { admin } from "../api";
import { useFormat } from "../app/format";
import { useMe } from "../app/session";
import classes from "./trouble.module.css";

/** Tells admins that the configured model cannot work, and what mends it. */
export function ModelTrouble() {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const state = useQuery({
    queryKey: ["admin", "assistant"],
    queryFn: admin.assistant,
    enabled: me.role === "admin",
    refetchInterval: 60_000,
  });
  const troubles = state.data?.troubles ?? [];
  if (troubles.length === 0) return null;
  return (
    <div role="status" className={classes.trouble} data-model-trouble>
      <IconAlertTriangle size={20} stroke={1.7} aria-hidden="true" />
      <div>
        {troubles.map((trouble) => (
          <p key={trouble.model}>
            <strong>
              {t(`trouble.${trouble.reason}.what`, {
                model: trouble.model,
                since: format.full(trouble.since),
              })}
            </strong>{" "}
            {t(`trouble.${trouble.reason}.todo`)}
          </p>
        ))}
        <p>{t("trouble.meanwhile")}</p>
      </div>
    </div>
  );
}
