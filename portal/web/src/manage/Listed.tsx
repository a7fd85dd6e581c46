import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { Empty, Failed } from "../app/states";
import { Rows } from "../tickets/TicketsPage";

/** The four states of a whole list that the page itself filters. */
export function Listed<T extends { id: string }>(props: {
  list: UseQueryResult<T[]>;
  shown: T[];
  empty: ReactNode; // there is none at all
  row: (item: T) => ReactNode;
}) {
  const { t } = useTranslation();
  const { list, shown } = props;
  if (list.isPending) return <Rows />;
  if (list.isError) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (list.data.length === 0) return props.empty;
  if (shown.length === 0) {
    return <Empty title={t("manage.none_title")}>{t("manage.none_text")}</Empty>;
  }
  return (
    <ul className={page.rows}>
      {shown.map((item) => (
        <li key={item.id}>{props.row(item)}</li>
      ))}
    </ul>
  );
}
