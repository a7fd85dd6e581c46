/**
 * What a tool was given or gave, for people: one line a field, without the
 * marks that tell a model where foreign text begins and ends.
 */
export function readable(value: unknown): string {
  if (typeof value === "string") {
    const inner = value.replace(/^<untrusted[^>]*>\n?|\n?<\/untrusted[^>]*>$/g, "");
    try {
      return readable(JSON.parse(inner));
    } catch {
      return inner;
    }
  }
  if (value === null || typeof value !== "object") return String(value ?? "");
  if (Array.isArray(value))
    return value.map((v) => `- ${readable(v).replaceAll("\n", "\n  ")}`).join("\n");
  return Object.entries(value)
    .map(([key, v]) => {
      const text = readable(v);
      return text.includes("\n")
        ? `${key}:\n  ${text.replaceAll("\n", "\n  ")}`
        : `${key}: ${text}`;
    })
    .join("\n");
}
