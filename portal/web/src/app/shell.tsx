import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import {
  IconBook2,
  IconDeviceLaptop,
  IconDevices,
  IconInbox,
  IconMessageCircle,
  IconSettings,
  IconTicket,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import {
  type ErrorComponentProps,
  Link,
  Outlet,
  useLocation,
  useRouter,
} from "@tanstack/react-router";
import type { ComponentType, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../api/types";
import { EnrolFirst } from "../settings/EnrolFirst";
import { NewPassword } from "../settings/NewPassword";
import { AccountMenu } from "./account-menu";
import { Bell } from "./bell";
import { ExpiredDialog } from "./expired";
import { isStaff, sessionQuery, useMe } from "./session";
import classes from "./shell.module.css";
import { Failed } from "./states";
import states from "./states.module.css";

interface Place {
  to: "/" | "/self-service" | "/tickets" | "/articles" | "/queue" | "/manage" | "/admin";
  key: "chat" | "self_service" | "tickets" | "articles" | "queue" | "manage" | "admin";
  icon: ComponentType<{ size?: number; stroke?: number }>;
  exact?: boolean;
}

/** Where this person may go. The server decides again on every call. */
function placesFor(me: Me): Place[] {
  const chat: Place = { to: "/", key: "chat", icon: IconMessageCircle };
  const articles: Place = { to: "/articles", key: "articles", icon: IconBook2 };
  if (isStaff(me)) {
    const places: Place[] = [
      { to: "/queue", key: "queue", icon: IconInbox },
      { to: "/manage", key: "manage", icon: IconDevices },
      articles,
      chat,
    ];
    if (me.role === "admin") places.push({ to: "/admin", key: "admin", icon: IconSettings });
    return places;
  }
  const places = [chat];
  if (me.policies.self_service)
    places.push({ to: "/self-service", key: "self_service", icon: IconDeviceLaptop });
  if (me.policies.ticketing) places.push({ to: "/tickets", key: "tickets", icon: IconTicket });
  if (me.policies.knowledge_base) places.push(articles);
  return places;
}

export function Shell({ children }: { children?: ReactNode }) {
  const { t } = useTranslation();
  const me = useMe();
  const places = placesFor(me);
  if (me.must_change) return <NewPassword me={me} />;
  if (me.must_enrol) return <EnrolFirst />;
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {t("common.nav.skip")}
      </a>
      <header className={classes.bar}>
        <Link to={isStaff(me) ? "/queue" : "/"} className={classes.brand}>
          <Bell />
          <span>{me.tenant.name}</span>
        </Link>
        <nav className={classes.nav} aria-label={t("common.nav.main")}>
          {places.map((p) => (
            <PlaceLink key={p.key} place={p} className={classes.link ?? ""} />
          ))}
        </nav>
        <AccountMenu me={me} />
      </header>
      <main id="content" className={classes.content} tabIndex={-1}>
        {children ?? <Outlet />}
      </main>
      <nav className={classes.bottom} aria-label={t("common.nav.main")}>
        {places.map((p) => (
          <PlaceLink key={p.key} place={p} className={classes.tab ?? ""} />
        ))}
      </nav>
      <ExpiredDialog me={me} />
    </div>
  );
}

function PlaceLink({ place, className }: { place: Place; className: string }) {
  const { t } = useTranslation();
  const path = useLocation({ select: (l) => l.pathname });
  const Icon = place.icon;
  const here =
    place.to === "/" ? path === "/" || path.startsWith("/c/") : path.startsWith(place.to);
  return (
    <Link
      to={place.to}
      className={className}
      data-here={here || undefined}
      aria-current={here ? "page" : undefined}
      activeOptions={{ exact: true }}
    >
      <Icon size={20} stroke={1.6} aria-hidden="true" />
      <span>{t(`common.nav.${place.key}`)}</span>
    </Link>
  );
}

export function RouteFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Failed
      error={error}
      retry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
}

/** An address that leads nowhere. The server has sent it with 404. */
export function NotFound() {
  const { t } = useTranslation();
  useDocumentTitle(t("common.state.not_found_title"));
  return (
    <div className={states.state}>
      <h1 className={states.title}>{t("common.state.not_found_title")}</h1>
      <p className={states.text}>{t("common.state.not_found_text")}</p>
      <Button component={Link} to="/" variant="default">
        {t("common.state.home")}
      </Button>
    </div>
  );
}

/** The same outside of the shell's own addresses: within it for who is logged in. */
export function Nowhere() {
  const known = useQueryClient().getQueryData(sessionQuery.queryKey);
  if (!known) {
    return (
      <main>
        <NotFound />
      </main>
    );
  }
  return (
    <Shell>
      <NotFound />
    </Shell>
  );
}
