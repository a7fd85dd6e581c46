import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import {
  type ErrorComponentProps,
  Link,
  Outlet,
  useLocation,
  useRouter,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Keycaps, usePaletteKeys } from "../keys/Keycap";
import { Keys } from "../keys/Keys";
import { show } from "../keys/state";
import { EnrolFirst } from "../settings/EnrolFirst";
import { NewPassword } from "../settings/NewPassword";
import { AccountMenu } from "./account-menu";
import { Bell } from "./bell";
import { ExpiredDialog } from "./expired";
import { type Place, placesFor } from "./places";
import { isStaff, sessionQuery, useMe } from "./session";
import classes from "./shell.module.css";
import { Failed } from "./states";
import states from "./states.module.css";

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
        <div className={classes.end}>
          <SearchButton />
          <AccountMenu me={me} />
        </div>
      </header>
      <main id="content" className={classes.content} tabIndex={-1}>
        {children ?? <Outlet />}
      </main>
      <nav className={classes.bottom} aria-label={t("common.nav.main")}>
        {places.map((p) => (
          <PlaceLink key={p.key} place={p} className={classes.tab ?? ""} />
        ))}
      </nav>
      <Keys />
      <ExpiredDialog me={me} />
    </div>
  );
}

/** The way to everything, for who does not know its key. */
function SearchButton() {
  const { t } = useTranslation();
  const keys = usePaletteKeys();
  return (
    <button
      type="button"
      className={classes.search}
      title={`${t("keys.palette.title")} (${keys.join(" ")})`}
      onClick={() => show("palette")}
    >
      <IconSearch size={20} stroke={1.7} aria-hidden="true" />
      <span className={classes.searchWord}>{t("keys.search")}</span>
      <span className={classes.searchKeys}>
        <Keycaps keys={keys} />
      </span>
    </button>
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
      whole
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
