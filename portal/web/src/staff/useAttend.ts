import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { attend, type PresenceState } from "../api/queue";

const beat = 5000; // one word counts for three of them on the server
const restsAfter = 6000;

interface Doing {
  state: PresenceState;
  at: number;
}

const stateOf = (d: Doing): PresenceState => (Date.now() - d.at < restsAfter ? d.state : "looking");

export const presenceKey = (ticket: string) => ["presence", ticket];

/**
 * Lets colleagues know that one is at a ticket and what one does there, and knows who else is. The
 * first letter of a reply takes a ticket that is nobody's; onClaim hears of it.
 */
export function useAttend(ticket: string, onClaim: () => void) {
  const client = useQueryClient();
  const doing = useRef<Doing>({ state: "looking", at: 0 });
  const others = useQuery({
    queryKey: presenceKey(ticket),
    queryFn: async () => (await attend(ticket, stateOf(doing.current))).others ?? [],
    refetchInterval: beat,
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
  useEffect(() => {
    doing.current = { state: "looking", at: 0 };
    return () => void attend(ticket, "left").catch(() => {}); // else it expires
  }, [ticket]);

  const types = useCallback(
    (kind: "reply" | "note", claim: boolean) => {
      const news = claim || stateOf(doing.current) !== kind;
      doing.current = { state: kind, at: Date.now() };
      if (!news) return;
      attend(ticket, kind, claim)
        .then((p) => {
          client.setQueryData(presenceKey(ticket), p.others ?? []);
          if (p.claimed) onClaim();
        })
        .catch(() => {}); // who writes is not held up by this
    },
    [ticket, client, onClaim],
  );
  return { others: others.data ?? [], types };
}
