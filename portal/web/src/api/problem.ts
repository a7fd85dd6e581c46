/** What the server refused, or what kept us from asking it. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly params: Record<string, unknown> = {},
    readonly field?: string,
  ) {
    super(code);
    this.name = "Problem";
  }
}

/** Reads an RFC 9457 body; anything else becomes a code of our own. */
export function problemOf(status: number, body: unknown): Problem {
  if (body && typeof body === "object" && "code" in body && typeof body.code === "string") {
    const b = body as { code: string; field?: string; params?: Record<string, unknown> };
    return new Problem(b.code, status, b.params ?? {}, b.field || undefined);
  }
  if (status === 401) return new Problem("session_expired", status);
  if (status === 413) return new Problem("too_large", status);
  if (status === 404) return new Problem("not_found", status);
  if (status === 429) return new Problem("rate_limited", status);
  if (status >= 502) return new Problem("unavailable", status);
  return new Problem("internal", status);
}

export function asProblem(err: unknown): Problem {
  if (err instanceof Problem) return err;
  return new Problem("internal", 0);
}
