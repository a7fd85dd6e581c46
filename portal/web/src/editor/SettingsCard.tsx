import { Button, NativeSelect, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type EditedArticle, editor } from "../api/editor";
import { asProblem } from "../api/problem";
import { currentLanguage } from "../app/i18n";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { companiesQuery } from "../manage/queries";
import { nameOf } from "./category";
import classes from "./editor.module.css";
import { categoriesQuery, editedQuery } from "./queries";

const today = () => new Date().toISOString().slice(0, 10);
function inMonths(months: number) {
  const d = new Date();
  d.setMonth(d.getMonth() + months);
  return d.toISOString().slice(0, 10);
}

/** For whom an article is, where it stands, when to look at it again. Saved at once. */
export function SettingsCard({ article, readOnly }: { article: EditedArticle; readOnly: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const companies = useQuery(companiesQuery);
  const shelves = useQuery(categoriesQuery);
  const set = useMutation({
    mutationFn: (change: Parameters<typeof editor.set>[2]) =>
      editor.set(article.id, article.version, change),
    onSuccess: (a) => {
      client.setQueryData(editedQuery(article.id).queryKey, a);
      void client.invalidateQueries({ queryKey: ["articles"] });
      notifications.show({ message: t("editor.done.set") });
    },
    onError: (err) => {
      if (asProblem(err).code === "conflict")
        void client.invalidateQueries(editedQuery(article.id));
    },
  });
  const due = article.review_on && article.review_on <= today();
  return (
    <div className={classes.settings}>
      <NativeSelect
        label={t("editor.audience")}
        description={t("editor.audience_hint")}
        disabled={readOnly || set.isPending}
        value={article.company_id ?? ""}
        onChange={(e) => set.mutate({ company_id: e.currentTarget.value })}
        data={[
          { value: "", label: t("editor.everybody") },
          ...(companies.data ?? []).map((c) => ({ value: c.id, label: c.name })),
        ]}
      />
      <NativeSelect
        label={t("editor.category.one")}
        description={t("editor.category.hint")}
        disabled={readOnly || set.isPending}
        value={article.category_id ?? ""}
        onChange={(e) => set.mutate({ category_id: e.currentTarget.value })}
        data={[
          { value: "", label: t("editor.category.none") },
          ...(shelves.data ?? []).map((c) => ({
            value: c.id,
            label: nameOf(c, currentLanguage()),
          })),
        ]}
      />
      <div className={classes.review}>
        <TextInput
          type="date"
          label={t("editor.review.label")}
          description={due ? t("editor.review.due") : t("editor.review.hint")}
          disabled={readOnly || set.isPending}
          value={article.review_on ?? ""}
          onChange={(e) => {
            const day = e.currentTarget.value;
            if (day === "" || day >= "2000") set.mutate({ review_on: day });
          }}
        />
        {due && !readOnly && (
          <Button
            variant="default"
            size="sm"
            onClick={() => set.mutate({ review_on: inMonths(6) })}
          >
            {t("editor.review.done")}
          </Button>
        )}
      </div>
      <p className={page.hint}>{t("editor.key", { key: article.key })}</p>
      <Refusal error={set.error} />
    </div>
  );
}
