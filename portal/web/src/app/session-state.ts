import { create } from "zustand";
import { whenSessionExpires } from "../api/client";

/** Whether the session has ended under the reader's hands, and how often it began anew. */
export const useSessionState = create<{ expired: boolean; renewals: number }>(() => ({
  expired: false,
  renewals: 0,
}));

export const expireSession = () => useSessionState.setState({ expired: true });
export const renewSession = () =>
  useSessionState.setState((s) => ({ expired: false, renewals: s.renewals + 1 }));

whenSessionExpires(expireSession);
