import { useCallback } from "react";
import { useTranslation } from "react-i18next";

/** What a kind of message is called; by its own name where a newer server knows more of them. */
export function useKindName() {
  const { t, i18n } = useTranslation();
  return useCallback(
    (name: string): string => {
      const key = `messages.kind.${name}`;
      return i18n.exists(key) ? (t as (k: string) => string)(key) : name;
    },
    [t, i18n],
  );
}
