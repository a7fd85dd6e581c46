import type { AuditFilter } from "../api/audit";

/** The filter as it stands in the address: from and to are days of the reader's own calendar. */
export type Days = AuditFilter;

/** The filter as the server takes it: both days are meant whole. */
export function filterOf({ from, to, ...rest }: Days): AuditFilter {
  const start = (day: string, later = 0) => {
    const [y = 0, m = 1, d = 1] = day.split("-").map(Number);
    return new Date(y, m - 1, d + later).toISOString();
  };
  return { ...rest, from: from && start(from), to: to && start(to, 1) };
}
