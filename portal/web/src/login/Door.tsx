import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Bell } from "../app/bell";
import { applyBrand } from "../app/theme";
import classes from "./login.module.css";
import { doorQuery } from "./query";

interface Props {
  title: string;
  children: ReactNode;
  /** Below the card. */
  foot?: ReactNode;
}

/** What stands before the portal: one card, one question. */
export function Door({ title, children, foot }: Props) {
  const portal = useQuery(doorQuery).data;
  useEffect(() => {
    if (portal) applyBrand(portal.accent);
  }, [portal]);
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Bell size={44} />
        <h1 className={classes.title}>{title}</h1>
        {children}
      </div>
      {foot}
    </main>
  );
}
