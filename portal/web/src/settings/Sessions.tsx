import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { session } from "../api";
import type { Session } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { sessionQuery } from "../app/session";
import { Failed, Loading, Refusal } from "../app/states";
import { describeBrowser } from "./browser";
import classes from "./settings.module.css";

/** Where one is logged in, with the way to end each. */
export function Sessions() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const list = useQuery(sessionQuery);
  const revoke = useMutation({
    mutationFn: session.revoke,
    onSettled: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
  });
  return (
    <section className={page.section} aria-labelledby="sessions">
      <h2 id="sessions" className={page.sectionTitle}>
        {t("account.sessions")}
      </h2>
      <p className={classes.hint}>{t("account.sessions_hint")}</p>
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      <ul className={page.rows}>
        {list.data?.sessions.map((s) => (
          <li key={s.id}>
            <Row
              session={s}
              busy={revoke.isPending && revoke.variables === s.id}
              onRevoke={() => revoke.mutate(s.id)}
            />
          </li>
        ))}
      </ul>
      <Refusal error={revoke.error} />
    </section>
  );
}

function Row({
  session: s,
  busy,
  onRevoke,
}: {
  session: Session;
  busy: boolean;
  onRevoke: () => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const { browser, system } = describeBrowser(s.user_agent);
  const name = [browser, system].filter(Boolean).join(" · ") || t("account.unknown_browser");
  return (
    <div className={page.row}>
      <span className={page.rowTitle}>{name}</span>
      <span className={classes.end}>
        {s.current ? (
          <span className={classes.current}>{t("account.this_session")}</span>
        ) : (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            loading={busy}
            onClick={onRevoke}
            aria-label={t("account.end_named", { name })}
          >
            {t("account.end")}
          </Button>
        )}
      </span>
      <span className={page.rowMeta}>
        {t("account.seen", { when: format.ago(s.last_seen_at) })} · {s.ip}
      </span>
    </div>
  );
}
