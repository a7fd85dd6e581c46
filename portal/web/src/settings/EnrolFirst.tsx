import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLogOut } from "../app/session";
import { Failed, Loading } from "../app/states";
import { Door } from "../login/Door";
import classes from "../login/login.module.css";
import { Authenticator } from "./Authenticator";
import { factorsQuery } from "./queries";

/** Stands before everything else where the portal asks its staff for an authenticator app. */
export function EnrolFirst() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const logOut = useLogOut();
  const own = useQuery(factorsQuery);
  const on = own.data?.totp.enabled;
  useDocumentTitle(t("login.enrol.title"));
  useEffect(() => {
    if (on) void client.invalidateQueries(); // the portal opens
  }, [on, client]);
  return (
    <Door title={t("login.enrol.title")}>
      <p className={classes.intro}>{t("login.enrol.text")}</p>
      {own.isPending && <Loading />}
      {own.isError && <Failed error={own.error} retry={() => void own.refetch()} />}
      {own.data && <Authenticator factors={own.data} heading="h2" />}
      <p className={classes.ways}>
        <Button variant="subtle" color="gray" onClick={() => void logOut()}>
          {t("common.nav.log_out")}
        </Button>
      </p>
    </Door>
  );
}
