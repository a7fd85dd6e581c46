import { Button, NativeSelect, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type SoftwareSource, sources } from "../api/manage";
import { Dialog } from "../app/Dialog";
import { PasswordField } from "../app/PasswordField";
import page from "../app/page.module.css";
import { Failed, Loading, Refusal } from "../app/states";
import { sourcesQuery } from "../manage/queries";
import classes from "./admin.module.css";

/** Private repositories. What one logs in with goes in and is never shown again. */
export function Sources() {
  const { t } = useTranslation();
  const list = useQuery(sourcesQuery);
  const [open, setOpen] = useState<SoftwareSource | "new">();
  return (
    <section className={page.section} aria-labelledby="sources">
      <div className={page.top}>
        <h2 id="sources" className={page.sectionTitle} style={{ margin: 0 }}>
          {t("admin.sources.title")}
        </h2>
        <Button
          variant="default"
          size="sm"
          leftSection={<IconPlus size={17} aria-hidden="true" />}
          onClick={() => setOpen("new")}
        >
          {t("admin.sources.add")}
        </Button>
      </div>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && <p className={page.hint}>{t("admin.sources.none")}</p>}
      {(list.data?.length ?? 0) > 0 && (
        <ul className={page.rows}>
          {list.data?.map((s) => (
            <li key={s.id}>
              <button type="button" className={classes.entry} onClick={() => setOpen(s)}>
                <span className={page.rowTitle}>{s.name}</span>
                <span className={page.rowMeta}>
                  {s.manager === "chocolatey" ? "Chocolatey" : "Homebrew"}
                </span>
                <span className={page.rowMeta}>
                  {s.url} ·{" "}
                  {t(
                    s.has_credentials ? "admin.sources.with_login" : "admin.sources.without_login",
                  )}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Dialog
        key={open === "new" ? "new" : open?.id}
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        title={open === "new" ? t("admin.sources.add") : open?.name}
      >
        {open && (
          <Form source={open === "new" ? undefined : open} onClose={() => setOpen(undefined)} />
        )}
      </Dialog>
    </section>
  );
}

function Form({ source: s, onClose }: { source?: SoftwareSource; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [manager, setManager] = useState<SoftwareSource["manager"]>(s?.manager ?? "chocolatey");
  const [name, setName] = useState(s?.name ?? "");
  const [url, setURL] = useState(s?.url ?? "");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const done = async () => {
    await client.invalidateQueries({ queryKey: ["manage", "sources"] });
    notifications.show({ message: t("admin.software.saved") });
    onClose();
  };
  const save = useMutation({
    mutationFn: () => {
      const credentials = user && password ? { credentials: { user, password } } : {};
      const draft = { name: name.trim(), url: url.trim(), ...credentials };
      return s ? sources.change(s.id, draft) : sources.create({ manager, ...draft });
    },
    onSuccess: done,
  });
  const remove = useMutation({ mutationFn: () => sources.remove(s?.id ?? ""), onSuccess: done });
  const half = Boolean(user) !== Boolean(password);
  return (
    <form
      className={page.form}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        if (!half) save.mutate();
      }}
    >
      {!s && (
        <NativeSelect
          label={t("admin.sources.manager")}
          value={manager}
          onChange={(e) => setManager(e.currentTarget.value as SoftwareSource["manager"])}
          data={[
            { value: "chocolatey", label: "Chocolatey (Windows)" },
            { value: "homebrew", label: "Homebrew (macOS)" },
          ]}
        />
      )}
      <TextInput
        label={t("admin.software.name")}
        required
        maxLength={100}
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
      />
      <TextInput
        type="url"
        label={t("admin.sources.url")}
        description={t("admin.sources.url_hint")}
        required
        value={url}
        onChange={(e) => setURL(e.currentTarget.value)}
      />
      <TextInput
        label={t("admin.sources.user")}
        autoComplete="off"
        value={user}
        onChange={(e) => setUser(e.currentTarget.value)}
      />
      <PasswordField
        label={t("admin.sources.password")}
        description={t(s?.has_credentials ? "admin.sources.kept" : "admin.sources.write_only")}
        autoComplete="new-password"
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
      />
      {half && <p className={page.hint}>{t("admin.sources.both")}</p>}
      <Refusal error={save.error ?? remove.error} />
      <div className={classes.spread}>
        <Button type="submit" loading={save.isPending} disabled={half}>
          {t("common.action.save")}
        </Button>
        {s && s.used_by === 0 && (
          <Button
            variant="subtle"
            color="red"
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            {t("common.action.delete")}
          </Button>
        )}
      </div>
    </form>
  );
}
