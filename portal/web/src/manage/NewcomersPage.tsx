import { Button, SegmentedControl, Select } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Newcomer, newcomers } from "../api/people";
import { Confirm } from "../app/Confirm";
import { Dialog } from "../app/Dialog";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Empty, Failed, More, Refusal } from "../app/states";
import { Rows } from "../tickets/TicketsPage";
import { ManageNav } from "./ManageNav";
import classes from "./manage.module.css";
import { companiesQuery } from "./queries";

/** The review list: who wrote, and from a domain that no company has. */
export function NewcomersPage() {
  const { t } = useTranslation();
  const { decided } = useSearch({ from: "/shell/manage/newcomers" });
  const navigate = useNavigate({ from: "/manage/newcomers" });
  const list = useInfiniteQuery({
    queryKey: ["manage", "newcomers", decided],
    queryFn: ({ pageParam }) => newcomers.list({ decided, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next ?? undefined,
    refetchInterval: 30_000,
  });
  useDocumentTitle(t("people.newcomers.title"));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className={page.page}>
      <ManageNav />
      <h1 className={page.title}>{t("people.newcomers.title")}</h1>
      <p className={page.lead}>{t("people.newcomers.lead")}</p>
      <div className={page.filters}>
        <SegmentedControl
          aria-label={t("people.newcomers.which")}
          value={decided ? "decided" : "waiting"}
          onChange={(v) => void navigate({ search: { decided: v === "decided" || undefined } })}
          data={[
            { value: "waiting", label: t("people.newcomers.waiting") },
            { value: "decided", label: t("people.newcomers.decided") },
          ]}
        />
      </div>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty
          title={t(decided ? "people.newcomers.none_decided" : "people.newcomers.empty_title")}
        >
          {t("people.newcomers.empty_text")}
        </Empty>
      )}
      {items.map((n) => (
        <Line key={n.id} newcomer={n} />
      ))}
      <More list={list} />
    </div>
  );
}

function Line({ newcomer: n }: { newcomer: Newcomer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [open, setOpen] = useState<"assign" | "dismiss">();
  const close = () => setOpen(undefined);
  const done = useDecided();
  return (
    <article className={page.card} data-newcomer={n.email}>
      <div className={classes.commandHead}>
        <h2 className={page.cardTitle}>{n.subject}</h2>
        {n.state !== "waiting" && (
          <span className={classes.mark} data-state={n.state}>
            {t(`people.newcomers.state.${n.state}`)}
          </span>
        )}
      </div>
      <p className={page.hint}>
        {n.name} · {n.email} · {t(`people.newcomers.source.${n.source}`)} · {format.full(n.at)}
      </p>
      {n.text !== n.subject && <p style={{ whiteSpace: "pre-wrap" }}>{n.text}</p>}
      {n.state === "waiting" ? (
        <div className={page.actions} style={{ marginTop: "0.8rem" }}>
          <Button size="sm" onClick={() => setOpen("assign")}>
            {t("people.newcomers.assign")}
          </Button>
          <Button size="sm" variant="default" onClick={() => setOpen("dismiss")}>
            {t("people.newcomers.dismiss")}
          </Button>
        </div>
      ) : (
        <Became newcomer={n} />
      )}
      <Dialog
        opened={open === "assign"}
        onClose={close}
        title={t("people.newcomers.assign_title", { name: n.name })}
      >
        <Assign newcomer={n} onDone={close} />
      </Dialog>
      <Confirm
        danger
        opened={open === "dismiss"}
        title={t("people.newcomers.dismiss_title", { name: n.name })}
        button={t("people.newcomers.dismiss")}
        act={async () => {
          await newcomers.dismiss(n.id);
          await done("people.newcomers.dismissed");
        }}
        onClose={close}
      >
        {t("people.newcomers.dismiss_text")}
      </Confirm>
    </article>
  );
}

function useDecided() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return async (message: "people.newcomers.assigned" | "people.newcomers.dismissed") => {
    notifications.show({ message: t(message) });
    void client.invalidateQueries({ queryKey: ["admin", "users"] });
    void client.invalidateQueries({ queryKey: ["tickets"] });
    await client.invalidateQueries({ queryKey: ["manage"] });
  };
}

function Became({ newcomer: n }: { newcomer: Newcomer }) {
  const { t } = useTranslation();
  return (
    <p className={page.hint}>
      {n.user_id && (
        <>
          <Link to="/manage/people/$user" params={{ user: n.user_id }}>
            {t("people.newcomers.account")}
          </Link>
          {" · "}
        </>
      )}
      {n.ticket && (
        <>
          <Link to="/queue/$ticket" params={{ ticket: n.ticket.id }}>
            #{n.ticket.number}
          </Link>
          {" · "}
        </>
      )}
      {t("people.newcomers.by", { name: n.decided_by ?? "" })}
    </p>
  );
}

function Assign({ newcomer: n, onDone }: { newcomer: Newcomer; onDone: () => void }) {
  const { t } = useTranslation();
  const companies = useQuery(companiesQuery);
  const [company, setCompany] = useState<string | null>(null);
  const done = useDecided();
  const assign = useMutation({
    mutationFn: () => newcomers.assign(n.id, company ?? ""),
    onSuccess: async () => {
      await done("people.newcomers.assigned");
      onDone();
    },
  });
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (company) assign.mutate();
      }}
    >
      <p className={page.hint}>{t("people.newcomers.assign_text", { name: n.name })}</p>
      <Select
        label={t("people.field.company")}
        searchable
        data-autofocus
        openOnFocus={false}
        value={company}
        onChange={setCompany}
        nothingFoundMessage={t("manage.none_title")}
        data={(companies.data ?? []).map((c) => ({ value: c.id, label: c.name }))}
      />
      <Refusal error={assign.error ?? companies.error} />
      <div className={page.actions}>
        <Button type="submit" loading={assign.isPending} disabled={!company}>
          {t("people.newcomers.assign")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}
