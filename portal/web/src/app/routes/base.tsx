import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { Problem } from "../../api/problem";
import { sessionQuery, welcome } from "../session";
import { Nowhere, RouteFailed, Shell } from "../shell";
import { Loading } from "../states";

export const root = createRootRouteWithContext<{ client: QueryClient }>()();

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (s: Record<string, unknown>): { next?: string } =>
    typeof s.next === "string" && /^\/(?!\/)/.test(s.next) ? { next: s.next } : {},
  component: lazyRouteComponent(() => import("../../login/LoginPage"), "LoginPage"),
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
  component: lazyRouteComponent(() => import("../../login/SetPasswordPage"), "SetPasswordPage"),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: lazyRouteComponent(() => import("../../login/ForgotPage"), "ForgotPage"),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up",
  component: lazyRouteComponent(() => import("../../login/SignUpPage"), "SignUpPage"),
});

const confirmSignUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up/confirm",
  component: lazyRouteComponent(() => import("../../login/ConfirmPage"), "ConfirmPage"),
});

// Everything below the shell needs a session.
export const shell = createRoute({
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

/** The addresses that need no session. */
export const outside = [
  login,
  setPassword,
  forgotPassword,
  signUp,
  confirmSignUp,
  nowhere,
] as const;
