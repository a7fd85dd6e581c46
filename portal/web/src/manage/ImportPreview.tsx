import { Button, NativeSelect, Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import {
  type ImportChoice,
  type ImportField,
  type ImportLine,
  type ImportReport,
  importFields,
} from "../api/people";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import classes from "./import.module.css";

interface Props {
  report: ImportReport;
  choice: ImportChoice;
  busy: boolean;
  onChoice: (c: ImportChoice) => void;
  onImport: () => void;
}

/** What an import would do, before it does it. */
export function Preview({ report: r, choice, busy, onChoice, onImport }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const writes = r.created + r.updated;
  const kept = choice.whole && r.broken > 0;
  return (
    <section className={page.section} aria-labelledby="preview">
      <h2 id="preview" className={page.sectionTitle}>
        {t("people.import.preview")}
      </h2>
      <p className={page.hint} role="status">
        {t("people.import.read_as", {
          encoding: encodings[r.encoding],
          separator: t(`people.import.separator.${separator(r.separator)}`),
        })}
      </p>
      <dl className={classes.counts}>
        {(["created", "updated", "skipped", "broken"] as const).map((k) => (
          <div key={k} data-count={k}>
            <dt>{t(`people.import.count.${k}`)}</dt>
            <dd>{format.number(r[k])}</dd>
          </div>
        ))}
      </dl>
      <Columns
        report={r}
        disabled={busy}
        onChange={(columns) => onChoice({ ...choice, columns })}
      />
      {r.problems.length > 0 && <Problems report={r} />}
      {r.lines.length > 0 && <Lines lines={r.lines} />}
      {r.broken > 0 && (
        <Switch
          mt="lg"
          label={t("people.import.whole")}
          description={t(`people.import.whole_${choice.whole ? "on" : "off"}`)}
          checked={choice.whole}
          onChange={(e) => onChoice({ ...choice, whole: e.currentTarget.checked })}
        />
      )}
      <div className={page.actions} style={{ marginTop: "1.2rem" }}>
        <Button loading={busy} disabled={writes === 0 || kept} onClick={onImport}>
          {t("people.import.go", { count: writes })}
        </Button>
      </div>
      {writes === 0 && <p className={page.hint}>{t("people.import.nothing")}</p>}
      {kept && <p className={page.hint}>{t("people.import.kept")}</p>}
    </section>
  );
}

const encodings = { "utf-8": "UTF-8", "utf-16": "UTF-16", "windows-1252": "Windows-1252" };
const separator = (s: string) => (s === ";" ? "semicolon" : s === "\t" ? "tab" : "comma");

function Columns(props: {
  report: ImportReport;
  disabled: boolean;
  onChange: (columns: ImportField[]) => void;
}) {
  const { t } = useTranslation();
  const fields = props.report.columns.map((c) => c.field as ImportField);
  // A field stands for one column: choosing it elsewhere takes it from here.
  const choose = (at: number, field: ImportField) =>
    props.onChange(fields.map((f, i) => (i === at ? field : f === field ? "" : f)));
  return (
    <>
      <h3 className={page.cardTitle}>{t("people.import.columns")}</h3>
      <p className={page.hint}>{t("people.import.columns_hint")}</p>
      <div className={classes.columns}>
        {props.report.columns.map((c, i) => (
          <NativeSelect
            key={i}
            label={c.header || t("people.import.unnamed", { number: i + 1 })}
            value={c.field}
            disabled={props.disabled}
            onChange={(e) => choose(i, e.currentTarget.value as ImportField)}
            data={importFields.map((f) => ({
              value: f,
              label: t(`people.import.field.${f || "none"}`),
            }))}
          />
        ))}
      </div>
    </>
  );
}

function Problems({ report: r }: { report: ImportReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      <h3 className={page.cardTitle}>{t("people.import.problems")}</h3>
      <ul className={classes.problems}>
        {r.problems.map((l) => (
          <li key={l.line}>
            <strong>{t("people.import.line", { line: format.number(l.line) })}</strong>
            <span>{l.name || l.email || l.login}</span>
            <span className={classes.why}>
              <Why line={l} />
            </span>
          </li>
        ))}
      </ul>
      {r.broken > r.problems.length && (
        <p className={page.hint}>
          {t("people.import.more", { count: r.broken - r.problems.length })}
        </p>
      )}
    </>
  );
}

function Why({ line }: { line: ImportLine }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const { code = "internal", params } = line;
  if (code === "empty_text") return t("people.import.no_name");
  if (code === "company_needed") return t("people.import.no_company");
  return say({ code, params });
}

function Lines({ lines }: { lines: ImportLine[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      <h3 className={page.cardTitle}>{t("people.import.first_rows")}</h3>
      <section className={classes.scroll} tabIndex={0} aria-label={t("people.import.first_rows")}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t("people.import.row")}</th>
              <th scope="col">{t("people.import.outcome_title")}</th>
              <th scope="col">{t("people.field.name")}</th>
              <th scope="col">{t("people.field.login")}</th>
              <th scope="col">{t("people.field.email")}</th>
              <th scope="col">{t("people.field.company")}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((l) => (
              <tr key={l.line} data-outcome={l.outcome}>
                <td>{format.number(l.line)}</td>
                <td>{t(`people.import.outcome.${l.outcome}`)}</td>
                <td>{l.name}</td>
                <td>{l.login}</td>
                <td>{l.email}</td>
                <td>{l.company}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
