import { QueryClient } from "@tanstack/react-query";
import { createAppRouter } from "../src/app/router";
import { admin } from "../src/app/routes/admin";
import { articles } from "../src/app/routes/articles";
import { outside } from "../src/app/routes/base";
import { everybody } from "../src/app/routes/everybody";
import { records } from "../src/app/routes/records";
import { staff } from "../src/app/routes/staff";

/** Who looks at the pages: a user, a technician, an admin, and one without a session. */
export const people = ["ben", "tess", "adam"] as const;
export type Who = (typeof people)[number] | "nobody";

interface Route {
  fullPath: string;
  children?: readonly Route[];
  options: { component?: unknown };
}

/** Every address pattern that the application's own router knows. */
export function everyPattern(): string[] {
  return Object.keys(createAppRouter(new QueryClient()).routesByPath);
}

// A route has its place in the file of who may open it, and so it is visited by all of these.
const groups: { of: Who[]; routes: readonly unknown[] }[] = [
  { of: ["nobody"], routes: outside },
  { of: ["ben", "tess", "adam"], routes: everybody },
  { of: ["tess", "adam"], routes: [...staff, ...articles] },
  { of: ["adam"], routes: [...admin, ...records] },
];

const all = (routes: readonly Route[]): Route[] =>
  routes.flatMap((r) => [r, ...all(r.children ?? [])]);

/** Patterns that show no page of their own: the one for any other address, and a mere redirect. */
export const pageless = ["/$", "/manage"];

/** The patterns of the pages that somebody may open. */
export function patternsOf(who: Who): string[] {
  everyPattern(); // gives the routes their full paths
  return groups
    .filter((g) => g.of.includes(who))
    .flatMap((g) => all(g.routes as readonly Route[]))
    .map((r) => r.fullPath)
    .filter((path) => !pageless.includes(path));
}
