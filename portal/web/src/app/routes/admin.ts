import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Language } from "../../api/types";
import { shell } from "./base";
import { adminsOnly, language, staffOnly, text } from "./checks";

const adminPolicies = createRoute({
  getParentRoute: () => shell,
  path: "/admin",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../admin/PoliciesPage"), "PoliciesPage"),
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
  component: lazyRouteComponent(() => import("../../editor/ArticlesPage"), "ArticlesPage"),
});

const editArticle = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/$article",
  beforeLoad: staffOnly,
  validateSearch: (s: Record<string, unknown>): { lang?: Language; beside?: Language } => ({
    lang: language(s.lang),
    beside: language(s.beside),
  }),
  component: lazyRouteComponent(() => import("../../editor/EditorPage"), "EditorPage"),
});

const articleCategories = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/categories",
  beforeLoad: staffOnly,
  component: lazyRouteComponent(() => import("../../editor/CategoriesPage"), "CategoriesPage"),
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

/** The settings, and the editor of articles among them. */
export const admin = [
  adminPolicies,
  adminArticles,
  editArticle,
  articleCategories,
  adminStatuses,
  adminFields,
  adminMacros,
  adminSoftware,
  adminSecondFactor,
] as const;
