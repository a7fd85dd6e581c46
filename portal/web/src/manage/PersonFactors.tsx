import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Contact, people } from "../api/manage";
import type { Person } from "../api/types";
import { Confirm } from "../app/Confirm";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Failed, Loading, Refusal } from "../app/states";
import classes from "./manage.module.css";
import { factorsQuery } from "./queries";

/** What a person confirms actions with, and the way back in when it is lost. */
export function PersonFactors({ person: p }: { person: Person }) {
  const { t } = useTranslation();
  const me = useMe();
  const own = me.id === p.id;
  const ofStaff = (p.role === "technician" || p.role === "admin") && me.role !== "admin";
  const may = !own && !ofStaff;
  const contact = useQuery(factorsQuery(p.id));
  return (
    <section className={page.section} aria-labelledby="factors">
      <h2 id="factors" className={page.sectionTitle}>
        {t("manage.factors.title")}
      </h2>
      <p className={page.lead}>
        {t(
          own ? "manage.factors.own" : ofStaff ? "manage.factors.of_staff" : "manage.factors.hint",
        )}
      </p>
      {contact.isPending && <Loading />}
      {contact.isError && <Failed error={contact.error} retry={() => void contact.refetch()} />}
      {contact.data && (
        <>
          <Waits person={p} contact={contact.data} own={own} />
          <div className={page.rows}>
            <Phone person={p} contact={contact.data} may={may} />
            <App person={p} contact={contact.data} may={may} />
          </div>
        </>
      )}
    </section>
  );
}

interface Props {
  person: Person;
  contact: Contact;
  may: boolean; // nobody recovers their own: a colleague does; those of staff, an admin
}

/** What was set up and does not count yet, and how it does at once. */
function Waits({ person: p, contact: c, own }: Omit<Props, "may"> & { own: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const admin = useMe().role === "admin";
  const [asking, setAsking] = useState(false);
  if (!c.held && !c.waits_until && !c.totp_waits_until) return null;
  return (
    <div className={page.card} data-waits style={{ marginBottom: "0.8rem" }}>
      {c.held && <p className={page.hint}>{t("manage.factors.held")}</p>}
      {admin && !own ? (
        <>
          <Button mt="sm" size="sm" variant="default" onClick={() => setAsking(true)}>
            {t("manage.factors.release")}
          </Button>
          <Confirm
            opened={asking}
            title={t("manage.factors.release")}
            button={t("manage.factors.release")}
            act={async () => {
              const now = await people.release(p.id);
              client.setQueryData(factorsQuery(p.id).queryKey, now);
              notifications.show({ message: t("manage.factors.released") });
            }}
            onClose={() => setAsking(false)}
          >
            {t("manage.factors.release_text", { name: p.name })}
          </Confirm>
        </>
      ) : (
        <p className={page.hint}>{t("manage.factors.ask_admin")}</p>
      )}
    </div>
  );
}

function Phone({ person: p, contact: c, may }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [editing, setEditing] = useState(false);
  return (
    <>
      <div className={classes.line} data-factor="phone" data-on={c.verified}>
        <div>
          <strong className={classes.factor}>{t("manage.factors.phone")}</strong>
          <span>{c.number ?? t("manage.factors.no_phone")}</span>
          {c.number && (
            <span className={classes.mark} data-state={c.verified ? "succeeded" : "unknown"}>
              {t(c.verified ? "manage.factors.verified" : "manage.factors.unverified")}
            </span>
          )}
          {c.waits_until && (
            <p className={page.hint}>
              {t("manage.factors.waits", { when: format.full(c.waits_until) })}
            </p>
          )}
          {c.delete_after && (
            <p className={page.hint}>
              {t("manage.factors.leaving", { when: format.full(c.delete_after) })}
            </p>
          )}
        </div>
        {may && (
          <div className={page.actions}>
            <Button size="compact-sm" variant="subtle" onClick={() => setEditing(!editing)}>
              {t(c.number ? "manage.factors.change" : "manage.factors.add")}
            </Button>
            {c.number && <Remove person={p} which="phone" act={() => people.removePhone(p.id)} />}
          </div>
        )}
      </div>
      {editing && <NumberForm person={p} onDone={() => setEditing(false)} />}
    </>
  );
}

function App({ person: p, contact: c, may }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const on = c.totp;
  return (
    <div className={classes.line} data-factor="totp" data-on={on}>
      <div>
        <strong className={classes.factor}>{t("manage.factors.totp")}</strong>
        {on ? (
          <span className={classes.mark} data-state="succeeded">
            {t("manage.factors.on")}
          </span>
        ) : (
          t("manage.factors.off")
        )}
        {c.totp_waits_until && (
          <p className={page.hint}>
            {t("manage.factors.waits", { when: format.full(c.totp_waits_until) })}
          </p>
        )}
      </div>
      {on && may && <Remove person={p} which="totp" act={() => people.removeTotp(p.id)} />}
    </div>
  );
}

function Remove(props: { person: Person; which: "phone" | "totp"; act: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { name, id } = props.person;
  const title = t(`manage.factors.remove_${props.which}`);
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={title}
        onClick={() => setAsking(true)}
      >
        {t("manage.factors.remove")}
      </Button>
      <Confirm
        danger
        opened={asking}
        title={title}
        button={t("manage.factors.remove")}
        act={async () => {
          await props.act();
          await client.invalidateQueries({ queryKey: factorsQuery(id).queryKey });
          notifications.show({ message: t("manage.factors.removed") });
        }}
        onClose={() => setAsking(false)}
      >
        {t("manage.factors.remove_text", { name })}
      </Confirm>
    </>
  );
}

/** A number typed by staff is contact data, and no factor until its owner proves it. */
function NumberForm({ person: p, onDone }: { person: Person; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [number, setNumber] = useState("");
  const save = useMutation({
    mutationFn: () => people.setPhone(p.id, number.trim()),
    onSuccess: (contact) => {
      client.setQueryData(factorsQuery(p.id).queryKey, contact);
      notifications.show({ message: t("manage.factors.saved") });
      onDone();
    },
  });
  return (
    <form
      className={classes.inline}
      onSubmit={(e) => {
        e.preventDefault();
        if (number.trim()) save.mutate();
      }}
    >
      <TextInput
        type="tel"
        autoComplete="off"
        autoFocus
        label={t("manage.factors.number")}
        description={t("manage.factors.number_hint")}
        value={number}
        onChange={(e) => setNumber(e.currentTarget.value)}
      />
      <div className={page.actions}>
        <Button type="submit" loading={save.isPending} disabled={!number.trim()}>
          {t("common.action.save")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t("common.action.cancel")}
        </Button>
      </div>
      <Refusal error={save.error} />
    </form>
  );
}
