import { Button, TagsInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Company, companies } from "../api/people";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { companiesQuery } from "./queries";

interface Props {
  opened: boolean;
  company?: Company; // none: a new one
  onClose: () => void;
}

/** Adds a company, or changes its name and its mail domains. */
export function CompanyDialog({ opened, company, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t(company ? "people.companies.edit_title" : "people.companies.add")}
    >
      <Form company={company} onClose={onClose} />
    </Dialog>
  );
}

function Form({ company, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(company?.name ?? "");
  const [domains, setDomains] = useState<string[]>(company?.domains ?? []);
  const save = useMutation({
    mutationFn: () => {
      const draft = { name: name.trim(), domains };
      return company
        ? companies.change(company.id, draft, company.version)
        : companies.create(draft);
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: companiesQuery.queryKey });
      notifications.show({ message: t("people.saved") });
      onClose();
      if (!company)
        void navigate({ to: "/manage/companies/$company", params: { company: saved.id } });
    },
  });
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (name.trim()) save.mutate();
      }}
    >
      <TextInput
        label={t("people.companies.name")}
        value={name}
        maxLength={120}
        onChange={(e) => setName(e.currentTarget.value)}
        data-autofocus
      />
      <TagsInput
        label={t("people.companies.domains")}
        description={t("people.companies.domains_hint")}
        placeholder={domains.length === 0 ? "example.com" : undefined}
        value={domains}
        onChange={setDomains}
        splitChars={[",", " ", ";"]}
        acceptValueOnBlur
      />
      <Refusal error={save.error} />
      <div className={page.actions}>
        <Button type="submit" loading={save.isPending} disabled={!name.trim()}>
          {t("common.action.save")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}
