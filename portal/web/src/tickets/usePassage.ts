import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Citation } from "../api/types";
import type { PassageSearch } from "../app/routes/checks";

/** The passage that stands open beside this page, kept in the address. */
export function usePassage() {
  const { article, lang, at } = useSearch({ strict: false }) as PassageSearch;
  const navigate = useNavigate();
  const open = useCallback(
    (c: Citation) =>
      void navigate({
        to: ".",
        search: (s: object) => ({ ...s, article: c.article, lang: c.lang, at: c.anchor }),
      }),
    [navigate],
  );
  const close = useCallback(
    () =>
      void navigate({
        to: ".",
        search: (s: object) => ({ ...s, article: undefined, lang: undefined, at: undefined }),
      }),
    [navigate],
  );
  return { shown: article ? { article, lang, at } : undefined, open, close };
}
