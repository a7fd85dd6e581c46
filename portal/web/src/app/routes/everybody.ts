import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Language } from "../../api/types";
import { shell } from "./base";
import { language, passage, text } from "./checks";

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("../../chat/ChatPage"), "HomePage"),
});

const conversation = createRoute({
  getParentRoute: () => shell,
  path: "/c/$conversation",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../../chat/ChatPage"), "ChatPage"),
});

const knowledge = createRoute({
  getParentRoute: () => shell,
  path: "/articles",
  validateSearch: (s: Record<string, unknown>): { q?: string; category?: string } => ({
    q: text(s.q),
    category: text(s.category),
  }),
  component: lazyRouteComponent(() => import("../../articles/KnowledgePage"), "KnowledgePage"),
});

const article = createRoute({
  getParentRoute: () => shell,
  path: "/articles/$article",
  validateSearch: (s: Record<string, unknown>): { lang?: Language } => ({ lang: language(s.lang) }),
  component: lazyRouteComponent(() => import("../../articles/ArticlePage"), "ArticlePage"),
});

const tickets = createRoute({
  getParentRoute: () => shell,
  path: "/tickets",
  validateSearch: (s: Record<string, unknown>): { status?: string; q?: string; view?: string } => ({
    status: text(s.status),
    q: text(s.q),
    view: text(s.view),
  }),
  component: lazyRouteComponent(() => import("../../tickets/TicketsPage"), "TicketsPage"),
});

const newTicket = createRoute({
  getParentRoute: () => shell,
  path: "/tickets/new",
  component: lazyRouteComponent(() => import("../../tickets/NewTicketPage"), "NewTicketPage"),
});

const ticket = createRoute({
  getParentRoute: () => shell,
  path: "/tickets/$ticket",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../../tickets/TicketPage"), "TicketPage"),
});

const selfService = createRoute({
  getParentRoute: () => shell,
  path: "/self-service",
  validateSearch: (s: Record<string, unknown>): { device?: string } => ({ device: text(s.device) }),
  component: lazyRouteComponent(
    () => import("../../self-service/SelfServicePage"),
    "SelfServicePage",
  ),
});

const outbox = createRoute({
  getParentRoute: () => shell,
  path: "/outbox",
  component: lazyRouteComponent(() => import("../../outbox/OutboxPage"), "OutboxPage"),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: "/account",
  component: lazyRouteComponent(() => import("../../settings/AccountPage"), "AccountPage"),
});

/** Pages of whoever is logged in. */
export const everybody = [
  home,
  conversation,
  knowledge,
  article,
  tickets,
  newTicket,
  ticket,
  selfService,
  outbox,
  account,
] as const;
