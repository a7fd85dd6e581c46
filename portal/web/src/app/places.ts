import {
  IconBook2,
  IconDeviceLaptop,
  IconDevices,
  IconInbox,
  IconMessageCircle,
  IconSettings,
  IconTicket,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Me } from "../api/types";
import { isStaff } from "./session";

export type Icon = ComponentType<{ size?: number; stroke?: number }>;

export interface Place {
  to: "/" | "/self-service" | "/tickets" | "/articles" | "/queue" | "/manage" | "/admin";
  key: "chat" | "self_service" | "tickets" | "articles" | "queue" | "manage" | "admin";
  icon: Icon;
}

/** Where this person may go. The server decides again on every call. */
export function placesFor(me: Me): Place[] {
  const chat: Place = { to: "/", key: "chat", icon: IconMessageCircle };
  const articles: Place = { to: "/articles", key: "articles", icon: IconBook2 };
  if (isStaff(me)) {
    const places: Place[] = [
      { to: "/queue", key: "queue", icon: IconInbox },
      { to: "/manage", key: "manage", icon: IconDevices },
      articles,
      chat,
    ];
    if (me.role === "admin") places.push({ to: "/admin", key: "admin", icon: IconSettings });
    return places;
  }
  const places = [chat];
  if (me.policies.self_service)
    places.push({ to: "/self-service", key: "self_service", icon: IconDeviceLaptop });
  if (me.policies.ticketing) places.push({ to: "/tickets", key: "tickets", icon: IconTicket });
  if (me.policies.knowledge_base) places.push(articles);
  return places;
}
