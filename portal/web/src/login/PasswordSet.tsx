import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import classes from "./login.module.css";

/** The end of each way to another password. */
export function PasswordSet() {
  const { t } = useTranslation();
  return (
    <>
      <p className={classes.intro} role="status">
        {t("people.link.done")}
      </p>
      <Button size="md" fullWidth renderRoot={(props) => <Link to="/login" {...props} />}>
        {t("login.submit")}
      </Button>
    </>
  );
}
