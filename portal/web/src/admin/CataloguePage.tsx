import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CatalogueEntry } from "../api/manage";
import page from "../app/page.module.css";
import { Empty, Failed } from "../app/states";
import { systemNames } from "../app/systems";
import { catalogueQuery } from "../manage/queries";
import { SoftwareIcon } from "../self-service/SoftwareIcon";
import { Rows } from "../tickets/TicketsPage";
import { AdminNav } from "./AdminNav";
import classes from "./admin.module.css";
import { EntryDialog } from "./EntryDialog";
import { Sources } from "./Sources";

/** What people may install by themselves, and where it comes from. */
export function CataloguePage() {
  const { t } = useTranslation();
  const list = useQuery(catalogueQuery);
  const [open, setOpen] = useState<CatalogueEntry | "new">();
  useDocumentTitle(t("admin.software.title"));
  const add = (
    <Button leftSection={<IconPlus size={18} aria-hidden="true" />} onClick={() => setOpen("new")}>
      {t("admin.software.add")}
    </Button>
  );
  return (
    <div className={page.page}>
      <AdminNav />
      <div className={page.top}>
        <h1 className={page.title}>{t("admin.software.title")}</h1>
        {(list.data?.length ?? 0) > 0 && add}
      </div>
      <p className={page.lead}>{t("admin.software.lead")}</p>
      {list.isPending && <Rows />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && (
        <Empty title={t("admin.software.empty_title")} action={add}>
          {t("admin.software.empty_text")}
        </Empty>
      )}
      {(list.data?.length ?? 0) > 0 && (
        <ul className={page.rows}>
          {list.data?.map((e) => (
            <li key={e.id}>
              <button
                type="button"
                className={`${classes.entry} ${classes.program}`}
                onClick={() => setOpen(e)}
              >
                <Entry entry={e} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Sources />
      <EntryDialog
        key={open === "new" ? "new" : open?.id}
        opened={open !== undefined}
        entry={open === "new" ? undefined : open}
        onClose={() => setOpen(undefined)}
      />
    </div>
  );
}

function Entry({ entry: e }: { entry: CatalogueEntry }) {
  const { t } = useTranslation();
  const packages = (e.packages ?? []).map(
    (p) => `${systemNames[p.system]}: ${p.package}${p.version ? ` ${p.version}` : ""}`,
  );
  return (
    <>
      <SoftwareIcon software={{ name: e.name, icon: e.icon ?? "" }} />
      <span className={page.rowTitle}>{e.name}</span>
      <span className={page.rowMeta}>{t(`admin.software.audience.${e.audience.mode}`)}</span>
      <span className={page.rowMeta}>{packages.join(" · ")}</span>
    </>
  );
}
