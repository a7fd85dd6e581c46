import { useMantineColorScheme } from "@mantine/core";
import {
  IconBooks,
  IconDevices,
  IconKeyboard,
  IconLanguage,
  IconLogout,
  IconMailbox,
  IconMessagePlus,
  IconPoint,
  IconSettings,
  IconSunMoon,
  IconTicket,
  IconUserCog,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { adminPlaces } from "../admin/places";
import type { Me } from "../api/types";
import { languages } from "../app/i18n";
import { type Icon, placesFor } from "../app/places";
import { isStaff, useChangeLanguage, useLogOut } from "../app/session";
import { editorPlaces } from "../editor/places";
import { managePlaces } from "../manage/places";
import { outboxQuery } from "../outbox/query";
import { offered } from "./shortcuts";
import { show } from "./state";
import { names } from "./words";

export type Group =
  | "here"
  | "command"
  | "recent"
  | "ticket"
  | "page"
  | "article"
  | "person"
  | "device"
  | "conversation";

/** One line of the palette. */
export interface Entry {
  id: string;
  group: Group;
  icon: Icon;
  label: string;
  detail?: string;
  lang?: string;
  /** The key that does the same. */
  keys?: string[];
  /** Only when it is searched for: there are many of its kind. */
  asked?: boolean;
  run: () => void;
}

/** What can be done, and where one may go. */
export function useCommands(me: Me): Entry[] {
  return [...useHere(), ...useActions(me), ...usePages(me)];
}

/** What the page below offers by a key; for who has no keyboard, too. */
function useHere(): Entry[] {
  const { t } = useTranslation();
  return offered()
    .filter((s) => !s.moves)
    .map((s) => ({
      id: `here.${s.name}`,
      group: "here",
      icon: IconPoint,
      label: t(names[s.name]),
      keys: [s.key.toUpperCase()],
      run: s.run,
    }));
}

function useActions(me: Me): Entry[] {
  const { t } = useTranslation();
  const { navigate } = useRouter();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const changeLanguage = useChangeLanguage();
  const logOut = useLogOut();
  const action = (id: string, icon: Icon, label: string, run: () => unknown): Entry => ({
    id,
    group: "command",
    icon,
    label,
    run: () => void run(),
  });
  const list = [
    action("conversation", IconMessagePlus, t("chat.side.new"), () =>
      navigate({ to: "/" }).then(toContent),
    ),
  ];
  if (me.policies.ticketing && me.policies.manual_tickets)
    list.push(
      action("ticket", IconTicket, t("tickets.new"), () =>
        navigate({ to: "/tickets/new" }).then(toContent),
      ),
    );
  list.push(action("keys", IconKeyboard, t("keys.sheet.title"), () => show("sheet")));
  for (const s of ["auto", "light", "dark"] as const) {
    if (s === colorScheme) continue;
    const label = `${t("common.scheme.label")}: ${t(`common.scheme.${s}`)}`;
    list.push({ ...action(s, IconSunMoon, label, () => setColorScheme(s)), asked: true });
  }
  for (const l of languages) {
    if (l.code === me.language) continue;
    const label = `${t("login.language")}: ${l.name}`;
    list.push({
      ...action(l.code, IconLanguage, label, () => changeLanguage(l.code)),
      asked: true,
    });
  }
  list.push(action("log-out", IconLogout, t("common.nav.log_out"), logOut));
  return list;
}

function usePages(me: Me): Entry[] {
  const { t } = useTranslation();
  const { navigate } = useRouter();
  const outbox = useQuery(outboxQuery).isSuccess;
  const page = (to: string, icon: Icon, label: string, detail?: string): Entry => ({
    id: `page.${to}`,
    group: "page",
    icon,
    label,
    detail,
    run: () => void navigate({ to }).then(toContent),
  });
  const list = placesFor(me).map((p) => page(p.to, p.icon, t(`common.nav.${p.key}`)));
  if (isStaff(me)) {
    for (const p of managePlaces)
      list.push(page(`/manage/${p}`, IconDevices, t(`manage.nav.${p}`), t("common.nav.manage")));
    for (const p of editorPlaces)
      list.push(page(p.to, IconBooks, t(`knowledge.nav.${p.key}`), t("knowledge.nav.label")));
  }
  if (me.role === "admin")
    for (const p of adminPlaces)
      list.push(page(p.to, IconSettings, t(p.label), t("common.nav.admin")));
  list.push(page("/account", IconUserCog, t("common.nav.profile")));
  if (outbox) list.push(page("/outbox", IconMailbox, t("outbox.title")));
  // The knowledge base and the start of the settings stand in two lists.
  return list.filter((x, i) => list.findIndex((y) => y.id === x.id) === i);
}

/** A page that has not put the focus into itself is read from its beginning. */
export function toContent() {
  const content = document.getElementById("content");
  if (!content?.contains(document.activeElement)) content?.focus();
}
