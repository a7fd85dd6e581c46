import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { actionStates, operations } from "../../api/manage";
import { channels, type SentFilter, sentStates } from "../../api/messages";
import { type PeopleFilter, personStates, roles } from "../../api/people";
import type { ActionState, Operation } from "../../api/types";
import { readSearch } from "../../staff/filter";
import { oneOf } from "../one-of";
import { shell } from "./base";
import { passage, staffOnly, text } from "./checks";

const queue = createRoute({
  getParentRoute: () => shell,
  path: "/queue",
  beforeLoad: staffOnly,
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("../../staff/QueuePage"), "QueuePage"),
});

const queueTicket = createRoute({
  getParentRoute: () => queue,
  path: "$ticket",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../../staff/StaffTicketPage"), "StaffTicketPage"),
});

const manage = createRoute({
  getParentRoute: () => shell,
  path: "/manage",
  beforeLoad: ({ context, location }) => {
    staffOnly({ context });
    if (location.pathname === "/manage") throw redirect({ to: "/manage/devices" });
  },
});

const manageDevices = createRoute({
  getParentRoute: () => manage,
  path: "devices",
  validateSearch: (
    s: Record<string, unknown>,
  ): { q?: string; state?: string; system?: string } => ({
    q: text(s.q),
    state: text(s.state),
    system: text(s.system),
  }),
  component: lazyRouteComponent(() => import("../../manage/DevicesPage"), "DevicesPage"),
});

const manageDevice = createRoute({
  getParentRoute: () => manage,
  path: "devices/$device",
  component: lazyRouteComponent(() => import("../../manage/DevicePage"), "DevicePage"),
});

const manageActions = createRoute({
  getParentRoute: () => manage,
  path: "actions",
  validateSearch: (
    s: Record<string, unknown>,
  ): { device?: string; user?: string; state?: ActionState } => ({
    device: text(s.device),
    user: text(s.user),
    state: oneOf(actionStates, s.state),
  }),
  component: lazyRouteComponent(() => import("../../manage/ActionsPage"), "ActionsPage"),
});

const manageAction = createRoute({
  getParentRoute: () => manage,
  path: "actions/$action",
  component: lazyRouteComponent(() => import("../../manage/ActionPage"), "ActionPage"),
});

const manageRequests = createRoute({
  getParentRoute: () => manage,
  path: "requests",
  validateSearch: (s: Record<string, unknown>): { state?: string } => ({ state: text(s.state) }),
  component: lazyRouteComponent(() => import("../../manage/RequestsPage"), "RequestsPage"),
});

const managePeople = createRoute({
  getParentRoute: () => manage,
  path: "people",
  validateSearch: (s: Record<string, unknown>): PeopleFilter => ({
    q: text(s.q),
    company: text(s.company),
    role: oneOf(roles, s.role),
    state: oneOf(personStates, s.state),
  }),
  component: lazyRouteComponent(() => import("../../manage/PeoplePage"), "PeoplePage"),
});

const manageImport = createRoute({
  getParentRoute: () => manage,
  path: "people/import",
  component: lazyRouteComponent(() => import("../../manage/ImportPage"), "ImportPage"),
});

const managePerson = createRoute({
  getParentRoute: () => manage,
  path: "people/$user",
  component: lazyRouteComponent(() => import("../../manage/PersonPage"), "PersonPage"),
});

const manageConversation = createRoute({
  getParentRoute: () => manage,
  path: "conversations/$conversation",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../../manage/ConversationPage"), "ConversationPage"),
});

const manageNewcomers = createRoute({
  getParentRoute: () => manage,
  path: "newcomers",
  validateSearch: (s: Record<string, unknown>): { decided?: boolean } => ({
    decided: s.decided === true || undefined,
  }),
  component: lazyRouteComponent(() => import("../../manage/NewcomersPage"), "NewcomersPage"),
});

const manageCompanies = createRoute({
  getParentRoute: () => manage,
  path: "companies",
  validateSearch: (s: Record<string, unknown>): { q?: string } => ({ q: text(s.q) }),
  component: lazyRouteComponent(() => import("../../manage/CompaniesPage"), "CompaniesPage"),
});

const manageCompany = createRoute({
  getParentRoute: () => manage,
  path: "companies/$company",
  component: lazyRouteComponent(() => import("../../manage/CompanyPage"), "CompanyPage"),
});

const manageMessages = createRoute({
  getParentRoute: () => manage,
  path: "messages",
  validateSearch: (s: Record<string, unknown>): SentFilter => ({
    state: oneOf(sentStates, s.state),
    channel: oneOf(channels, s.channel),
    user: text(s.user),
  }),
  component: lazyRouteComponent(() => import("../../messages/MessagesPage"), "MessagesPage"),
});

const manageWhy = createRoute({
  getParentRoute: () => manage,
  path: "why",
  validateSearch: (
    s: Record<string, unknown>,
  ): { user?: string; device?: string; operation?: Operation; software?: string } => ({
    user: text(s.user),
    device: text(s.device),
    operation: oneOf(operations, s.operation),
    software: text(s.software),
  }),
  component: lazyRouteComponent(() => import("../../manage/WhyPage"), "WhyPage"),
});

/** Pages of technicians and admins. */
export const staff = [
  queue.addChildren([queueTicket]),
  manage.addChildren([
    manageDevices,
    manageDevice,
    manageActions,
    manageAction,
    manageRequests,
    managePeople,
    manageImport,
    managePerson,
    manageConversation,
    manageNewcomers,
    manageCompanies,
    manageCompany,
    manageMessages,
    manageWhy,
  ]),
] as const;
