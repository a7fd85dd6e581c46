import { useTranslation } from "react-i18next";
import { OnOff } from "../admin/OnOff";
import { setSingles, useKeyState } from "./state";

/** Whether single letters are commands on this device. */
export function SingleKeys() {
  const { t } = useTranslation();
  const on = useKeyState((s) => s.singles);
  return (
    <OnOff
      name="single_keys"
      label={t("keys.singles.label")}
      text={t(on ? "keys.singles.on" : "keys.singles.off")}
      on={on}
      onChange={setSingles}
    />
  );
}
