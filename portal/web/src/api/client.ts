import { newID } from "../app/id";
import { Problem, problemOf } from "./problem";

type Query = Record<string, string | number | undefined>;

let onExpired: () => void = () => {};

/** The shell asks to be told when any call meets an expired session. */
export function whenSessionExpires(fn: () => void) {
  onExpired = fn;
}

export async function call<T>(
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  options: {
    query?: Query;
    body?: unknown;
    form?: FormData;
    signal?: AbortSignal;
    quiet?: boolean;
  } = {},
): Promise<T> {
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.set(key, String(value));
  }
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = newID();
  const answer = await fetch(url, {
    method,
    headers,
    body: options.form ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
    signal: options.signal,
    credentials: "same-origin",
  }).catch((err: unknown) => {
    if (err instanceof DOMException && err.name === "AbortError") throw err;
    throw new Problem("offline", 0);
  });
  const text = await answer.text();
  const body: unknown = text ? safeParse(text) : undefined;
  if (answer.ok) return body as T;
  const problem = problemOf(answer.status, body);
  // At the door 401 is an answer, and no session has ended.
  if (problem.status === 401 && !options.quiet) onExpired();
  throw problem;
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
