import type { QueryClient } from "@tanstack/react-query";
import { createRouter } from "@tanstack/react-router";
import { admin } from "./routes/admin";
import { articles } from "./routes/articles";
import { outside, root, shell } from "./routes/base";
import { everybody } from "./routes/everybody";
import { records } from "./routes/records";
import { staff } from "./routes/staff";
import { NotFound, RouteFailed } from "./shell";
import { Loading } from "./states";

// A page has its address in the file of who may open it, under routes, and in
// pages.go for the server.
const tree = root.addChildren([
  ...outside,
  shell.addChildren([...everybody, ...staff, ...articles, ...admin, ...records]),
]);

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: "intent",
    defaultPendingComponent: Loading,
    defaultErrorComponent: RouteFailed,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
