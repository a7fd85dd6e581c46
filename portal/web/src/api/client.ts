import createClient from "openapi-fetch";
import { hear } from "../app/clock";
import { newID } from "../app/id";
import { Problem, problemOf } from "./problem";
import type { paths } from "./schema";

let onExpired: () => void = () => {};

/** The shell asks to be told when any call meets an expired session. */
export function whenSessionExpires(fn: () => void) {
  onExpired = fn;
}

/** The API as its document describes it: a change there breaks this build and not the reader. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  querySerializer: { array: { style: "form", explode: false } }, // a=1,2, as the document says
  fetch: (request: Request) =>
    fetch(request).catch((err: unknown) => {
      if (err instanceof DOMException && err.name === "AbortError") throw err;
      throw new Problem("offline", 0);
    }),
});

api.use({
  onRequest({ request }) {
    if (request.method === "POST") request.headers.set("Idempotency-Key", newID());
    return request;
  },
  onResponse({ response }) {
    hear(response.headers.get("Date"));
  },
});

/** The data of an answer, or the Problem that it is instead. */
export async function ok<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
  { quiet = false } = {},
): Promise<NonNullable<T>> {
  const { data, error, response } = await answer;
  if (response.ok) return data as NonNullable<T>;
  const problem = problemOf(response.status, error);
  // At the door 401 is an answer, and no session has ended.
  if (problem.status === 401 && !quiet) onExpired();
  throw problem;
}
