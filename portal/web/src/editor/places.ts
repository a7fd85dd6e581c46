/** The parts of the knowledge base for those who look after it, in their order. */
export const editorPlaces = [
  { to: "/admin/articles", key: "articles" },
  { to: "/admin/articles/review", key: "review" },
  { to: "/admin/articles/unanswered", key: "unanswered" },
  { to: "/admin/articles/sources", key: "sources" },
  { to: "/admin/articles/categories", key: "categories" },
] as const;
