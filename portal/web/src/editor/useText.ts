import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type ArticleLanguage, type ArticleText, type EditedArticle, editor } from "../api/editor";
import { asProblem } from "../api/problem";
import type { Language } from "../api/types";
import { keep, kept } from "../app/keep";
import { editedQuery } from "./queries";

interface Mine {
  text: ArticleText;
  version: number; // of the text that it was begun from
}

export type Doing =
  | "save"
  | "overwrite"
  | "publish"
  | "withdraw"
  | "discard"
  | "restore"
  | "remove";

const empty: ArticleText = { title: "", summary: "", markdown: "" };

export const same = (a: ArticleText, b: ArticleText) =>
  a.title === b.title && a.summary === b.summary && a.markdown === b.markdown;

/** The text that the server holds: the draft, else what is published. */
export const heldBy = (l: ArticleLanguage | undefined): ArticleText => {
  const { title, summary, markdown } = l?.draft ?? l?.live ?? empty;
  return { title, summary, markdown };
};

/**
 * One language of an article under the pen. What is written stays in this
 * browser until the server has it, and knows from which text it was begun: when
 * somebody else has saved meanwhile, both are kept and shown.
 */
export function useText(article: EditedArticle, lang: Language) {
  const client = useQueryClient();
  const id = article.id;
  const key = `article.${id}.${lang}`;
  const server = article.languages.find((l) => l.lang === lang);
  const theirs = heldBy(server);
  const version = server?.version ?? 0;
  const [mine, setMine] = useState<Mine | undefined>(() => kept<Mine>(key));
  const [fromBefore] = useState(mine !== undefined);

  const dirty = mine !== undefined && !same(mine.text, theirs);
  const conflict = dirty && mine.version !== version;
  const text = dirty ? mine.text : theirs;
  const base = dirty ? mine.version : version;
  useEffect(() => keep(key, dirty ? mine : undefined), [key, mine, dirty]);

  const write = (change: Partial<ArticleText>) =>
    setMine({ text: { ...text, ...change }, version: base });
  const drop = () => setMine(undefined);

  const took = (l: ArticleLanguage | undefined) => {
    drop();
    client.setQueryData(editedQuery(id).queryKey, (a: EditedArticle | undefined) => {
      if (!a) return a;
      const others = a.languages.filter((x) => x.lang !== lang);
      return { ...a, languages: l ? [...others, l] : others };
    });
  };

  const does: Record<Doing, (change: number) => Promise<ArticleLanguage | undefined>> = {
    save: () => editor.save(id, lang, base, text),
    overwrite: () => editor.save(id, lang, version, text),
    async publish() {
      if (!dirty) return editor.publish(id, lang, version);
      const saved = await editor.save(id, lang, base, text);
      took(saved); // should publishing fail, the draft is there
      return editor.publish(id, lang, saved.version);
    },
    withdraw: () => editor.withdraw(id, lang, version),
    discard: () => editor.discard(id, lang, version),
    restore: (change) => editor.restore(id, lang, version, change),
    async remove() {
      await editor.removeLanguage(id, lang, version);
      return undefined;
    },
  };
  const run = useMutation({
    mutationFn: ({ what, change = 0 }: { what: Doing; change?: number }) => does[what](change),
    onSuccess: (l) => {
      took(l);
      void client.invalidateQueries({ queryKey: ["articles"] });
    },
    onError: (err) => {
      // Somebody was faster: fetch what they wrote, so that both can be shown.
      if (asProblem(err).code === "conflict") void client.invalidateQueries(editedQuery(id));
    },
  });
  return {
    ...{ server, text, theirs, dirty, conflict, restored: fromBefore && dirty && !conflict },
    error: conflict && asProblem(run.error).code === "conflict" ? null : run.error,
    doing: run.isPending ? run.variables.what : undefined,
    ...{ write, drop },
    run: (what: Doing, change?: number, then?: () => void) =>
      run.mutate({ what, change }, { onSuccess: then }),
  };
}

export type TextState = ReturnType<typeof useText>;
