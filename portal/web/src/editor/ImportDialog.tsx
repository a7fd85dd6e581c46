import { Button, FileButton, NativeSelect } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { editor, type ImportReport } from "../api/editor";
import { Dialog } from "../app/Dialog";
import { useErrorText } from "../app/errors";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { companiesQuery } from "../manage/queries";
import classes from "./editor.module.css";

const accepted = ".md,.markdown,.html,.htm,.docx,.pdf";

/** Files become drafts; they are looked at, then published one by one or all at once. */
export function ImportDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} size="lg" title={t("editor.import.title")}>
      <Files />
    </Dialog>
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
      {bringIn.data && (
        <Report
          key={bringIn.submittedAt}
          report={bringIn.data}
          names={bringIn.variables.map((f) => f.name)}
        />
      )}
    </div>
  );
}

/** What came of each file: its draft, nothing new, or the reason why it was not taken. */
export function Report({ report, names }: { report: ImportReport; names: string[] }) {
  const { t } = useTranslation();
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
      {report.problems.length > 0 && (
        <p className={classes.problemsTitle}>
          {t("editor.import.problems", { count: report.problems.length })}
        </p>
      )}
      {left.length > 0 && <p>{t("editor.import.look")}</p>}
      <ul aria-label={t("knowledge.file.title")} className={classes.files}>
        {names.map((name, i) => (
          <li key={`${name}${i}`}>
            <FileLine name={name} report={report} left={left} />
          </li>
        ))}
      </ul>
      <Refusal error={publish.error} />
      {left.length > 0 && (
        <Button variant="default" loading={publish.isPending} onClick={() => publish.mutate()}>
          {t("editor.import.publish_all", { count: left.length })}
        </Button>
      )}
    </div>
  );
}

interface LineProps {
  name: string;
  report: ImportReport;
  left: ImportReport["drafts"]; // not yet published
}

function FileLine({ name, report, left }: LineProps) {
  const { t } = useTranslation();
  const say = useErrorText();
  const problem = report.problems.find((p) => p.name === name);
  const draft = report.drafts.find((d) => d.name === name);
  const standing = problem
    ? t("knowledge.file.refused")
    : draft
      ? t(left.includes(draft) ? "knowledge.file.draft" : "editor.standing.live")
      : t("knowledge.file.same");
  return (
    <div data-file={problem ? "refused" : draft ? "draft" : "same"}>
      <strong>{name}</strong> <span className={page.rowMeta}>{standing}</span>
      {draft && (
        <div>
          <Link
            to="/admin/articles/$article"
            params={{ article: draft.article_id }}
            search={{ lang: draft.lang }}
          >
            {draft.title}
          </Link>{" "}
          <span className={page.rowMeta}>{languages.find((l) => l.code === draft.lang)?.name}</span>
        </div>
      )}
      {problem && (
        <div className={classes.why}>
          {say({ code: problem.code, params: { name: problem.name, ...problem.params } })}
        </div>
      )}
    </div>
  );
}
