import { useEffect, useState } from "react";

/** The time, told anew every so often while somebody waits for it. */
export function useNow(every: number | false): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (every === false) return;
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}
