import { useTranslation } from "react-i18next";
import classes from "./keycap.module.css";
import { isApple } from "./state";

/** Keys as they stand on the keyboard. */
export function Keycaps({ keys }: { keys: string[] }) {
  return (
    <span className={classes.keys}>
      {keys.map((k) => (
        <kbd key={k} className={classes.key}>
          {k}
        </kbd>
      ))}
    </span>
  );
}

/** What opens the search over all pages, on this reader's machine. */
export function usePaletteKeys(): string[] {
  const { t } = useTranslation();
  return [isApple() ? "⌘" : t("keys.ctrl"), "K"];
}
