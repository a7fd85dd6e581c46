import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import { formatter } from "./format";

interface Refusal {
  code: string;
  params?: Record<string, unknown>;
}

/** Puts a refusal into words of the reader's language, by its code. */
export function useErrorText() {
  const { t, i18n } = useTranslation();
  return useCallback(
    (refusal: unknown): string => {
      const { code, params = {} }: Refusal = isRefusal(refusal) ? refusal : asProblem(refusal);
      const format = formatter(i18n.language);
      const values: Record<string, unknown> = { ...params };
      const wait = Number(params.retry_after_seconds);
      values.when = wait > 0 ? format.inSeconds(wait) : t("errors.soon");
      if (typeof params.max === "number") {
        values.max = code === "too_large" ? format.bytes(params.max) : format.number(params.max);
      }
      if (Array.isArray(params.supported)) values.supported = params.supported.join(", ");
      const loose = t as (key: string, values: Record<string, unknown>) => string;
      const keys = [special(code, params), code].map((k) => `errors.${k}`);
      return loose(keys.find((k) => i18n.exists(k)) ?? "errors.internal", values);
    },
    [t, i18n],
  );
}

/** The sentence for a case in which there is something else to do, if the catalogue has one. */
function special(code: string, params: Record<string, unknown>): string {
  switch (code) {
    case "policy":
      return `policy_rule.${String(params.rule)}`;
    case "in_use":
      return `in_use_of.${String(params.what)}`;
    case "ticket_merged":
      return params.number === undefined ? code : "ticket_merged_into";
    case "too_large": // a proxy in front does not say how much it takes
      return typeof params.max === "number" ? code : "too_large_here";
    default:
      return code;
  }
}

function isRefusal(x: unknown): x is Refusal {
  return typeof x === "object" && x !== null && "code" in x && typeof x.code === "string";
}
