import { useEffect, useState } from "react";
import { serverNow } from "../app/clock";

/** The time, told anew every so often while somebody waits for it. */
export function useNow(every: number | false): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (every === false) return;
    setNow(serverNow());
    const timer = window.setInterval(() => setNow(serverNow()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}
