import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconArrowLeft } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CompanyDetail, companies } from "../api/people";
import { Confirm } from "../app/Confirm";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Failed, Loading, More } from "../app/states";
import { systemNames } from "../app/systems";
import { CompanyDialog } from "./CompanyDialog";
import classes from "./manage.module.css";
import { PersonMark } from "./PeoplePage";
import { PersonDialog } from "./PersonDialog";
import { companiesQuery, companyQuery, peopleListQuery } from "./queries";

/** A company: who belongs to it, its computers and its newest tickets. */
export function CompanyPage() {
  const { t } = useTranslation();
  const { company: id } = useParams({ from: "/shell/manage/companies/$company" });
  const company = useQuery(companyQuery(id));
  useDocumentTitle(company.data?.name ?? t("people.companies.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <Link to="/manage/companies" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("people.companies.title")}
      </Link>
      {company.isPending && <Loading />}
      {company.isError && (
        <Failed whole error={company.error} retry={() => void company.refetch()} />
      )}
      {company.data && <Known company={company.data} />}
    </div>
  );
}

function Known({ company: c }: { company: CompanyDetail }) {
  const { t } = useTranslation();
  const admin = useMe().role === "admin";
  return (
    <>
      <div className={page.top}>
        <h1 className={page.title}>{c.name}</h1>
        {admin && <Change company={c} />}
      </div>
      <p className={page.lead}>
        {c.domains.length > 0
          ? t("people.companies.domains_are", { domains: c.domains.join(", ") })
          : t("people.companies.no_domains_text")}
      </p>
      <People company={c} />
      <Devices company={c} />
      <Tickets company={c} />
    </>
  );
}

function Change({ company: c }: { company: CompanyDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "delete">();
  const close = () => setOpen(undefined);
  return (
    <div className={page.actions}>
      <Button variant="default" onClick={() => setOpen("edit")}>
        {t("people.edit")}
      </Button>
      <Button variant="subtle" color="red" onClick={() => setOpen("delete")}>
        {t("common.action.delete")}
      </Button>
      <CompanyDialog opened={open === "edit"} company={c} onClose={close} />
      <Confirm
        danger
        opened={open === "delete"}
        title={t("people.companies.delete_ask", { name: c.name })}
        button={t("common.action.delete")}
        act={async () => {
          await companies.remove(c.id);
          await navigate({ to: "/manage/companies" });
          client.removeQueries({ queryKey: companyQuery(c.id).queryKey });
          await client.invalidateQueries({ queryKey: companiesQuery.queryKey });
          notifications.show({ message: t("people.companies.deleted", { name: c.name }) });
        }}
        onClose={close}
      >
        {t("people.companies.delete_text")}
      </Confirm>
    </div>
  );
}

function Part(props: { id: string; title: string; none?: string; children: ReactNode }) {
  return (
    <section className={page.section} aria-labelledby={props.id}>
      <h2 id={props.id} className={page.sectionTitle}>
        {props.title}
      </h2>
      {props.none ? <p className={page.hint}>{props.none}</p> : props.children}
    </section>
  );
}

function People({ company: c }: { company: CompanyDetail }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery(peopleListQuery({ company: c.id }));
  const [adding, setAdding] = useState(false);
  const theirs = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section className={page.section} aria-labelledby="people">
      <div className={page.top}>
        <h2 id="people" className={page.sectionTitle} style={{ margin: 0 }}>
          {t("people.companies.people", { count: c.people })}
        </h2>
        <Button size="sm" variant="subtle" onClick={() => setAdding(true)}>
          {t("people.add")}
        </Button>
      </div>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && theirs.length === 0 && (
        <p className={page.hint}>{t("people.companies.nobody")}</p>
      )}
      {theirs.length > 0 && (
        <ul className={page.rows}>
          {theirs.map((p) => (
            <li key={p.id}>
              <Link to="/manage/people/$user" params={{ user: p.id }} className={page.row}>
                <span className={page.rowTitle}>{p.name}</span>
                <span className={page.rowMeta}>{t(`common.role.${p.role}`)}</span>
                <span className={page.rowMeta}>{p.email || p.login}</span>
                <PersonMark person={p} />
              </Link>
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
      <PersonDialog opened={adding} company={c.id} onClose={() => setAdding(false)} />
    </section>
  );
}

function Devices({ company: c }: { company: CompanyDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Part
      id="devices"
      title={t("people.companies.devices", { count: c.devices })}
      none={c.device_list.length === 0 ? t("people.companies.no_devices") : undefined}
    >
      <ul className={page.rows}>
        {c.device_list.map((d) => (
          <li key={d.id}>
            <Link to="/manage/devices/$device" params={{ device: d.id }} className={page.row}>
              <span className={page.rowTitle}>{d.name}</span>
              <span className={classes.mark} data-state={d.online ? "online" : "offline"}>
                {t(`manage.device_state.${d.online ? "online" : "offline"}`)}
                {!d.online && d.last_seen_at && ` · ${format.ago(d.last_seen_at)}`}
              </span>
              <span className={page.rowMeta}>{systemNames[d.system]}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Tickets({ company: c }: { company: CompanyDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Part
      id="tickets"
      title={t("people.companies.tickets", { count: c.tickets })}
      none={c.ticket_list.length === 0 ? t("people.companies.no_tickets") : undefined}
    >
      <ul className={page.rows}>
        {c.ticket_list.map((k) => (
          <li key={k.id}>
            <Link to="/queue/$ticket" params={{ ticket: k.id }} className={page.row}>
              <span className={page.rowTitle}>{k.subject}</span>
              <span className={page.rowMeta}>{format.short(k.updated_at)}</span>
              <span className={page.rowMeta}>
                #{k.number} · {k.requester}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Part>
  );
}
