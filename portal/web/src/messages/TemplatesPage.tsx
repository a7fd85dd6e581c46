import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import { type TemplateInfo, templates } from "../api/messages";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Changes } from "../audit/Changes";
import classes from "./messages.module.css";
import { useKindName } from "./useKindName";

const groups = ["tickets", "access", "codes", "actions", "notices"] as const;

const groupOf = (name: string): (typeof groups)[number] => {
  if (name.startsWith("ticket_")) return "tickets";
  if (/^(welcome|mail_password|password_code|sign_up)/.test(name)) return "access";
  if (name.startsWith("code_") || name === "temporary_password") return "codes";
  if (name === "mail_action" || name.startsWith("mail_software")) return "actions";
  return "notices";
};

/** The texts of all mails and text messages. */
export function TemplatesPage() {
  const { t } = useTranslation();
  const list = useQuery({ queryKey: ["admin", "templates"], queryFn: templates.all });
  useDocumentTitle(t("messages.templates.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <h1 className={page.title}>{t("messages.templates.title")}</h1>
      <p className={page.lead}>{t("messages.templates.lead")}</p>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data &&
        groups.map((g) => (
          <Group key={g} name={g} items={list.data.filter((i) => groupOf(i.name) === g)} />
        ))}
      <Changes group="template" invalidates={[["admin", "templates"]]} />
    </div>
  );
}

function Group(props: { name: (typeof groups)[number]; items: TemplateInfo[] }) {
  const { t } = useTranslation();
  const kind = useKindName();
  const named = (codes: string[]) =>
    languages
      .filter((l) => codes.includes(l.code))
      .map((l) => l.name)
      .join(", ");
  return (
    <section className={page.section} aria-labelledby={`templates-${props.name}`}>
      <h2 id={`templates-${props.name}`} className={page.sectionTitle}>
        {t(`messages.templates.group.${props.name}`)}
      </h2>
      <ul className={page.rows}>
        {props.items.map((i) => (
          <li key={i.name}>
            <Link
              to="/admin/templates/$template"
              params={{ template: i.name }}
              className={classes.kind}
              data-template={i.name}
            >
              <span className={page.rowTitle}>{kind(i.name)}</span>
              <span className={page.rowMeta}>
                {i.changed.length > 0
                  ? t("messages.templates.changed", { languages: named(i.changed) })
                  : t(`outbox.${i.channel}`)}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
