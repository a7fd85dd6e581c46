// How far this computer's clock is ahead of the server's, in ms.
let ahead = 0;

/** Takes the time of an answer. It has whole seconds, and the way takes some too. */
export function hear(date: string | null) {
  const off = Date.now() - Date.parse(date ?? "");
  if (!Number.isNaN(off)) ahead = Math.abs(off) < 3000 ? 0 : off;
}

/** What time it is for the server, whose deadlines count: a wrong clock here moves none. */
export const serverNow = () => Date.now() - ahead;
