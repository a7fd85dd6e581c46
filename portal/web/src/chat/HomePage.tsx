import { useDocumentTitle } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { conversations } from "../api";
import type { Attachment } from "../api/files";
import { newID } from "../app/id";
import { isStaff, useMe } from "../app/session";
import { Composer } from "./Composer";
import { Foot } from "./Foot";
import { OfflineNotice } from "./OfflineNotice";
import classes from "./page.module.css";
import { Side } from "./Side";
import { leaveFirstMessage } from "./store";

const starts = ["vpn", "print", "password", "wifi", "mail", "ticket"] as const;

/** The front door: a greeting, the field, and a few ways to begin. */
export function HomePage() {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const client = useQueryClient();
  useDocumentTitle(me.tenant.name);

  const begin = (text: string, attachments?: Attachment[]) => {
    const id = newID();
    leaveFirstMessage(id, text, attachments);
    void navigate({ to: "/c/$conversation", params: { conversation: id } });
  };
  const person = async (reason: string) => {
    const id = newID();
    await conversations.create(id);
    await conversations.handOff(id, reason || undefined);
    void client.invalidateQueries({ queryKey: ["conversations"] });
    await navigate({ to: "/c/$conversation", params: { conversation: id } });
  };
  const offered = starts.filter((s) => s !== "ticket" || (me.policies.ticketing && !isStaff(me)));
  const first = me.name.split(/\s+/)[0] ?? me.name;
  return (
    <div className={classes.page}>
      <aside className={classes.aside} aria-label={t("chat.side.label")}>
        <Side />
      </aside>
      <section className={classes.home} aria-label={t("chat.title")}>
        <div className={classes.homeColumn}>
          <h1 className={classes.greeting}>
            {t(greeting(), { name: first })}
            <span>{me.policies.assistant ? t("chat.lead") : t("chat.lead_off")}</span>
          </h1>
          <Composer
            draftKey="new"
            placeholder={t("chat.composer.placeholder")}
            onSend={begin}
            autoFocus
          />
          <Foot handoff="none" onPerson={person} />
          <OfflineNotice />
          {me.policies.assistant && (
            <ul className={classes.starts} aria-label={t("chat.starts.label")}>
              {offered.map((s) => (
                <li key={s}>
                  <button type="button" onClick={() => begin(t(`chat.starts.${s}`))}>
                    {t(`chat.starts.${s}`)}
                  </button>
                </li>
              ))}
            </ul>
          )}
          {!me.policies.assistant && me.policies.knowledge_base && (
            <p className={classes.search}>
              <Link to="/articles">{t("articles.search")}</Link>
            </p>
          )}
          <div className={classes.homeSide}>
            <Side />
          </div>
        </div>
      </section>
    </div>
  );
}

function greeting() {
  const hour = new Date().getHours();
  if (hour >= 5 && hour < 12) return "chat.greeting_morning";
  if (hour >= 18 || hour < 5) return "chat.greeting_evening";
  return "chat.greeting_day";
}
