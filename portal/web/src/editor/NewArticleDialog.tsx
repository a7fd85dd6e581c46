import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { editor } from "../api/editor";
import type { Language } from "../api/types";
import { Dialog } from "../app/Dialog";
import { currentLanguage, languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { companiesQuery } from "../manage/queries";

interface Begin {
  title: string;
  lang: Language;
}

/** Begins an article: a title in one language is enough. */
export function NewArticleDialog(props: { opened: boolean; begin?: Begin; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={t("editor.new.title")}>
      <Form begin={props.begin} />
    </Dialog>
  );
}

function Form({ begin }: { begin?: Begin }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState(begin?.title ?? "");
  const [lang, setLang] = useState<Language>(begin?.lang ?? currentLanguage());
  const [company, setCompany] = useState("");
  const companies = useQuery(companiesQuery);
  const create = useMutation({
    mutationFn: () =>
      editor.create({
        ...{ title: title.trim(), lang, summary: "", markdown: "" },
        company_id: company || undefined,
      }),
    onSuccess: (a) => {
      void client.invalidateQueries({ queryKey: ["articles"] });
      void navigate({ to: "/admin/articles/$article", params: { article: a.id } });
    },
  });
  return (
    <form
      className={page.form}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        if (title.trim()) create.mutate();
      }}
    >
      <TextInput
        label={t("editor.title")}
        required
        maxLength={300}
        lang={lang}
        value={title}
        onChange={(e) => setTitle(e.currentTarget.value)}
        data-autofocus
      />
      <NativeSelect
        label={t("editor.language")}
        value={lang}
        onChange={(e) => setLang(e.currentTarget.value as Language)}
        data={languages.map((l) => ({ value: l.code, label: l.name }))}
      />
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
      <Refusal error={create.error} />
      <div className={page.actions}>
        <Button type="submit" loading={create.isPending} disabled={!title.trim()}>
          {t("editor.new.begin")}
        </Button>
      </div>
    </form>
  );
}
