import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shell } from "./base";
import { adminsOnly } from "./checks";

const adminPolicies = createRoute({
  getParentRoute: () => shell,
  path: "/admin",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/PoliciesPage"), "PoliciesPage"),
});

const adminStatuses = createRoute({
  getParentRoute: () => shell,
  path: "/admin/statuses",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/StatusesPage"), "StatusesPage"),
});

const adminFields = createRoute({
  getParentRoute: () => shell,
  path: "/admin/fields",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/FieldsPage"), "FieldsPage"),
});

const adminMacros = createRoute({
  getParentRoute: () => shell,
  path: "/admin/macros",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/MacrosPage"), "MacrosPage"),
});

const adminSoftware = createRoute({
  getParentRoute: () => shell,
  path: "/admin/software",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/CataloguePage"), "CataloguePage"),
});

const adminSecondFactor = createRoute({
  getParentRoute: () => shell,
  path: "/admin/second-factor",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/SecondFactorPage"), "SecondFactorPage"),
});

/** The settings. */
export const admin = [
  adminPolicies,
  adminStatuses,
  adminFields,
  adminMacros,
  adminSoftware,
  adminSecondFactor,
] as const;
