import { Button, NativeSelect, Radio, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import { type NewSource, sources } from "../api/sources";
import type { Language } from "../api/types";
import { Dialog } from "../app/Dialog";
import { useErrorText } from "../app/errors";
import { currentLanguage, languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { companiesQuery } from "../manage/queries";
import { sourcesQuery } from "./queries";

const rhythms = [1, 6, 24, 168];

/** An address whose pages become articles from now on. */
export function SourceDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} size="lg" title={t("knowledge.sources.add_title")}>
      <Form onClose={onClose} />
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const client = useQueryClient();
  const companies = useQuery(companiesQuery);
  const [source, setSource] = useState<NewSource>({
    url: "",
    kind: "page",
    lang: currentLanguage(),
    every_hours: 24,
  });
  const set = (change: Partial<NewSource>) => setSource((s) => ({ ...s, ...change }));
  const add = useMutation({
    mutationFn: () =>
      sources.add({
        ...source,
        prefix: (source.kind === "list" && source.prefix?.trim()) || undefined,
      }),
    onSuccess: async () => {
      notifications.show({ message: t("knowledge.sources.added") });
      onClose();
      await client.invalidateQueries(sourcesQuery);
    },
  });
  const problem = add.error ? asProblem(add.error) : undefined;
  const wrong = (field: string) => (problem?.field === field ? say(problem) : undefined);
  return (
    <form
      className={page.form}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        if (source.url.trim()) add.mutate();
      }}
    >
      <TextInput
        type="url"
        label={t("knowledge.sources.url")}
        description={t("knowledge.sources.url_hint")}
        placeholder="https://"
        required
        maxLength={1000}
        value={source.url}
        error={wrong("url")}
        onChange={(e) => set({ url: e.currentTarget.value })}
        data-autofocus
      />
      <Radio.Group
        label={t("knowledge.sources.kind")}
        value={source.kind}
        onChange={(kind) => set({ kind: kind as NewSource["kind"] })}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="page" label={t("knowledge.sources.kinds.page")} />
          <Radio value="list" label={t("knowledge.sources.kinds.list")} />
        </Stack>
      </Radio.Group>
      {source.kind === "list" && (
        <TextInput
          type="url"
          label={t("knowledge.sources.prefix")}
          description={t("knowledge.sources.prefix_hint")}
          maxLength={1000}
          value={source.prefix ?? ""}
          error={wrong("prefix")}
          onChange={(e) => set({ prefix: e.currentTarget.value })}
        />
      )}
      <NativeSelect
        label={t("knowledge.sources.lang")}
        value={source.lang}
        onChange={(e) => set({ lang: e.currentTarget.value as Language })}
        data={languages.map((l) => ({ value: l.code, label: l.name }))}
      />
      <NativeSelect
        label={t("editor.audience")}
        description={t("editor.audience_hint")}
        value={source.company_id ?? ""}
        onChange={(e) => set({ company_id: e.currentTarget.value || undefined })}
        data={[
          { value: "", label: t("editor.everybody") },
          ...(companies.data ?? []).map((c) => ({ value: c.id, label: c.name })),
        ]}
      />
      <NativeSelect
        label={t("knowledge.sources.every")}
        value={String(source.every_hours)}
        onChange={(e) => set({ every_hours: Number(e.currentTarget.value) })}
        data={rhythms.map((h) => ({
          value: String(h),
          label: t("knowledge.sources.hours", { count: h }),
        }))}
      />
      <Refusal error={problem?.field === "url" || problem?.field === "prefix" ? null : add.error} />
      <div className={page.actions}>
        <Button type="submit" loading={add.isPending} disabled={!source.url.trim()}>
          {t("knowledge.sources.start")}
        </Button>
      </div>
    </form>
  );
}
