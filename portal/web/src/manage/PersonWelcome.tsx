import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { users } from "../api/people";
import type { Person } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { Reason } from "../messages/Reason";
import { useSavedPerson } from "./queries";

/** The mail with the portal's address and the way in, and how the last one fared. */
export function PersonWelcome({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const format = useFormat();
  const saved = useSavedPerson();
  const send = useMutation({
    mutationFn: () => users.welcome(p.id),
    onSuccess: (now) => {
      saved(now);
      const when = format.moment(now.welcome?.at ?? new Date().toISOString());
      notifications.show({ message: t("people.welcome.queued", { when }) });
    },
  });
  if (!p.may_manage) return null;
  return (
    <section className={page.section} aria-labelledby="welcome">
      <h2 id="welcome" className={page.sectionTitle}>
        {t("people.welcome.title")}
      </h2>
      <p className={page.hint}>
        {t(p.first_password ? "people.welcome.with_password" : "people.welcome.with_link")}
      </p>
      {p.welcome && (
        <p className={page.hint} data-welcome={p.welcome.state}>
          {t(`people.welcome.${p.welcome.state}`, { when: format.moment(p.welcome.at) })}{" "}
          {p.welcome.state !== "sent" && (
            <Reason reason={p.welcome.reason} detail={p.welcome.detail} />
          )}{" "}
          <Link to="/manage/messages" search={{ user: p.id }}>
            {t("people.welcome.messages")}
          </Link>
        </p>
      )}
      <Button
        mt="sm"
        variant="default"
        loading={send.isPending}
        disabled={!p.email || p.disabled}
        onClick={() => send.mutate()}
      >
        {t(p.welcome ? "people.welcome.again" : "people.welcome.send")}
      </Button>
      {!p.email && <p className={page.hint}>{t("errors.no_address")}</p>}
      <Refusal error={send.error} />
    </section>
  );
}
