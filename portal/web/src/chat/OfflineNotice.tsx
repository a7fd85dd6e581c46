import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useMe } from "../app/session";
import classes from "./page.module.css";

/** Says plainly that no language model stands behind the answers. */
export function OfflineNotice() {
  const { t } = useTranslation();
  const me = useMe();
  if (!me.policies.assistant || !me.assistant.offline) return null;
  return (
    <p className={classes.offline}>
      <IconPlugConnectedX size={17} stroke={1.7} aria-hidden="true" />
      {t("chat.offline_model")}
    </p>
  );
}

/** Says that this one answer came from the built-in model, though another is connected. */
export function StandIn({ offline }: { offline?: boolean }) {
  const { t } = useTranslation();
  const me = useMe();
  if (!offline || me.assistant.offline) return null;
  return (
    <p className={classes.offline} data-stand-in>
      <IconPlugConnectedX size={17} stroke={1.7} aria-hidden="true" />
      {t("chat.model_away")}
    </p>
  );
}
