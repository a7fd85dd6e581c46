import { MultiSelect, NumberInput, Select } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type SecondFactor, secondFactor } from "../api/manage";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Changes } from "../audit/Changes";
import { AdminNav } from "./AdminNav";
import { countries } from "./countries";
import { OnOff } from "./OnOff";
import { useSave } from "./useSave";

const key = ["admin", "second-factor"];

/** What the portal allows of codes by SMS. Authenticator apps always work. */
export function SecondFactorPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const rules = useQuery({ queryKey: key, queryFn: secondFactor.get });
  // The server takes the rules as a whole; what is shown has the change already.
  const save = useSave(key, async (change: Partial<SecondFactor>) => {
    const now = client.getQueryData<SecondFactor>(key) ?? (await secondFactor.get());
    return secondFactor.set({ ...now, ...change });
  });
  useDocumentTitle(t("admin.second_factor.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <h1 className={page.title}>{t("admin.second_factor.title")}</h1>
      <p className={page.lead}>{t("admin.second_factor.lead")}</p>
      {rules.isPending && <Loading />}
      {rules.isError && <Failed error={rules.error} retry={() => void rules.refetch()} />}
      {rules.data && (
        <>
          <OnOff
            name="sms"
            on={rules.data.sms}
            label={t("admin.second_factor.sms")}
            text={t(`admin.second_factor.${rules.data.sms ? "sms_on" : "sms_off"}`)}
            onChange={(sms) => save.mutate({ sms })}
          />
          {rules.data.sms && <Sms rules={rules.data} save={save.mutate} />}
          <Changes group="policy" invalidates={[key]} />
        </>
      )}
    </div>
  );
}

interface Props {
  rules: SecondFactor;
  save: (change: Partial<SecondFactor>) => void;
}

function Sms({ rules, save }: Props) {
  const { t, i18n } = useTranslation();
  const all = useMemo(() => countries(i18n.language), [i18n.language]);
  return (
    <>
      <div className={page.card}>
        <MultiSelect
          label={t("admin.second_factor.countries")}
          description={t("admin.second_factor.countries_hint")}
          searchable
          value={all.map((c) => c.value).filter((c) => rules.countries.includes(c))}
          onChange={(codes) => save({ countries: codes })}
          nothingFoundMessage={t("manage.none_title")}
          data={all}
        />
      </div>
      <div className={page.card}>
        <Select
          label={t("admin.second_factor.region")}
          description={t("admin.second_factor.region_hint")}
          placeholder={t("admin.second_factor.no_region")}
          searchable
          clearable
          clearButtonProps={{ "aria-label": t("admin.second_factor.no_region") }}
          value={rules.region || null}
          onChange={(region) => save({ region: region ?? "" })}
          nothingFoundMessage={t("manage.none_title")}
          data={all}
        />
      </div>
      <div className={page.card}>
        <PerDay key={rules.per_day} rules={rules} save={save} />
      </div>
    </>
  );
}

// Saved when one leaves the field, and not at each digit.
function PerDay({ rules, save }: Props) {
  const { t } = useTranslation();
  const [value, setValue] = useState<number | string>(rules.per_day);
  const done = () => {
    const n = Number(value);
    if (value === "" || !(n >= 1)) setValue(rules.per_day);
    else if (n !== rules.per_day) save({ per_day: n });
  };
  return (
    <NumberInput
      maw="14rem"
      label={t("admin.second_factor.per_day")}
      description={t("admin.second_factor.per_day_hint")}
      styles={{ description: { width: "min(34rem, 78vw)" } }}
      min={1}
      max={100_000}
      allowDecimal={false}
      allowNegative={false}
      hideControls
      value={value}
      onChange={setValue}
      onBlur={done}
      onKeyDown={(e) => e.key === "Enter" && done()}
    />
  );
}
