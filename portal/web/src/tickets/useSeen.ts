import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { tickets } from "../api";
import type { TicketDetail } from "../api/types";

/** Whoever has a ticket in front of them has seen it, as far as it was shown. */
export function useSeen(ticket: TicketDetail | undefined) {
  const client = useQueryClient();
  const { id, unread, updated_at: until } = ticket ?? {};
  useEffect(() => {
    if (!id || !unread || !until) return;
    const see = () => {
      if (document.visibilityState === "hidden") return;
      document.removeEventListener("visibilitychange", see);
      tickets
        .seen(id, until)
        .then(() => client.invalidateQueries({ queryKey: ["tickets"] }))
        .catch(() => {}); // it stays marked, and is tried again at the next look
    };
    document.addEventListener("visibilitychange", see);
    see();
    return () => document.removeEventListener("visibilitychange", see);
  }, [id, unread, until, client]);
}
