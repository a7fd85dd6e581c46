import { useEffect, useState } from "react";

/**
 * What stands after the # of a mailed link: it is sent to no server by itself,
 * and leaves the address bar and the history here.
 */
export function useHashToken(): string {
  const [token] = useState(() => location.hash.slice(1));
  useEffect(() => {
    history.replaceState(history.state, "", location.pathname);
  }, []);
  return token;
}
