import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "../api/audit";
import { useKindName } from "../messages/useKindName";

/** What was done, in words; as the log has it where a newer server knows more. */
export function useActionName() {
  const { t, i18n } = useTranslation();
  return useCallback(
    (action: string): string => {
      const key = `audit.action.${action.replaceAll(".", "_")}`;
      return i18n.exists(key) ? (t as (k: string) => string)(key) : action;
    },
    [t, i18n],
  );
}

/** What an entry speaks of: by its name now, or by what the log says of it. */
export function useObjectName() {
  const { t, i18n } = useTranslation();
  const kind = useKindName();
  return useCallback(
    (e: LogEntry): string => {
      if (e.object_name) return e.object_name;
      const [sort = "", ...rest] = e.object.split(" ");
      const name = rest.join(" ");
      if (sort === "template") return kind(name);
      const label =
        sort === "policy"
          ? [
              `admin.policies.${name}.label`,
              `statuses.${name}.label`,
              `admin.${name}.title`,
              "statuses.title", // which of them users see is set there
            ].find((k) => i18n.exists(k))
          : undefined;
      return label ? (t as (k: string) => string)(label) : name;
    },
    [t, i18n, kind],
  );
}

/** Both in one line. */
export function useEntryTitle() {
  const action = useActionName();
  const object = useObjectName();
  return useCallback(
    (e: LogEntry): string => [action(e.action), object(e)].filter(Boolean).join(": "),
    [action, object],
  );
}

/** The kinds of objects that the actions speak of, in the order of the log's own list. */
export const groupsOf = (actions: string[]) => [
  ...new Set(actions.map((a) => a.split(".")[0] ?? "")),
];
