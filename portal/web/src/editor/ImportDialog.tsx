import { Button, FileButton, Modal, NativeSelect } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { editor, type ImportReport } from "../api/editor";
import { useErrorText } from "../app/errors";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { companiesQuery } from "../manage/queries";
import classes from "./editor.module.css";

const accepted = ".md,.markdown,.html,.htm,.docx";

/** Files become drafts; they are looked at, then published one by one or all at once. */
export function ImportDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t("editor.import.title")}
      closeButtonProps={{ "aria-label": t("common.action.close") }}
    >
      <Files />
    </Modal>
  );
}

function Files() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [company, setCompany] = useState("");
  const companies = useQuery(companiesQuery);
  const bringIn = useMutation({
    mutationFn: (files: File[]) => editor.importFiles(files, company || undefined),
    onSettled: () => client.invalidateQueries({ queryKey: ["articles"] }),
  });
  return (
    <div className={page.form}>
      <p className={page.hint}>{t("editor.import.hint")}</p>
      <NativeSelect
        label={t("editor.audience")}
        description={t("editor.audience_hint")}
        value={company}
        onChange={(e) => setCompany(e.currentTarget.value)}
        data={[
          { value: "", label: t("editor.everybody") },
          ...(companies.data ?? []).map((c) => ({ value: c.id, label: c.name })),
        ]}
      />
      <div>
        <FileButton
          multiple
          accept={accepted}
          onChange={(files) => files.length > 0 && bringIn.mutate(files)}
        >
          {(props) => (
            <Button
              {...props}
              loading={bringIn.isPending}
              leftSection={<IconUpload size={18} stroke={1.7} aria-hidden="true" />}
            >
              {t("editor.import.choose")}
            </Button>
          )}
        </FileButton>
      </div>
      <Refusal error={bringIn.error} />
      {bringIn.data && <Report key={bringIn.submittedAt} report={bringIn.data} />}
    </div>
  );
}

/** What came of an import: the drafts, and each file that could not be taken with its reason. */
export function Report({ report }: { report: ImportReport }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const client = useQueryClient();
  const [left, setLeft] = useState(report.drafts);
  const publish = useMutation({
    mutationFn: async () => {
      for (const d of left) {
        await editor.publish(d.article_id, d.lang, d.version);
        setLeft((l) => l.filter((x) => x !== d));
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["articles"] }),
    onSuccess: () => notifications.show({ message: t("editor.done.published") }),
  });
  return (
    <div className={classes.report} role="status">
      <p>
        {t("editor.import.created", { count: report.created })} ·{" "}
        {t("editor.import.updated", { count: report.updated })} ·{" "}
        {t("editor.import.unchanged", { count: report.unchanged })}
      </p>
      {left.length > 0 && (
        <>
          <p>{t("editor.import.look")}</p>
          <ul className={classes.arrived}>
            {left.map((d) => (
              <li key={`${d.article_id}${d.lang}`}>
                <Link
                  to="/admin/articles/$article"
                  params={{ article: d.article_id }}
                  search={{ lang: d.lang }}
                >
                  {d.title}
                </Link>{" "}
                <span className={page.rowMeta}>
                  {languages.find((l) => l.code === d.lang)?.name} · {d.name}
                </span>
              </li>
            ))}
          </ul>
          <Refusal error={publish.error} />
          <Button variant="default" loading={publish.isPending} onClick={() => publish.mutate()}>
            {t("editor.import.publish_all", { count: left.length })}
          </Button>
        </>
      )}
      {report.problems.length > 0 && (
        <>
          <p className={classes.problemsTitle}>
            {t("editor.import.problems", { count: report.problems.length })}
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
