import { Button, Checkbox, FileInput, NativeSelect, Select } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft, IconFileSpreadsheet } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ImportChoice, type ImportReport, users } from "../api/people";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { Preview } from "./ImportPreview";
import classes from "./manage.module.css";
import { companiesQuery } from "./queries";

const start: ImportChoice = { duplicates: "skip", whole: false };

/** People from a table: choose it, look at what would happen, then do it. */
export function ImportPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [choice, setChoice] = useState(start);
  useDocumentTitle(t("people.import.title"));
  const run = useMutation({
    mutationFn: (how: { file: File; choice: ImportChoice; commit: boolean }) =>
      users.importTable(how.file, how.choice, how.commit),
    onSuccess: (report) => {
      if (!report.committed) return;
      void client.invalidateQueries({ queryKey: ["admin", "users"] });
      void client.invalidateQueries({ queryKey: companiesQuery.queryKey });
      void client.invalidateQueries({ queryKey: ["manage", "person"] });
    },
  });
  // What was looked at stays on screen while it is looked at anew.
  const [seen, setSeen] = useState<ImportReport>();
  const look = (next: ImportChoice) => {
    setChoice(next);
    if (file) run.mutate({ file, choice: next, commit: false }, { onSuccess: setSeen });
  };
  const again = () => {
    setFile(null);
    setChoice(start);
    setSeen(undefined);
    run.reset();
  };
  const done = run.data?.committed ? run.data : undefined;
  return (
    <div className={page.page}>
      <Link to="/manage/people" className={classes.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("manage.people.title")}
      </Link>
      <h1 className={page.title}>{t("people.import.title")}</h1>
      {done ? (
        <Done report={done} again={again} />
      ) : (
        <>
          <p className={page.lead}>{t("people.import.lead")}</p>
          <Choose
            file={file}
            choice={choice}
            busy={run.isPending}
            started={Boolean(seen)}
            onFile={(f) => {
              setFile(f);
              setSeen(undefined);
              run.reset();
              setChoice((old) => ({ ...old, columns: undefined }));
            }}
            onChoice={(next) => (seen ? look(next) : setChoice(next))}
            onLook={() => look(choice)}
          />
          <Refusal error={run.error} />
          {seen && file && (
            <Preview
              report={seen}
              choice={choice}
              busy={run.isPending}
              onChoice={look}
              onImport={() => run.mutate({ file, choice, commit: true })}
            />
          )}
        </>
      )}
    </div>
  );
}

interface ChooseProps {
  file: File | null;
  choice: ImportChoice;
  busy: boolean;
  started: boolean;
  onFile: (f: File | null) => void;
  onChoice: (c: ImportChoice) => void;
  onLook: () => void;
}

function Choose({ file, choice, busy, started, onFile, onChoice, onLook }: ChooseProps) {
  const { t } = useTranslation();
  const say = useErrorText();
  const companies = useQuery(companiesQuery);
  return (
    <form
      className={page.card}
      onSubmit={(e) => {
        e.preventDefault();
        onLook();
      }}
    >
      <div className={page.form}>
        <FileInput
          label={t("people.import.file")}
          description={t("people.import.file_hint")}
          placeholder={t("people.import.choose")}
          leftSection={<IconFileSpreadsheet size={18} stroke={1.6} aria-hidden="true" />}
          accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
          value={file}
          onChange={onFile}
          clearable
          clearButtonProps={{ "aria-label": t("people.import.clear") }}
        />
        <div className={classes.pair}>
          <Select
            label={t("people.import.company")}
            error={companies.error && say(companies.error)}
            description={t("people.import.company_hint")}
            searchable
            clearable
            value={choice.company ?? null}
            onChange={(company) => onChoice({ ...choice, company: company ?? undefined })}
            nothingFoundMessage={t("manage.none_title")}
            data={(companies.data ?? []).map((c) => ({ value: c.id, label: c.name }))}
          />
          <NativeSelect
            label={t("people.import.duplicates")}
            description={t("people.import.duplicates_hint")}
            value={choice.duplicates}
            onChange={(e) =>
              onChoice({
                ...choice,
                duplicates: e.currentTarget.value === "update" ? "update" : "skip",
              })
            }
            data={(["skip", "update"] as const).map((d) => ({
              value: d,
              label: t(`people.import.duplicates_${d}`),
            }))}
          />
        </div>
        <Checkbox
          label={t("people.must_change")}
          checked={choice.must_change ?? false}
          onChange={(e) => onChoice({ ...choice, must_change: e.currentTarget.checked })}
        />
        {!started && (
          <div className={page.actions}>
            <Button type="submit" disabled={!file} loading={busy}>
              {t("people.import.look")}
            </Button>
          </div>
        )}
      </div>
    </form>
  );
}

function Done({ report: r, again }: { report: ImportReport; again: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      <p className={page.lead} role="status">
        {t("people.import.done", {
          created: format.number(r.created),
          updated: format.number(r.updated),
          skipped: format.number(r.skipped),
          broken: format.number(r.broken),
        })}
      </p>
      <p className={page.hint}>{t("people.import.done_text")}</p>
      <div className={page.actions} style={{ marginTop: "1rem" }}>
        <Button
          renderRoot={(props) => (
            <Link to="/manage/people" search={{ state: "waiting" }} {...props} />
          )}
        >
          {t("people.import.see")}
        </Button>
        <Button variant="default" onClick={again}>
          {t("people.import.another")}
        </Button>
      </div>
    </>
  );
}
