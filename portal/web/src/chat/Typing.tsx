import { IconPencil } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "./thread.module.css";

/** Who else is writing. It comes and goes too often to be read aloud. */
export function Typing({ who }: { who?: { name: string } }) {
  const { t } = useTranslation();
  return (
    <p className={classes.typing} data-typing={who ? true : undefined}>
      {who && (
        <>
          <IconPencil size={15} stroke={1.6} aria-hidden="true" />
          {t("chat.typing", { name: who.name })}
        </>
      )}
    </p>
  );
}
