import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import { type Source, type SourcePage, sources } from "../api/sources";
import { Dialog } from "../app/Dialog";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, Loading, Refusal } from "../app/states";
import manage from "../manage/manage.module.css";
import { companiesQuery } from "../manage/queries";
import { Rows } from "../tickets/TicketsPage";
import { EditorNav } from "./EditorNav";
import classes from "./editor.module.css";
import { sourcePagesQuery, sourcesQuery } from "./queries";
import { SourceDialog } from "./SourceDialog";

/** The addresses on the web that articles come from, and how up to date each is. */
export function SourcesPage() {
  const { t } = useTranslation();
  const admin = useMe().role === "admin";
  const [adding, setAdding] = useState(false);
  const list = useQuery(sourcesQuery);
  useDocumentTitle(t("knowledge.sources.title"));
  const add = admin && (
    <Button
      leftSection={<IconPlus size={18} stroke={1.7} aria-hidden="true" />}
      onClick={() => setAdding(true)}
    >
      {t("knowledge.sources.add")}
    </Button>
  );
  return (
    <div className={page.page}>
      <AdminNav />
      <EditorNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("knowledge.sources.title")}</h1>
        {(list.data?.length ?? 0) > 0 && add}
      </div>
      <p className={page.lead}>{t("knowledge.sources.lead")}</p>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && (
        <Empty title={t("knowledge.sources.empty_title")} action={add}>
          {t("knowledge.sources.empty_text")}
        </Empty>
      )}
      {list.data?.map((s) => (
        <Card key={s.id} source={s} admin={admin} />
      ))}
      <SourceDialog opened={adding} onClose={() => setAdding(false)} />
    </div>
  );
}

// The colours of states that other pages have too.
const likeAction = {
  new: "queued",
  syncing: "running",
  ok: "succeeded",
  partly: "unknown",
  failed: "failed",
};
const likePage = { ok: "succeeded", failed: "failed", gone: "unknown", detached: "queued" };

function Card({ source: s, admin }: { source: Source; admin: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useErrorText();
  const client = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const [open, setOpen] = useState(false);
  const companies = useQuery({ ...companiesQuery, enabled: Boolean(s.company_id) });
  const company = companies.data?.find((c) => c.id === s.company_id)?.name;
  const sync = useMutation({
    mutationFn: () => sources.sync(s.id),
    onSuccess: async () => {
      notifications.show({ message: t("knowledge.sources.queued") });
      await client.invalidateQueries(sourcesQuery);
    },
  });
  const counts = (["ok", "failed", "gone", "detached"] as const)
    .filter((k) => s.pages[k] > 0)
    .map((k) => t(`knowledge.sources.${k}`, { count: s.pages[k] }));
  return (
    <article className={page.card} data-source={s.state}>
      <div className={manage.commandHead}>
        <h2 className={`${page.cardTitle} ${classes.address}`}>{s.url}</h2>
        <span className={manage.mark} data-state={likeAction[s.state]}>
          {t(`knowledge.sources.state.${s.state}`)}
        </span>
      </div>
      <p className={page.hint}>
        {[
          ...counts,
          company && t("knowledge.sources.for", { company }),
          s.synced_at && t("knowledge.sources.synced", { when: format.ago(s.synced_at) }),
          s.state !== "syncing" &&
            s.state !== "new" &&
            t("knowledge.sources.next", { when: format.ago(s.next_sync_at) }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {s.problem && <p className={classes.warn}>{say(s.problem)}</p>}
      <details className={classes.cited} onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>{t("knowledge.sources.pages")}</summary>
        {open && <Pages source={s} />}
      </details>
      <Refusal error={sync.error} />
      {admin && (
        <div className={classes.buttons}>
          <Button
            size="sm"
            variant="default"
            loading={sync.isPending}
            disabled={s.state === "syncing"}
            onClick={() => sync.mutate()}
          >
            {t("knowledge.sources.sync")}
          </Button>
          <Button size="sm" variant="subtle" color="red" onClick={() => setRemoving(true)}>
            {t("knowledge.sources.remove")}
          </Button>
        </div>
      )}
      <Remove source={s} opened={removing} onClose={() => setRemoving(false)} />
    </article>
  );
}

function Pages({ source }: { source: Source }) {
  const { t } = useTranslation();
  const list = useQuery({ ...sourcePagesQuery(source.id), refetchInterval: 10_000 });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (list.data.length === 0) return <p className={page.hint}>{t("knowledge.sources.no_pages")}</p>;
  return (
    <ul className={classes.pages}>
      {list.data.map((p) => (
        <li key={p.id}>
          <PageLine line={p} />
        </li>
      ))}
    </ul>
  );
}

function PageLine({ line: p }: { line: SourcePage }) {
  const { t } = useTranslation();
  const say = useErrorText();
  return (
    <>
      {p.article_id ? (
        <Link
          to="/admin/articles/$article"
          params={{ article: p.article_id }}
          search={{ lang: p.lang }}
        >
          {p.title || p.url}
        </Link>
      ) : (
        p.url
      )}{" "}
      <span className={manage.mark} data-state={likePage[p.state]}>
        {t(`knowledge.sources.page_state.${p.state}`)}
      </span>
      {p.article_id && <div className={page.rowMeta}>{p.url}</div>}
      {p.problem && <div className={page.rowMeta}>{say(p.problem)}</div>}
    </>
  );
}

function Remove(props: { source: Source; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: (articles: "keep" | "withdraw") => sources.remove(props.source.id, articles),
    onSuccess: async () => {
      notifications.show({ message: t("knowledge.sources.removed") });
      props.onClose();
      await client.invalidateQueries({ queryKey: ["articles"] });
    },
  });
  return (
    <Dialog
      opened={props.opened}
      onClose={props.onClose}
      title={t("knowledge.sources.remove_title")}
    >
      <p className={classes.address} style={{ marginTop: 0 }}>
        {t("knowledge.sources.remove_text", { url: props.source.url })}
      </p>
      <Refusal error={remove.error} />
      <div className={page.actions}>
        <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate("keep")}>
          {t("knowledge.sources.remove_keep")}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate("withdraw")}>
          {t("knowledge.sources.remove_withdraw")}
        </Button>
        <Button variant="subtle" color="gray" onClick={props.onClose} data-autofocus>
          {t("common.action.cancel")}
        </Button>
      </div>
    </Dialog>
  );
}
