import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Macro } from "../api/macros";
import page from "../app/page.module.css";
import { Empty, Failed, Loading } from "../app/states";
import { useChangeWords } from "../staff/MacroPreview";
import { macrosQuery } from "../staff/macros";
import { AdminNav } from "./AdminNav";
import classes from "./admin.module.css";
import { MacroDialog } from "./MacroDialog";

/** Canned replies: what technicians would write again and again, with what changes by it. */
export function MacrosPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const list = useQuery(macrosQuery);
  const [open, setOpen] = useState<Macro | "new">();
  useDocumentTitle(t("queue.macro.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("queue.macro.title")}</h1>
        <Button
          leftSection={<IconPlus size={18} aria-hidden="true" />}
          onClick={() => setOpen("new")}
        >
          {t("queue.macro.add")}
        </Button>
      </div>
      <p className={page.lead}>{t("queue.macro.lead")}</p>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && (
        <Empty title={t("queue.macro.empty_title")}>{t("queue.macro.empty_text")}</Empty>
      )}
      {list.data && list.data.length > 0 && (
        <ul className={page.rows}>
          {list.data.map((m) => (
            <li key={m.id}>
              <Row macro={m} onOpen={() => setOpen(m)} />
            </li>
          ))}
        </ul>
      )}
      <MacroDialog
        key={open === "new" ? "new" : open?.id}
        opened={open !== undefined}
        macro={open === "new" ? undefined : open}
        onClose={() => setOpen(undefined)}
        onSaved={() => void client.invalidateQueries({ queryKey: macrosQuery.queryKey })}
      />
    </div>
  );
}

function Row({ macro: m, onOpen }: { macro: Macro; onOpen: () => void }) {
  const { i18n } = useTranslation();
  const words = useChangeWords();
  const changes = words(m.changes);
  const text = m.texts[i18n.language] ?? Object.values(m.texts)[0] ?? "";
  return (
    <button type="button" className={classes.statusName} onClick={onOpen}>
      <span className={page.rowTitle}>{m.name}</span>
      {text && <span className={`${page.rowMeta} ${classes.begins}`}>{text}</span>}
      {changes.length > 0 && <span className={page.rowMeta}>{changes.join(" · ")}</span>}
    </button>
  );
}
