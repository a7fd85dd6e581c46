import { SegmentedControl, Switch } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { admin } from "../api";
import { operations } from "../api/manage";
import type { Audience, Policies } from "../api/types";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { Changes } from "../audit/Changes";
import { PeoplePicker } from "../manage/PeoplePicker";
import { AdminNav } from "./AdminNav";
import classes from "./admin.module.css";
import { OnOff } from "./OnOff";
import { useSave } from "./useSave";

const policiesKey = ["admin", "policies"];
const switches = ["assistant", "assistant_tickets", "manual_tickets"] as const;
const ofPeople = ["welcome_mail", "sign_up", "staff_totp"] as const;
const audiences = ["ticketing", "knowledge_base"] as const;

/** The switches of the portal. Each is saved at once and can be undone. */
export function PoliciesPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const policies = useQuery({ queryKey: policiesKey, queryFn: admin.policies });
  const save = useSave(policiesKey, async (change: Partial<Policies>) => {
    const now = await admin.setPolicies(change);
    void client.invalidateQueries({ queryKey: ["session"] });
    return now;
  });
  useDocumentTitle(t("admin.policies.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <AdminNav />
      <h1 className={page.title}>{t("admin.policies.title")}</h1>
      <p className={page.lead}>{t("admin.policies.lead")}</p>
      {policies.isPending && <Loading />}
      {policies.isError && <Failed error={policies.error} retry={() => void policies.refetch()} />}
      {policies.data && (
        <>
          <h2 className={page.sectionTitle}>{t("admin.policies.group_assistant")}</h2>
          {switches.map((name) => (
            <OnOff
              key={name}
              name={name}
              on={policies.data[name]}
              label={t(`admin.policies.${name}.label`)}
              text={t(`admin.policies.${name}.${policies.data[name] ? "on" : "off"}`)}
              onChange={(on) => save.mutate({ [name]: on })}
            />
          ))}
          <div className={page.section} />
          <h2 className={page.sectionTitle}>{t("admin.policies.group_portal")}</h2>
          {audiences.map((name) => (
            <ForWhom
              key={name}
              name={name}
              audience={policies.data[name]}
              onChange={(audience) => save.mutate({ [name]: audience })}
            />
          ))}
          <div className={page.section} />
          <h2 className={page.sectionTitle}>{t("admin.policies.group_self_service")}</h2>
          <ForWhom
            name="self_service"
            audience={policies.data.self_service}
            onChange={(audience) =>
              save.mutate({ self_service: { ...audience, users: audience.users ?? [] } })
            }
          />
          <Operations
            on={policies.data.operations}
            onChange={(operations) => save.mutate({ operations })}
          />
          <div className={page.section} />
          <h2 className={page.sectionTitle}>{t("admin.policies.group_people")}</h2>
          {ofPeople.map((name) => (
            <OnOff
              key={name}
              name={name}
              on={policies.data[name]}
              label={t(`admin.policies.${name}.label`)}
              text={t(`admin.policies.${name}.${policies.data[name] ? "on" : "off"}`)}
              onChange={(on) => save.mutate({ [name]: on })}
            />
          ))}
          <Changes group="policy" invalidates={[policiesKey]} />
        </>
      )}
    </div>
  );
}

function ForWhom(props: {
  name: (typeof audiences)[number] | "self_service";
  audience: Audience;
  onChange: (a: Audience) => void;
}) {
  const { t } = useTranslation();
  const { name, audience } = props;
  const id = useId();
  return (
    <div className={page.card} data-policy={name}>
      <h3 id={id} className={page.cardTitle}>
        {t(`admin.policies.${name}.label`)}
      </h3>
      <p className={page.hint}>{t(`admin.policies.${name}.${audience.mode}`)}</p>
      <SegmentedControl
        mt="sm"
        aria-labelledby={id}
        value={audience.mode}
        onChange={(mode) =>
          props.onChange({ mode: mode as Audience["mode"], users: audience.users ?? [] })
        }
        data={(["off", "everyone", "selected"] as const).map((m) => ({
          value: m,
          label: t(`admin.policies.mode.${m}`),
        }))}
      />
      {audience.mode === "selected" && (
        <PeoplePicker
          mt="sm"
          label={t("admin.policies.users")}
          value={audience.users ?? []}
          onChange={(ids) => props.onChange({ mode: "selected", users: ids })}
        />
      )}
    </div>
  );
}

/** Each operation on a device has a switch of its own, below the one for all. */
function Operations(props: {
  on: Record<string, boolean>;
  onChange: (on: Record<string, boolean>) => void;
}) {
  const { t } = useTranslation();
  return (
    <fieldset
      className={page.card}
      style={{ border: 0, margin: "0.75rem 0 0" }}
      data-policy="operations"
    >
      <legend className="sr-only">{t("admin.policies.operations.label")}</legend>
      <p className={page.cardTitle} aria-hidden="true">
        {t("admin.policies.operations.label")}
      </p>
      <p className={page.hint}>{t("admin.policies.operations.hint")}</p>
      <div className={classes.operations}>
        {operations.map((o) => (
          <Switch
            key={o}
            data-operation={o}
            checked={props.on[o] === true}
            onChange={(e) => props.onChange({ ...props.on, [o]: e.currentTarget.checked })}
            label={t(`manage.operation.${o}`)}
            description={t(`admin.policies.effect.${o}`)}
            labelPosition="left"
            classNames={{
              body: classes.switchBody,
              track: classes.track,
              description: classes.switchText,
            }}
          />
        ))}
      </div>
    </fieldset>
  );
}
