/** The parts of the settings, in their order. */
export const adminPlaces = [
  { to: "/admin", label: "admin.policies.title" },
  { to: "/admin/statuses", label: "statuses.title" },
  { to: "/admin/fields", label: "fields.title" },
  { to: "/admin/macros", label: "queue.macro.title" },
  { to: "/admin/articles", label: "editor.nav" },
  { to: "/admin/software", label: "admin.software.title" },
  { to: "/admin/templates", label: "messages.templates.nav" },
  { to: "/admin/audit", label: "audit.title" },
  { to: "/admin/second-factor", label: "admin.second_factor.title" },
] as const;
