import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconArrowDown, IconArrowUp, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { AdminNav } from "../admin/AdminNav";
import { type Category, categories } from "../api/editor";
import { Dialog } from "../app/Dialog";
import { currentLanguage, languages } from "../app/i18n";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, Refusal } from "../app/states";
import { Rows } from "../tickets/TicketsPage";
import { nameOf } from "./category";
import { EditorNav } from "./EditorNav";
import classes from "./editor.module.css";
import { categoriesQuery } from "./queries";

/** The categories of the knowledge base: their names in each language, their order. */
export function CategoriesPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const admin = useMe().role === "admin";
  const [open, setOpen] = useState<Category | "new">();
  useDocumentTitle(t("editor.category.title"));
  const list = useQuery(categoriesQuery);
  const items = list.data ?? [];
  const order = useMutation({
    mutationFn: categories.order,
    onSettled: () => client.invalidateQueries({ queryKey: ["articles"] }),
  });
  const move = (i: number, by: number) => {
    const ids = items.map((c) => c.id);
    const [id] = ids.splice(i, 1);
    if (id) order.mutate(ids.toSpliced(i + by, 0, id));
  };
  const add = admin && (
    <Button
      leftSection={<IconPlus size={18} stroke={1.7} aria-hidden="true" />}
      onClick={() => setOpen("new")}
    >
      {t("editor.category.add")}
    </Button>
  );
  return (
    <div className={page.page}>
      <AdminNav />
      <EditorNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("editor.category.title")}</h1>
        {items.length > 0 && add}
      </div>
      <p className={page.lead}>{t("editor.category.lead")}</p>
      <Refusal error={order.error} />
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <Empty title={t("editor.category.empty_title")} action={add}>
          {t("editor.category.empty_text")}
        </Empty>
      )}
      {items.length > 0 && (
        <ol className={page.rows}>
          {items.map((c, i) => (
            <li key={c.id} className={classes.category}>
              <Line category={c} onOpen={admin ? () => setOpen(c) : undefined} />
              {admin && (
                <span className={classes.moves}>
                  <Move
                    up
                    name={nameOf(c, currentLanguage())}
                    disabled={i === 0 || order.isPending}
                    onClick={() => move(i, -1)}
                  />
                  <Move
                    name={nameOf(c, currentLanguage())}
                    disabled={i === items.length - 1 || order.isPending}
                    onClick={() => move(i, 1)}
                  />
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
      <CategoryDialog
        key={open === "new" ? "new" : open?.id}
        opened={open !== undefined}
        category={open === "new" ? undefined : open}
        onClose={() => setOpen(undefined)}
      />
    </div>
  );
}

function Line({ category: c, onOpen }: { category: Category; onOpen?: () => void }) {
  const names: Partial<Record<string, string>> = c.names;
  const main = nameOf(c, currentLanguage());
  const others = languages
    .map((l) => names[l.code])
    .filter((n, i, all) => n && n !== main && all.indexOf(n) === i)
    .join(" · ");
  const inner = (
    <>
      <span className={page.rowTitle}>{main}</span>
      <span className={page.rowMeta}>{others}</span>
    </>
  );
  if (!onOpen) return <span className={classes.name}>{inner}</span>;
  return (
    <button type="button" className={classes.name} onClick={onOpen}>
      {inner}
    </button>
  );
}

function Move(props: { up?: boolean; name: string; disabled: boolean; onClick: () => void }) {
  const { t } = useTranslation();
  const Icon = props.up ? IconArrowUp : IconArrowDown;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={36}
      disabled={props.disabled}
      aria-label={t(props.up ? "editor.category.up" : "editor.category.down", {
        name: props.name,
      })}
      onClick={props.onClick}
    >
      <Icon size={18} stroke={1.7} aria-hidden="true" />
    </ActionIcon>
  );
}

function CategoryDialog(props: { opened: boolean; category?: Category; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={props.opened}
      onClose={props.onClose}
      title={t(props.category ? "editor.category.edit" : "editor.category.add")}
    >
      <Form category={props.category} onClose={props.onClose} />
    </Dialog>
  );
}

function Form({ category, onClose }: { category?: Category; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [names, setNames] = useState<Record<string, string>>({ ...category?.names });
  const [removing, setRemoving] = useState(false);
  const done = async (what: string) => {
    await client.invalidateQueries({ queryKey: ["articles"] });
    notifications.show({
      message: t(what === "saved" ? "editor.done.set" : "editor.done.category"),
    });
    onClose();
  };
  const save = useMutation({
    mutationFn: () =>
      category ? categories.change(category.id, category.version, names) : categories.create(names),
    onSuccess: () => done("saved"),
  });
  const remove = useMutation({
    mutationFn: () => categories.remove(category?.id ?? ""),
    onSuccess: () => done("removed"),
  });
  const named = Object.values(names).some((n) => n.trim());
  return (
    <form
      className={page.form}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        if (named) save.mutate();
      }}
    >
      <p className={page.hint}>{t("editor.category.names_hint")}</p>
      {languages.map((l, i) => (
        <TextInput
          key={l.code}
          label={<span lang={l.code}>{l.name}</span>}
          lang={l.code}
          maxLength={80}
          value={names[l.code] ?? ""}
          onChange={(e) => {
            const name = e.currentTarget.value;
            setNames((n) => ({ ...n, [l.code]: name }));
          }}
          data-autofocus={i === 0 || undefined}
        />
      ))}
      <Refusal error={save.error ?? remove.error} />
      <div className={classes.buttons}>
        <Button type="submit" loading={save.isPending} disabled={!named}>
          {t("common.action.save")}
        </Button>
        {category &&
          (removing ? (
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              {t("editor.category.remove_sure")}
            </Button>
          ) : (
            <Button variant="subtle" color="red" onClick={() => setRemoving(true)}>
              {t("common.action.delete")}
            </Button>
          ))}
      </div>
    </form>
  );
}
