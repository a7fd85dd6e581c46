import {
  IconArticle,
  IconDeviceLaptop,
  IconMessages,
  IconTicket,
  IconUser,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { articles, conversations, tickets } from "../api";
import { users } from "../api/people";
import type { Me, Ticket } from "../api/types";
import { currentLanguage } from "../app/i18n";
import { isStaff } from "../app/session";
import { fitting } from "../manage/filter";
import { devicesQuery } from "../manage/queries";
import { titleOf } from "../tickets/fields";
import { useStatuses } from "../tickets/statuses";
import { type Entry, toContent } from "./commands";
import { matching } from "./match";

const shown = 5;

interface Found {
  entries: Entry[];
  searching: boolean;
  failed: boolean;
}

/** What the portal knows of what was typed, as far as this reader may see it. */
export function useFound(me: Me, q: string): Found {
  const parts = [
    useTickets(me, q),
    useArticles(me, q),
    usePeople(me, q),
    useDevices(me, q),
    useConversations(q),
  ];
  return {
    entries: parts.flatMap((p) => p.entries.slice(0, shown)),
    searching: parts.some((p) => p.searching),
    failed: parts.some((p) => p.failed),
  };
}

interface Answer<T> {
  data?: T[];
  isFetching: boolean;
  isPlaceholderData?: boolean; // what was found for the letters before
  isError: boolean;
}

function found<T>(answer: Answer<T>, q: string, entry: (x: T) => Entry): Found {
  const old = answer.isPlaceholderData === true;
  const entries = (answer.data ?? []).map(entry);
  return {
    entries: old ? matching(entries, q) : entries,
    searching: answer.isFetching && (old || !answer.data),
    failed: answer.isError,
  };
}

// Without words: those that this reader has to do with.
function useTickets(me: Me, q: string): Found {
  const { t } = useTranslation();
  const { navigate } = useRouter();
  const { find } = useStatuses();
  const words = q.replace(/^#/, "");
  const answer = useQuery({
    queryKey: ["tickets", "palette", words],
    queryFn: async () =>
      (await tickets.list(words ? { q: words, limit: shown } : { view: "mine", limit: shown }))
        .items,
    placeholderData: q ? keepPreviousData : undefined,
    enabled: isStaff(me) || me.policies.ticketing,
  });
  return found<Ticket>(answer, q, (x) => ({
    id: `ticket.${x.id}`,
    group: q ? "ticket" : "recent",
    icon: IconTicket,
    label: titleOf(t, x),
    detail: [`#${x.number}`, x.status && find(x.status).name, isStaff(me) && x.requester.name]
      .filter(Boolean)
      .join(" · "),
    run: () =>
      void navigate({
        to: isStaff(me) ? "/queue/$ticket" : "/tickets/$ticket",
        params: { ticket: x.id },
      }).then(toContent),
  }));
}

function useArticles(me: Me, q: string): Found {
  const { navigate } = useRouter();
  const lang = currentLanguage();
  const answer = useQuery({
    queryKey: ["articles", "palette", q, lang],
    queryFn: async ({ signal }) => {
      const { items } = await articles.search(q, undefined, lang, signal, 3 * shown);
      // One line for an article, whichever of its passages fit.
      return items.filter((x, i) => items.findIndex((y) => y.id === x.id) === i);
    },
    placeholderData: keepPreviousData,
    enabled: q !== "" && (isStaff(me) || me.policies.knowledge_base),
  });
  return found(q ? answer : none, q, (x) => ({
    id: `article.${x.id}`,
    group: "article",
    icon: IconArticle,
    label: x.title,
    lang: x.lang,
    run: () =>
      void navigate({
        to: "/articles/$article",
        params: { article: x.id },
        search: { lang: x.lang },
      }).then(toContent),
  }));
}

function usePeople(me: Me, q: string): Found {
  const { navigate } = useRouter();
  const answer = useQuery({
    queryKey: ["admin", "users", "palette", q],
    queryFn: async () => (await users.list({ q, limit: shown })).items,
    placeholderData: keepPreviousData,
    enabled: q !== "" && isStaff(me),
  });
  return found(q ? answer : none, q, (x) => ({
    id: `person.${x.id}`,
    group: "person",
    icon: IconUser,
    label: x.name,
    detail: x.company?.name,
    run: () =>
      void navigate({ to: "/manage/people/$user", params: { user: x.id } }).then(toContent),
  }));
}

function useDevices(me: Me, q: string): Found {
  const { navigate } = useRouter();
  const answer = useQuery({ ...devicesQuery, enabled: q !== "" && isStaff(me) });
  const fit = { ...answer, data: answer.data && fitting(answer.data, { q }) };
  return found(q ? fit : none, q, (x) => ({
    id: `device.${x.id}`,
    group: "device",
    icon: IconDeviceLaptop,
    label: x.name,
    detail: x.company?.name,
    run: () =>
      void navigate({ to: "/manage/devices/$device", params: { device: x.id } }).then(toContent),
  }));
}

function useConversations(q: string): Found {
  const { t } = useTranslation();
  const { navigate } = useRouter();
  const answer = useQuery({
    queryKey: ["conversations"],
    queryFn: conversations.list,
    enabled: q !== "",
  });
  const all = found({ ...answer, data: answer.data?.items }, q, (x) => ({
    id: `conversation.${x.id}`,
    group: "conversation",
    icon: IconMessages,
    label: x.title || t("chat.side.untitled"),
    run: () =>
      void navigate({ to: "/c/$conversation", params: { conversation: x.id } }).then(toContent),
  }));
  return { ...all, entries: q ? matching(all.entries, q) : [] };
}

const none: Answer<never> = { isFetching: false, isError: false };
