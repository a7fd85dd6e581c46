import { ActionIcon, Button, FileButton, Modal, NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconTrash, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { admin } from "../api";
import type { ArticleRow, ImportReport, Language } from "../api/types";
import { useErrorText } from "../app/errors";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Empty, Failed, Refusal } from "../app/states";
import { companiesQuery } from "../manage/queries";
import { Rows } from "../tickets/TicketsPage";
import { AdminNav } from "./AdminNav";
import classes from "./admin.module.css";

/** The articles of the base: import, look, delete. */
export function AdminArticlesPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [doomed, setDoomed] = useState<ArticleRow>();
  useDocumentTitle(t("admin.articles.title"));
  const list = useQuery({ queryKey: ["articles", "admin"], queryFn: admin.articles });
  const items = list.data?.items ?? [];
  const [company, setCompany] = useState("");
  const companies = useQuery(companiesQuery);
  const bringIn = useMutation({
    mutationFn: admin.importArticles,
    onSettled: () => client.invalidateQueries({ queryKey: ["articles"] }),
  });
  const chooser = (
    <FileButton
      multiple
      accept=".md,.markdown,.html,.htm"
      onChange={(files) =>
        files.length > 0 && bringIn.mutate({ files, company: company || undefined })
      }
    >
      {(props) => (
        <Button
          {...props}
          loading={bringIn.isPending}
          leftSection={<IconUpload size={18} stroke={1.7} aria-hidden="true" />}
        >
          {t("admin.articles.import")}
        </Button>
      )}
    </FileButton>
  );
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("admin.articles.title")}</h1>
        {items.length > 0 && chooser}
      </div>
      <p className={page.lead}>{t("admin.articles.lead")}</p>
      <NativeSelect
        className={classes.audience}
        label={t("admin.articles.audience")}
        description={t("admin.articles.audience_hint")}
        value={company}
        onChange={(e) => setCompany(e.currentTarget.value)}
        data={[
          { value: "", label: t("admin.articles.everybody") },
          ...(companies.data ?? []).map((c) => ({ value: c.id, label: c.name })),
        ]}
      />
      <Refusal error={bringIn.error} />
      {bringIn.data && <Report report={bringIn.data} />}
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t("articles.empty_title")} action={chooser}>
          {t("admin.articles.empty_text")}
        </Empty>
      )}
      {items.length > 0 && (
        <ul className={page.rows}>
          {items.map((a) => (
            <li key={a.id} className={page.row}>
              <Link to="/articles/$article" params={{ article: a.id }} className={page.rowTitle}>
                {a.title}
              </Link>
              <ActionIcon
                className={classes.delete}
                variant="subtle"
                color="gray"
                size={36}
                aria-label={t("admin.articles.delete_named", { title: a.title })}
                onClick={() => setDoomed(a)}
              >
                <IconTrash size={19} stroke={1.6} aria-hidden="true" />
              </ActionIcon>
              <span className={page.rowMeta}>
                {a.key}
                {a.langs.length > 0 && ` · ${names(a.langs)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      <DeleteDialog article={doomed} onClose={() => setDoomed(undefined)} />
    </div>
  );
}

const names = (langs: Language[]) =>
  languages
    .filter((l) => langs.includes(l.code))
    .map((l) => l.name)
    .join(", ");

/** What came of an import: figures, and each file that could not be taken with its reason. */
function Report({ report }: { report: ImportReport }) {
  const { t } = useTranslation();
  const say = useErrorText();
  return (
    <div className={classes.report} role="status">
      <p>
        {t("admin.articles.created", { count: report.created })} ·{" "}
        {t("admin.articles.updated", { count: report.updated })} ·{" "}
        {t("admin.articles.unchanged", { count: report.unchanged })}
      </p>
      {report.problems.length > 0 && (
        <>
          <p className={classes.problemsTitle}>
            {t("admin.articles.problems", { count: report.problems.length })}
          </p>
          <ul>
            {report.problems.map((p) => (
              <li key={p.name}>
                <strong>{p.name}</strong>
                <br />
                {say({ code: p.code, params: { name: p.name, ...p.params } })}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function DeleteDialog({ article, onClose }: { article?: ArticleRow; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: (id: string) => admin.deleteArticle(id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["articles"] });
      notifications.show({ message: t("admin.articles.deleted") });
      onClose();
    },
  });
  return (
    <Modal
      opened={Boolean(article)}
      onClose={onClose}
      title={t("admin.articles.delete_title")}
      closeButtonProps={{ "aria-label": t("common.action.close") }}
    >
      <p style={{ marginTop: 0 }}>
        {t("admin.articles.delete_text", { title: article?.title ?? "" })}
      </p>
      <Refusal error={remove.error} />
      <div className={page.actions}>
        <Button
          color="red"
          loading={remove.isPending}
          onClick={() => article && remove.mutate(article.id)}
        >
          {t("common.action.delete")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose} data-autofocus>
          {t("common.action.cancel")}
        </Button>
      </div>
    </Modal>
  );
}
