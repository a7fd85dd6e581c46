import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import classes from "./admin.module.css";

/** The form of a dialog: fields, what was refused, Save, and beside it the way to remove. */
export function SaveForm(props: {
  save: { mutate: () => void; isPending: boolean; error: Error | null };
  ready: boolean;
  refused?: Error | null; // by something else than Save
  aside?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const { save, ready } = props;
  return (
    <form
      className={page.form}
      style={{ maxWidth: "none" }}
      onSubmit={(e) => {
        e.preventDefault();
        if (ready) save.mutate();
      }}
    >
      {props.children}
      <Refusal error={save.error ?? props.refused} />
      <div className={classes.spread}>
        <Button type="submit" loading={save.isPending} disabled={!ready}>
          {t("common.action.save")}
        </Button>
        {props.aside}
      </div>
    </form>
  );
}
