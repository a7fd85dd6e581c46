import { TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { Empty, Failed } from "../app/states";
import { Rows } from "../tickets/TicketsPage";
import { ManageNav } from "./ManageNav";
import { peopleQuery } from "./queries";

/** Everybody who has an account here. */
export function PeoplePage() {
  const { t } = useTranslation();
  const list = useQuery(peopleQuery);
  const [text, setText] = useState("");
  useDocumentTitle(t("manage.people.title"));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = (list.data?.items ?? []).filter((p) => {
    const all = `${p.name} ${p.email} ${p.login} ${p.company?.name ?? ""}`.toLowerCase();
    return words.every((w) => all.includes(w));
  });
  return (
    <div className={page.page}>
      <ManageNav />
      <h1 className={page.title}>{t("manage.people.title")}</h1>
      <div className={page.filters} style={{ marginTop: "1rem" }}>
        <TextInput
          type="search"
          className={page.grow}
          aria-label={t("manage.people.search")}
          placeholder={t("manage.people.search")}
          leftSection={<IconSearch size={18} stroke={1.7} aria-hidden="true" />}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
        />
      </div>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && shown.length === 0 && (
        <Empty title={t("manage.none_title")}>{t("manage.none_text")}</Empty>
      )}
      {shown.length > 0 && (
        <ul className={page.rows}>
          {shown.map((p) => (
            <li key={p.id}>
              <Link to="/manage/people/$user" params={{ user: p.id }} className={page.row}>
                <span className={page.rowTitle}>{p.name}</span>
                <span className={page.rowMeta}>{t(`common.role.${p.role}`)}</span>
                <span className={page.rowMeta}>
                  {p.email}
                  {p.company && ` · ${p.company.name}`}
                  {p.disabled && ` · ${t("manage.people.disabled")}`}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
