/** What technicians look after besides tickets, in its order. */
export const managePlaces = [
  "devices",
  "actions",
  "requests",
  "people",
  "newcomers",
  "companies",
  "messages",
  "why",
] as const;
