import { Button, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconArrowLeft } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type RefObject, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import { type Template, type TemplateWords, templates } from "../api/messages";
import { asProblem } from "../api/problem";
import type { Language } from "../api/types";
import { useErrorText } from "../app/errors";
import { currentLanguage, languages } from "../app/i18n";
import { keep, kept } from "../app/keep";
import page from "../app/page.module.css";
import { Failed, Loading, Refusal } from "../app/states";
import manage from "../manage/manage.module.css";
import classes from "./messages.module.css";
import { useKindName } from "./useKindName";

/** One text, language by language, with what it may say and how it looks. */
export function TemplatePage() {
  const { t } = useTranslation();
  const { template: name } = useParams({ from: "/shell/admin/templates/$template" });
  const { lang = currentLanguage() } = useSearch({ from: "/shell/admin/templates/$template" });
  const navigate = useNavigate({ from: "/admin/templates/$template" });
  const title = useKindName()(name);
  const template = useQuery({
    queryKey: ["admin", "templates", name, lang],
    queryFn: () => templates.get(name, lang),
    staleTime: Number.POSITIVE_INFINITY, // what one writes on is not changed under one's hands
  });
  useDocumentTitle(title);
  return (
    <div className={page.page}>
      <AdminNav />
      <Link to="/admin/templates" className={manage.back}>
        <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("messages.templates.title")}
      </Link>
      <h1 className={page.title}>{title}</h1>
      <SegmentedControl
        mt="md"
        classNames={{ label: classes.language }}
        aria-label={t("messages.templates.language")}
        value={lang}
        onChange={(l) => void navigate({ search: { lang: l as Language } })}
        data={languages.map((l) => ({ value: l.code, label: l.name }))}
      />
      {template.isPending && <Loading />}
      {template.isError && <Failed error={template.error} retry={() => void template.refetch()} />}
      {template.data && (
        <Desk
          key={`${name} ${lang} ${template.data.version}`}
          template={template.data}
          lang={lang}
        />
      )}
    </div>
  );
}

interface Mine {
  words: TemplateWords;
  version: number; // of the text that it was begun from
}

function Desk({ template, lang }: { template: Template; lang: Language }) {
  const { t } = useTranslation();
  const draftKey = `template.${template.name}.${lang}`;
  const theirs = { subject: template.subject, text: template.text };
  const [begun] = useState(() => kept<Mine>(draftKey));
  const [words, setWords] = useState<TemplateWords>(begun?.words ?? theirs);
  const box = useRef<HTMLTextAreaElement>(null);
  const dirty = words.subject !== template.subject || words.text !== template.text;
  const write = (change: Partial<TemplateWords>) => {
    const now = { ...words, ...change };
    setWords(now);
    keep(draftKey, { words: now, version: template.version } satisfies Mine);
  };
  const [settled] = useDebouncedValue(words, 400);
  const preview = useQuery({
    queryKey: ["admin", "template-preview", template.name, lang, settled],
    queryFn: () => templates.preview(template.name, lang, settled),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const { field } = asProblem(preview.error);
  const say = useErrorText();
  const wrong = preview.isError ? say(preview.error) : undefined;
  return (
    <div className={classes.desk}>
      <div className={page.form}>
        {dirty && begun && begun.version !== template.version && (
          <Crossed
            theirs={theirs}
            take={() => {
              setWords(theirs);
              keep(draftKey, undefined);
            }}
          />
        )}
        {template.channel === "mail" && (
          <TextInput
            label={t("messages.templates.subject")}
            value={words.subject}
            error={field === "subject" ? wrong : undefined}
            onChange={(e) => write({ subject: e.currentTarget.value })}
          />
        )}
        <Textarea
          ref={box}
          label={t("messages.templates.text")}
          description={t("messages.templates.text_hint")}
          autosize
          minRows={template.channel === "mail" ? 10 : 3}
          value={words.text}
          error={field !== "subject" ? wrong : undefined}
          onChange={(e) => write({ text: e.currentTarget.value })}
        />
        <Buttons
          template={template}
          lang={lang}
          words={words}
          dirty={dirty}
          broken={preview.isError}
          forget={() => keep(draftKey, undefined)}
        />
        <Variables
          template={template}
          insert={(name) => write({ text: inserted(box, words.text, name) })}
        />
      </div>
      <section aria-labelledby="preview">
        <h2 id="preview" className={page.sectionTitle}>
          {t("messages.templates.preview")}
        </h2>
        <p className={page.hint}>{t("messages.templates.preview_hint")}</p>
        {preview.data && <Shown mail={template.channel === "mail"} {...preview.data} />}
      </section>
    </div>
  );
}

/** Somebody else has changed the text meanwhile: it stands here, and what was typed below. */
function Crossed({ theirs, take }: { theirs: TemplateWords; take: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className={page.card}>
      <p style={{ margin: 0 }}>{t("editor.conflict.notice")}</p>
      <details style={{ margin: "0.6rem 0" }}>
        <summary>{t("editor.conflict.compare")}</summary>
        <p className={page.cardTitle}>{theirs.subject}</p>
        <p className={classes.preview}>{theirs.text}</p>
      </details>
      <Button size="compact-sm" variant="default" onClick={take}>
        {t("editor.conflict.theirs")}
      </Button>
    </div>
  );
}

/** The text with a variable where the cursor is. */
function inserted(box: RefObject<HTMLTextAreaElement | null>, text: string, name: string) {
  const at = box.current?.selectionStart ?? text.length;
  const end = box.current?.selectionEnd ?? at;
  box.current?.focus();
  return `${text.slice(0, at)}{{${name}}}${text.slice(end)}`;
}

interface ButtonsProps {
  template: Template;
  lang: Language;
  words: TemplateWords;
  dirty: boolean;
  broken: boolean;
  forget: () => void;
}

function Buttons({ template, lang, words, dirty, broken, forget }: ButtonsProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name, version } = template;
  const done = async (now: Template) => {
    forget();
    client.setQueryData(["admin", "templates", name, lang], now);
    await client.invalidateQueries({ queryKey: ["admin", "templates"], exact: true });
    void client.invalidateQueries({ queryKey: ["audit"] });
    notifications.show({ message: t("messages.templates.saved") });
  };
  // Somebody was faster: their text is fetched, so that both can be seen.
  const onError = (err: unknown) => {
    if (asProblem(err).code === "conflict")
      void client.invalidateQueries({ queryKey: ["admin", "templates", name, lang] });
  };
  const save = useMutation({
    mutationFn: () => templates.set(name, lang, words, version),
    onSuccess: done,
    onError,
  });
  const restore = useMutation({
    mutationFn: () => templates.restore(name, lang, version),
    onSuccess: done,
    onError,
  });
  const test = useMutation({
    mutationFn: () => templates.test(name, lang, words),
    onSuccess: () => notifications.show({ message: t("messages.templates.tested") }),
  });
  return (
    <>
      <div className={page.actions}>
        <Button disabled={!dirty || broken} loading={save.isPending} onClick={() => save.mutate()}>
          {t("messages.templates.save")}
        </Button>
        {template.channel === "mail" && (
          <Button
            variant="default"
            disabled={broken}
            loading={test.isPending}
            onClick={() => test.mutate()}
          >
            {t("messages.templates.test")}
          </Button>
        )}
        {version > 0 && (
          <Button
            variant="subtle"
            color="gray"
            loading={restore.isPending}
            onClick={() => restore.mutate()}
          >
            {t("messages.templates.restore")}
          </Button>
        )}
      </div>
      <Refusal error={save.error ?? restore.error ?? test.error} />
    </>
  );
}

function Variables(props: { template: Template; insert: (name: string) => void }) {
  const { t, i18n } = useTranslation();
  return (
    <section aria-labelledby="variables">
      <h2 id="variables" className={page.cardTitle}>
        {t("messages.templates.variables")}
      </h2>
      <p className={page.hint}>{t("messages.templates.variables_hint")}</p>
      <ul className={classes.variables} style={{ marginTop: "0.7rem" }}>
        {props.template.variables.map((v) => {
          const about = `messages.variable.${v.name}`;
          return (
            <li key={v.name} className={classes.variable}>
              <button
                type="button"
                className={classes.insert}
                aria-label={t("messages.templates.insert", { name: v.name })}
                onClick={() => props.insert(v.name)}
              >
                {`{{${v.name}}}`}
              </button>
              <span>
                {i18n.exists(about) && (t as (k: string) => string)(about)}{" "}
                <span className={page.rowMeta}>
                  {t("messages.templates.example", { example: v.example })}
                  {v.required && ` · ${t("messages.templates.required")}`}
                </span>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Shown(props: { mail: boolean; subject: string; text: string; html: string }) {
  const { t } = useTranslation();
  const [part, setPart] = useState<"text" | "html">("text");
  return (
    <div style={{ display: "grid", gap: "0.8rem", marginTop: "0.8rem" }} data-preview>
      {props.mail && (
        <>
          <p className={page.cardTitle}>{props.subject}</p>
          <SegmentedControl
            aria-label={t("messages.templates.part")}
            value={part}
            onChange={(p) => setPart(p as "text" | "html")}
            data={[
              { value: "text", label: t("messages.templates.plain") },
              { value: "html", label: t("messages.templates.rich") },
            ]}
          />
        </>
      )}
      {part === "text" ? (
        <p className={classes.preview}>{props.text}</p>
      ) : (
        // Nothing in there may run, ask or leave: no permission is given at all.
        <iframe
          className={classes.frame}
          title={t("messages.templates.rich")}
          sandbox=""
          srcDoc={props.html}
        />
      )}
    </div>
  );
}
