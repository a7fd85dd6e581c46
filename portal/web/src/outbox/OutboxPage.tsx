import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconMail, IconMessage2, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Empty, Failed, Loading } from "../app/states";
import classes from "./outbox.module.css";
import { outboxQuery } from "./query";

/** What the demo would have sent: text messages and mails, for nobody leaves the house. */
export function OutboxPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const list = useQuery({
    ...outboxQuery,
    retryOnMount: true,
    refetchInterval: (q) => (q.state.status === "error" ? false : 3000),
  });
  useDocumentTitle(t("outbox.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <div className={page.top}>
        <h1 className={page.title}>{t("outbox.title")}</h1>
        {list.isSuccess && (
          <Button
            variant="subtle"
            size="sm"
            leftSection={<IconRefresh size={18} aria-hidden="true" />}
            onClick={() => void list.refetch()}
          >
            {t("outbox.refresh")}
          </Button>
        )}
      </div>
      <p className={page.lead}>{t("outbox.lead")}</p>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data?.items.length === 0 && (
        <Empty title={t("outbox.empty_title")}>{t("outbox.empty_text")}</Empty>
      )}
      {list.data && list.data.items.length > 0 && (
        <ul className={classes.list}>
          {list.data.items.map((m) => (
            <li key={m.id} className={classes.message} data-channel={m.channel}>
              <p className={classes.to}>
                {m.channel === "sms" ? (
                  <IconMessage2 size={18} stroke={1.7} aria-hidden="true" />
                ) : (
                  <IconMail size={18} stroke={1.7} aria-hidden="true" />
                )}
                <strong>{t(m.channel === "sms" ? "outbox.sms" : "outbox.mail")}</strong>
                <span>{t("outbox.to", { to: m.to })}</span>
                <time dateTime={m.at} title={format.full(m.at)}>
                  {format.short(m.at)}
                </time>
              </p>
              {m.subject && <p className={classes.subject}>{m.subject}</p>}
              <p className={classes.text}>{m.secret ? t("outbox.secret") : m.text}</p>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
