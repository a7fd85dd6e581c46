import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { devices, type ManagedDevice } from "../api/manage";
import type { Person } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import { likelyAccount } from "./filter";
import classes from "./manage.module.css";
import { PersonPicker } from "./PeoplePicker";

/** Who may act on the device, and as which of its accounts. */
export function Assignments({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const list = d.assignments ?? [];
  const remove = useMutation({
    mutationFn: (user: string) => devices.unassign(d.id, user),
    onSettled: () => client.invalidateQueries({ queryKey: ["manage"] }),
  });
  return (
    <section className={page.section} aria-labelledby="assignments">
      <h2 id="assignments" className={page.sectionTitle}>
        {t("manage.assign.title")}
      </h2>
      <div className={page.rows}>
        {list.length === 0 && <p className={classes.line}>{t("manage.assign.none")}</p>}
        {list.map((a) => (
          <div key={a.user.id} className={classes.line} data-assigned={a.user.name}>
            <div>
              <Link to="/manage/people/$user" params={{ user: a.user.id }}>
                {a.user.name}
              </Link>{" "}
              <span className={classes.soft}>
                {a.account
                  ? t("manage.assign.as", { account: a.account })
                  : t("manage.assign.no_account")}
              </span>
              {a.waits_until && <Waits device={d} assignment={a} until={a.waits_until} />}
            </div>
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              loading={remove.isPending && remove.variables === a.user.id}
              aria-label={t("manage.assign.remove_named", { name: a.user.name })}
              onClick={() => remove.mutate(a.user.id)}
            >
              {t("manage.assign.remove")}
            </Button>
          </div>
        ))}
        <Refusal error={remove.error} />
        {!d.revoked_at && <Assign device={d} />}
      </div>
    </section>
  );
}

/** Another's device that a technician assigned: an admin, by assigning it again, lets it count. */
function Waits(props: {
  device: ManagedDevice;
  assignment: ManagedDevice["assignments"][number];
  until: string;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const format = useFormat();
  const { device: d, assignment: a } = props;
  const release = useMutation({
    mutationFn: () => devices.assign(d.id, a.user.id, a.account),
    onSuccess: () => client.invalidateQueries({ queryKey: ["manage"] }),
  });
  return (
    <div className={classes.soft} data-waits>
      {t("manage.assign.waits", { when: format.full(props.until) })}{" "}
      {useMe().role === "admin" ? (
        <Button
          size="compact-sm"
          variant="default"
          loading={release.isPending}
          onClick={() => release.mutate()}
        >
          {t("manage.assign.release")}
        </Button>
      ) : (
        t("manage.assign.ask_admin")
      )}
      <Refusal error={release.error} />
    </div>
  );
}

function Assign({ device: d }: { device: ManagedDevice }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [user, setUser] = useState<string | null>(null);
  const [account, setAccount] = useState("");
  const assign = useMutation({
    mutationFn: () => devices.assign(d.id, user ?? "", account),
    onSuccess: async () => {
      setUser(null);
      setAccount("");
      await client.invalidateQueries({ queryKey: ["manage"] });
    },
  });
  const foreign = (d.accounts ?? []).some((a) => a.kind !== "local");
  const kinds = { domain: t("manage.assign.domain"), cloud: t("manage.assign.cloud") };
  const choose = (id: string | null, person?: Person) => {
    setUser(id);
    if (person) setAccount(likelyAccount(d, person.name));
  };
  return (
    <form
      className={classes.inline}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        if (user) assign.mutate();
      }}
    >
      <PersonPicker
        label={t("manage.assign.person")}
        clearable
        // A person of another company may not have the device; the server says so too.
        filter={{ state: "active", company: d.company?.id }}
        value={user}
        onChange={choose}
      />
      <NativeSelect
        label={t("manage.assign.account")}
        value={account}
        onChange={(e) => setAccount(e.currentTarget.value)}
        data={[
          { value: "", label: t("manage.assign.no_account") },
          ...(d.accounts ?? []).map((a) => ({
            value: a.name,
            label: a.kind === "local" ? a.name : `${a.name} (${kinds[a.kind]})`,
            disabled: a.kind !== "local",
          })),
        ]}
      />
      <Button type="submit" loading={assign.isPending} disabled={!user}>
        {t("manage.assign.button")}
      </Button>
      <p className={`${page.hint} ${classes.wide}`}>
        {t("manage.assign.why_account")}
        {foreign && ` ${t("manage.assign.why_local")}`}
      </p>
      <Refusal error={assign.error} />
    </form>
  );
}
