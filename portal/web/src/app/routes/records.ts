import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { AuditFilter } from "../../api/audit";
import type { Language } from "../../api/types";
import { shell } from "./base";
import { adminsOnly, language, text } from "./checks";

// What the portal sends, and who did what: settings of the admins.

const adminTemplates = createRoute({
  getParentRoute: () => shell,
  path: "/admin/templates",
  beforeLoad: adminsOnly,
  component: lazyRouteComponent(() => import("../../messages/TemplatesPage"), "TemplatesPage"),
});

const adminTemplate = createRoute({
  getParentRoute: () => shell,
  path: "/admin/templates/$template",
  beforeLoad: adminsOnly,
  validateSearch: (s: Record<string, unknown>): { lang?: Language } => ({ lang: language(s.lang) }),
  component: lazyRouteComponent(() => import("../../messages/TemplatePage"), "TemplatePage"),
});

const day = (v: unknown) => (typeof v === "string" && /^\d{4}-\d\d-\d\d$/.test(v) ? v : undefined);

const adminAudit = createRoute({
  getParentRoute: () => shell,
  path: "/admin/audit",
  beforeLoad: adminsOnly,
  validateSearch: (s: Record<string, unknown>): AuditFilter => ({
    actor: text(s.actor),
    action: text(s.action),
    group: text(s.group),
    object: text(s.object),
    from: day(s.from),
    to: day(s.to),
  }),
  component: lazyRouteComponent(() => import("../../audit/AuditPage"), "AuditPage"),
});

/** What is sent, and what was done. */
export const records = [adminTemplates, adminTemplate, adminAudit] as const;
