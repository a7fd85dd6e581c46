// What must survive a reload: drafts and messages that the server has not yet
// acknowledged. One prefix, so that logging out forgets everything at once.
const prefix = "conserje.kept.";

function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined; // blocked by the browser's settings: nothing survives, nothing breaks
  }
}

export function keep(key: string, value: unknown) {
  try {
    if (value === undefined || value === "") storage()?.removeItem(prefix + key);
    else storage()?.setItem(prefix + key, JSON.stringify(value));
  } catch {
    // full: the text is still on screen
  }
}

export function kept<T>(key: string): T | undefined {
  try {
    const raw = storage()?.getItem(prefix + key);
    return raw ? (JSON.parse(raw) as T) : undefined;
  } catch {
    return undefined;
  }
}

/** At log-out nothing of the person stays on the machine; the language may. */
export function forgetAll() {
  const s = storage();
  if (!s) return;
  for (const key of Object.keys(s)) {
    if (key.startsWith(prefix) && key !== `${prefix}language`) s.removeItem(key);
  }
}
