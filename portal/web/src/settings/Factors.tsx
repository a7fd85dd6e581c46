import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Authenticator } from "./Authenticator";
import { Phone } from "./Phone";
import { factorsQuery } from "./queries";
import classes from "./settings.module.css";

/** How one confirms what is done on one's devices: by phone, or by an authenticator app. */
export function SecondFactor() {
  const { t } = useTranslation();
  const own = useQuery(factorsQuery);
  return (
    <section className={page.section} aria-labelledby="factors">
      <h2 id="factors" className={page.sectionTitle}>
        {t("account.factor.title")}
      </h2>
      <p className={classes.hint}>{t("account.factor.hint")}</p>
      {own.isPending && <Loading />}
      {own.isError && <Failed error={own.error} retry={() => void own.refetch()} />}
      {own.data?.held && <p className={classes.waits}>{t("account.factor.held")}</p>}
      {own.data && (
        <div className={classes.factors}>
          <Phone factors={own.data} />
          <Authenticator factors={own.data} />
        </div>
      )}
    </section>
  );
}
