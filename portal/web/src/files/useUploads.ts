import { useCallback, useEffect, useRef, useState } from "react";
import { type Attachment, files } from "../api/files";
import { asProblem, Problem } from "../api/problem";
import { newID } from "../app/id";
import { keep, kept } from "../app/keep";
import { useMe } from "../app/session";

export interface Upload {
  key: string;
  name: string;
  size: number;
  sent?: Attachment; // once the server has it
  refused?: { code: string; params?: Record<string, unknown> };
}

export interface Uploads {
  list: Upload[];
  sent: Attachment[];
  sending: boolean;
  /** Why the last files were not even begun. */
  refused?: { code: string; params?: Record<string, unknown> };
  add(chosen: File[]): void;
  remove(key: string): void;
  /** They were sent with a message: they are no draft any more. */
  clear(): void;
  /** Puts files back that a message could not be sent with. */
  restore(list: Attachment[]): void;
}

const keptOf = (a: Attachment): Upload => ({ key: a.id, name: a.name, size: a.size, sent: a });

/**
 * The files of a draft: each is sent when it is chosen, and what was sent survives a reload with
 * the text. A refused one stays in the list with the reason, and nothing else is lost.
 */
export function useUploads(draftKey: string): Uploads {
  const key = `files.${draftKey}`;
  const { max_bytes, per_message } = useMe().files;
  const [list, setList] = useState<Upload[]>(() => (kept<Attachment[]>(key) ?? []).map(keptOf));
  const [refused, setRefused] = useState<Uploads["refused"]>();
  const now = useRef(list);
  now.current = list;
  const sent = list.flatMap((u) => u.sent ?? []);
  const saved = sent.map((a) => a.id).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ids say when the list is another one
  useEffect(() => keep(key, sent.length ? sent : undefined), [key, saved]);

  const change = useCallback(
    (k: string, with_: Partial<Upload>) =>
      setList((all) => all.map((u) => (u.key === k ? { ...u, ...with_ } : u))),
    [],
  );

  const add = useCallback(
    (chosen: File[]) => {
      const room = per_message - now.current.filter((u) => !u.refused).length;
      setRefused(
        chosen.length > room ? { code: "too_many_files", params: { max: per_message } } : undefined,
      );
      for (const file of chosen.slice(0, Math.max(0, room))) {
        const u: Upload = { key: newID(), name: file.name, size: file.size };
        setList((all) => [...all, u]);
        void send(file, max_bytes).then(
          (a) => change(u.key, { sent: a }),
          (err) => {
            const { code, params } = asProblem(err);
            change(u.key, { refused: { code, params: { ...params, name: file.name } } });
          },
        );
      }
    },
    [max_bytes, per_message, change],
  );

  const remove = useCallback((k: string) => {
    const u = now.current.find((x) => x.key === k);
    setList((all) => all.filter((x) => x.key !== k));
    setRefused(undefined);
    // What nobody removes is swept.
    if (u?.sent) files.remove(u.sent.id).catch(() => {});
  }, []);

  return {
    list,
    sent,
    sending: list.some((u) => !u.sent && !u.refused),
    refused,
    add,
    remove,
    clear: useCallback(() => {
      setList([]);
      setRefused(undefined);
    }, []),
    restore: useCallback((back: Attachment[]) => {
      const have = new Set(now.current.map((u) => u.key));
      setList((all) => [...all, ...back.filter((a) => !have.has(a.id)).map(keptOf)]);
    }, []),
  };
}

async function send(file: File, most: number): Promise<Attachment> {
  if (file.size > most) {
    // Known before it is sent in vain.
    throw new Problem("file_too_large", 413, { max: Math.floor(most / 1_048_576) });
  }
  return files.send(file);
}
