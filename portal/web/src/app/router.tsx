import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { actionStates, operations } from "../api/manage";
import { type PeopleFilter, personStates, roles } from "../api/people";
import { Problem } from "../api/problem";
import type { ActionState, Language, Operation } from "../api/types";
import { languages } from "./i18n";
import { oneOf } from "./one-of";
import { isStaff, sessionQuery, welcome } from "./session";
import { NotFound, Nowhere, RouteFailed, Shell } from "./shell";
import { Loading } from "./states";

const root = createRootRouteWithContext<{ client: QueryClient }>()();

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (s: Record<string, unknown>): { next?: string } =>
    typeof s.next === "string" && /^\/(?!\/)/.test(s.next) ? { next: s.next } : {},
  component: lazyRouteComponent(() => import("../login/LoginPage"), "LoginPage"),
});

async function enter(client: QueryClient) {
  const known = client.getQueryData(sessionQuery.queryKey);
  const { user } = await client.ensureQueryData(sessionQuery);
  if (!known) await welcome(user);
  return { user };
}

const signedOut = (err: unknown) => err instanceof Problem && err.status === 401;

const setPassword = createRoute({
  getParentRoute: () => root,
  path: "/set-password",
  component: lazyRouteComponent(() => import("../login/SetPasswordPage"), "SetPasswordPage"),
});

// Everything below the shell needs a session.
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  errorComponent: RouteFailed,
  pendingComponent: Loading,
  beforeLoad: async ({ context, location }) => {
    try {
      return await enter(context.client);
    } catch (err) {
      if (!signedOut(err)) throw err;
      const next = location.href === "/" ? undefined : location.href;
      throw redirect({ to: "/login", search: { next } });
    }
  },
});

// Any other address: with the way around for who is logged in.
const nowhere = createRoute({
  getParentRoute: () => root,
  path: "$",
  beforeLoad: ({ context }) =>
    enter(context.client).catch((err) => {
      if (!signedOut(err)) throw err;
    }),
  component: Nowhere,
});

const staffOnly = ({ context }: { context: { user: Parameters<typeof isStaff>[0] } }) => {
  if (!isStaff(context.user)) throw redirect({ to: "/" });
};

const adminsOnly = ({ context }: { context: { user: { role: string } } }) => {
  if (context.user.role !== "admin") throw redirect({ to: "/" });
};

const language = (v: unknown) => languages.find((l) => l.code === v)?.code;
const text = (v: unknown) => (typeof v === "string" && v ? v : undefined);

export interface PassageSearch {
  article?: string;
  lang?: Language;
  at?: string;
}
const passage = (s: Record<string, unknown>): PassageSearch => ({
  article: text(s.article),
  lang: language(s.lang),
  at: text(s.at),
});

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("../chat/ChatPage"), "HomePage"),
});

const conversation = createRoute({
  getParentRoute: () => shell,
  path: "/c/$conversation",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../chat/ChatPage"), "ChatPage"),
});

const knowledge = createRoute({
  getParentRoute: () => shell,
  path: "/articles",
  validateSearch: (s: Record<string, unknown>): { q?: string; category?: string } => ({
    q: text(s.q),
    category: text(s.category),
  }),
  component: lazyRouteComponent(() => import("../articles/KnowledgePage"), "KnowledgePage"),
});

const article = createRoute({
  getParentRoute: () => shell,
  path: "/articles/$article",
  validateSearch: (s: Record<string, unknown>): { lang?: Language } => ({ lang: language(s.lang) }),
  component: lazyRouteComponent(() => import("../articles/ArticlePage"), "ArticlePage"),
});

const tickets = createRoute({
  getParentRoute: () => shell,
  path: "/tickets",
  validateSearch: (s: Record<string, unknown>): { status?: string; q?: string; view?: string } => ({
    status: text(s.status),
    q: text(s.q),
    view: text(s.view),
  }),
  component: lazyRouteComponent(() => import("../tickets/TicketsPage"), "TicketsPage"),
});

const newTicket = createRoute({
  getParentRoute: () => shell,
  path: "/tickets/new",
  component: lazyRouteComponent(() => import("../tickets/NewTicketPage"), "NewTicketPage"),
});

const ticket = createRoute({
  getParentRoute: () => shell,
  path: "/tickets/$ticket",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../tickets/TicketPage"), "TicketPage"),
});

const queue = createRoute({
  getParentRoute: () => shell,
  path: "/queue",
  beforeLoad: staffOnly,
  validateSearch: (s: Record<string, unknown>): { view?: string; status?: string; q?: string } => ({
    view: text(s.view),
    status: text(s.status),
    q: text(s.q),
  }),
  component: lazyRouteComponent(() => import("../staff/QueuePage"), "QueuePage"),
});

const queueTicket = createRoute({
  getParentRoute: () => queue,
  path: "$ticket",
  validateSearch: passage,
  component: lazyRouteComponent(() => import("../staff/StaffTicketPage"), "StaffTicketPage"),
});

const adminPolicies = createRoute({
  getParentRoute: () => shell,
  path: "/admin",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../admin/PoliciesPage"), "PoliciesPage"),
});

const adminArticles = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles",
  beforeLoad: staffOnly,
  validateSearch: (
    s: Record<string, unknown>,
  ): { state?: "draft" | "due"; category?: string; q?: string } => ({
    state: s.state === "draft" || s.state === "due" ? s.state : undefined,
    category: text(s.category),
    q: text(s.q),
  }),
  component: lazyRouteComponent(() => import("../editor/ArticlesPage"), "ArticlesPage"),
});

const editArticle = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/$article",
  beforeLoad: staffOnly,
  validateSearch: (s: Record<string, unknown>): { lang?: Language; beside?: Language } => ({
    lang: language(s.lang),
    beside: language(s.beside),
  }),
  component: lazyRouteComponent(() => import("../editor/EditorPage"), "EditorPage"),
});

const articleCategories = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/categories",
  beforeLoad: staffOnly,
  component: lazyRouteComponent(() => import("../editor/CategoriesPage"), "CategoriesPage"),
});

const adminStatuses = createRoute({
  getParentRoute: () => shell,
  path: "/admin/statuses",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../admin/StatusesPage"), "StatusesPage"),
});

const adminFields = createRoute({
  getParentRoute: () => shell,
  path: "/admin/fields",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../admin/FieldsPage"), "FieldsPage"),
});

const selfService = createRoute({
  getParentRoute: () => shell,
  path: "/self-service",
  validateSearch: (s: Record<string, unknown>): { device?: string } => ({ device: text(s.device) }),
  component: lazyRouteComponent(() => import("../self-service/SelfServicePage"), "SelfServicePage"),
});

const outbox = createRoute({
  getParentRoute: () => shell,
  path: "/outbox",
  component: lazyRouteComponent(() => import("../outbox/OutboxPage"), "OutboxPage"),
});

const adminSoftware = createRoute({
  getParentRoute: () => shell,
  path: "/admin/software",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../admin/CataloguePage"), "CataloguePage"),
});

const adminSecondFactor = createRoute({
  getParentRoute: () => shell,
  path: "/admin/second-factor",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../admin/SecondFactorPage"), "SecondFactorPage"),
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
  component: lazyRouteComponent(() => import("../manage/DevicesPage"), "DevicesPage"),
});

const manageDevice = createRoute({
  getParentRoute: () => manage,
  path: "devices/$device",
  component: lazyRouteComponent(() => import("../manage/DevicePage"), "DevicePage"),
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
  component: lazyRouteComponent(() => import("../manage/ActionsPage"), "ActionsPage"),
});

const manageAction = createRoute({
  getParentRoute: () => manage,
  path: "actions/$action",
  component: lazyRouteComponent(() => import("../manage/ActionPage"), "ActionPage"),
});

const manageRequests = createRoute({
  getParentRoute: () => manage,
  path: "requests",
  validateSearch: (s: Record<string, unknown>): { state?: string } => ({ state: text(s.state) }),
  component: lazyRouteComponent(() => import("../manage/RequestsPage"), "RequestsPage"),
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
  component: lazyRouteComponent(() => import("../manage/PeoplePage"), "PeoplePage"),
});

const manageImport = createRoute({
  getParentRoute: () => manage,
  path: "people/import",
  component: lazyRouteComponent(() => import("../manage/ImportPage"), "ImportPage"),
});

const managePerson = createRoute({
  getParentRoute: () => manage,
  path: "people/$user",
  component: lazyRouteComponent(() => import("../manage/PersonPage"), "PersonPage"),
});

const manageCompanies = createRoute({
  getParentRoute: () => manage,
  path: "companies",
  validateSearch: (s: Record<string, unknown>): { q?: string } => ({ q: text(s.q) }),
  component: lazyRouteComponent(() => import("../manage/CompaniesPage"), "CompaniesPage"),
});

const manageCompany = createRoute({
  getParentRoute: () => manage,
  path: "companies/$company",
  component: lazyRouteComponent(() => import("../manage/CompanyPage"), "CompanyPage"),
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
  component: lazyRouteComponent(() => import("../manage/WhyPage"), "WhyPage"),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: "/account",
  component: lazyRouteComponent(() => import("../settings/AccountPage"), "AccountPage"),
});

const tree = root.addChildren([
  login,
  setPassword,
  nowhere,
  shell.addChildren([
    home,
    conversation,
    knowledge,
    article,
    tickets,
    newTicket,
    ticket,
    queue.addChildren([queueTicket]),
    adminPolicies,
    adminArticles,
    editArticle,
    articleCategories,
    adminStatuses,
    adminFields,
    selfService,
    outbox,
    adminSoftware,
    adminSecondFactor,
    manage.addChildren([
      manageDevices,
      manageDevice,
      manageActions,
      manageAction,
      manageRequests,
      managePeople,
      manageImport,
      managePerson,
      manageCompanies,
      manageCompany,
      manageWhy,
    ]),
    account,
  ]),
]);

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: "intent",
    defaultPendingComponent: Loading,
    defaultErrorComponent: RouteFailed,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
