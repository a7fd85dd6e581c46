import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Company } from "../api/people";
import page from "../app/page.module.css";
import { SearchField } from "../app/SearchField";
import { useMe } from "../app/session";
import { Empty } from "../app/states";
import { CompanyDialog } from "./CompanyDialog";
import { Listed } from "./Listed";
import { ManageNav } from "./ManageNav";
import { companiesQuery } from "./queries";

/** The customers, sites or departments that this portal serves. */
export function CompaniesPage() {
  const { t } = useTranslation();
  const admin = useMe().role === "admin";
  const search = useSearch({ from: "/shell/manage/companies" });
  const navigate = useNavigate({ from: "/manage/companies" });
  const list = useQuery(companiesQuery);
  const [adding, setAdding] = useState(false);
  useDocumentTitle(t("people.companies.title"));
  const words = (search.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const shown = (list.data ?? []).filter((c) => {
    const all = `${c.name} ${c.domains.join(" ")}`.toLowerCase();
    return words.every((w) => all.includes(w));
  });
  const none = list.data?.length === 0;
  const add = admin && (
    <Button leftSection={<IconPlus size={18} aria-hidden="true" />} onClick={() => setAdding(true)}>
      {t("people.companies.add")}
    </Button>
  );
  return (
    <div className={page.page}>
      <ManageNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("people.companies.title")}</h1>
        {!none && add}
      </div>
      <div className={page.filters}>
        <SearchField
          label={t("people.companies.search")}
          value={search.q}
          onSearch={(q) => void navigate({ search: (s) => ({ ...s, q }), replace: true })}
        />
      </div>
      <Listed
        list={list}
        shown={shown}
        empty={
          <Empty title={t("people.companies.empty_title")} action={add}>
            {t("people.companies.empty_text")}
          </Empty>
        }
        row={(c) => <Row company={c} />}
      />
      <CompanyDialog opened={adding} onClose={() => setAdding(false)} />
    </div>
  );
}

function Row({ company: c }: { company: Company }) {
  const { t } = useTranslation();
  return (
    <Link to="/manage/companies/$company" params={{ company: c.id }} className={page.row}>
      <span className={page.rowTitle}>{c.name}</span>
      <span className={page.rowMeta}>{t("people.companies.people", { count: c.people })}</span>
      <span className={page.rowMeta}>
        {c.domains.length > 0 ? c.domains.join(", ") : t("people.companies.no_domains")}
      </span>
      <span className={page.rowMeta}>
        {t("people.companies.devices", { count: c.devices })} ·{" "}
        {t("people.companies.tickets", { count: c.tickets })}
      </span>
    </Link>
  );
}
