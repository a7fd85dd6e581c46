import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { type ReviewFilter, reviewKinds, reviewStates } from "../../api/feedback";
import type { Language } from "../../api/types";
import { oneOf } from "../one-of";
import { shell } from "./base";
import { language, staffOnly, text } from "./checks";

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

const articleReview = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/review",
  beforeLoad: staffOnly,
  validateSearch: (s: Record<string, unknown>): ReviewFilter => ({
    state: oneOf(reviewStates, s.state),
    kind: oneOf(reviewKinds, s.kind),
    company: text(s.company),
    person: text(s.person),
    closed_by: text(s.closed_by),
  }),
  component: lazyRouteComponent(() => import("../../editor/ReviewPage"), "ReviewPage"),
});

const unanswered = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/unanswered",
  beforeLoad: staffOnly,
  validateSearch: (s: Record<string, unknown>): Pick<ReviewFilter, "state"> => ({
    state: oneOf(reviewStates, s.state),
  }),
  component: lazyRouteComponent(() => import("../../editor/UnansweredPage"), "UnansweredPage"),
});

const articleSources = createRoute({
  getParentRoute: () => shell,
  path: "/admin/articles/sources",
  beforeLoad: staffOnly,
  component: lazyRouteComponent(() => import("../../editor/SourcesPage"), "SourcesPage"),
});

/** The pages of those who look after the knowledge base. */
export const articles = [
  adminArticles,
  editArticle,
  articleCategories,
  articleReview,
  unanswered,
  articleSources,
] as const;
