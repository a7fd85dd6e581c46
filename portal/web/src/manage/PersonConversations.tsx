import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { conversations } from "../api";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed, Loading, More } from "../app/states";

/** What a person has asked in the chat, also where chats open no tickets (R10). */
export function PersonConversations({ user }: { user: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const list = useInfiniteQuery({
    queryKey: ["manage", "conversations", user],
    queryFn: ({ pageParam }) => conversations.of(user, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section className={page.section} aria-labelledby="conversations">
      <h2 id="conversations" className={page.sectionTitle}>
        {t("chat.side.conversations")}
      </h2>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <p className={page.hint}>{t("manage.conversation.none")}</p>
      )}
      {items.length > 0 && (
        <ul className={page.rows}>
          {items.map((c) => (
            <li key={c.id}>
              <Link
                to="/manage/conversations/$conversation"
                params={{ conversation: c.id }}
                className={page.row}
              >
                <span className={page.rowTitle}>{c.title || t("chat.side.untitled")}</span>
                <span className={page.rowMeta}>
                  {c.ticket && `#${c.ticket.number} · `}
                  {format.ago(c.last_at)}
                  {c.handoff !== "none" && ` · ${t(`common.handoff.${c.handoff}_short`)}`}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
    </section>
  );
}
