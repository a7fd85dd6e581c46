import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@fontsource-variable/atkinson-hyperlegible-next/wght.css";
import "@fontsource-variable/atkinson-hyperlegible-next/wght-italic.css";
import "@fontsource-variable/newsreader/wght.css";
import "./styles/tokens.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/problem";
import { guessLanguage, startI18n } from "./app/i18n";
import { createAppRouter } from "./app/router";
import { schemeManager } from "./app/scheme";
import { cssVariablesResolver, theme } from "./app/theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server has refused it will refuse again; a lost line may come back.
      retry: (count, err) =>
        count < 2 && !(err instanceof Problem && err.status >= 400 && err.status < 500),
      staleTime: 5000,
    },
  },
});

async function start() {
  await startI18n(guessLanguage());
  const root = document.getElementById("root");
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariablesResolver}
        colorSchemeManager={schemeManager()}
        defaultColorScheme="auto"
      >
        <QueryClientProvider client={client}>
          <RouterProvider router={createAppRouter(client)} />
          <Notifications position="bottom-center" limit={3} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

void start();
