import { Button, Skeleton } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { conversations, tickets } from "../api";
import { useFormat } from "../app/format";
import { isStaff, useMe } from "../app/session";
import { Refusal } from "../app/states";
import { devicesQuery } from "../self-service/queries";
import { titleOf } from "../tickets/fields";
import { StatusMark } from "../tickets/StatusMark";
import { isDone } from "../tickets/statuses";
import classes from "./side.module.css";

/** Beside the chat: what was talked about before, and how one's tickets stand. */
export function Side({ current, onGo }: { current?: string; onGo?: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <div className={classes.side}>
      <Button
        component={Link}
        to="/"
        variant="light"
        justify="flex-start"
        leftSection={<IconPlus size={18} aria-hidden="true" />}
        onClick={onGo}
      >
        {t("chat.side.new")}
      </Button>
      {me.policies.self_service && !isStaff(me) && <Devices onGo={onGo} />}
      {me.policies.ticketing && !isStaff(me) && <OpenTickets onGo={onGo} />}
      <Conversations current={current} onGo={onGo} />
    </div>
  );
}

function Devices({ onGo }: { onGo?: () => void }) {
  const { t } = useTranslation();
  const list = useQuery(devicesQuery);
  return (
    <section aria-labelledby="side-devices">
      <h2 id="side-devices" className={classes.title}>
        {t("self.devices")}
      </h2>
      {list.isPending && <Lines />}
      {list.isError && <Refusal error={list.error} />}
      {list.isSuccess && list.data.items.length === 0 && (
        <p className={classes.none}>{t("self.no_devices_title")}</p>
      )}
      <ul className={classes.list}>
        {list.data?.items.slice(0, 5).map((d) => (
          <li key={d.id}>
            <Link
              to="/self-service"
              search={{ device: d.id }}
              className={classes.item}
              onClick={onGo}
            >
              <span className={classes.name}>{d.name}</span>
              <span className={classes.meta}>
                <span className={classes.online} data-online={d.online} />
                {t(d.online ? "actions.online" : "actions.offline")}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function OpenTickets({ onGo }: { onGo?: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const list = useQuery({
    queryKey: ["tickets", { view: "mine", open: true }],
    queryFn: () => tickets.list({ view: "mine" }),
    refetchInterval: 60_000,
  });
  const open = list.data?.items.filter((x) => !isDone(x.status_kind)) ?? [];
  return (
    <section aria-labelledby="side-tickets">
      <h2 id="side-tickets" className={classes.title}>
        {t("chat.side.tickets")}
      </h2>
      {list.isPending && <Lines />}
      {list.isError && <Refusal error={list.error} />}
      {list.isSuccess && open.length === 0 && (
        <p className={classes.none}>{t("chat.side.no_tickets")}</p>
      )}
      <ul className={classes.list}>
        {open.slice(0, 5).map((x) => (
          <li key={x.id}>
            <Link
              to="/tickets/$ticket"
              params={{ ticket: x.id }}
              className={classes.item}
              onClick={onGo}
            >
              <span className={classes.name}>{titleOf(t, x)}</span>
              <span className={classes.meta}>
                {x.status && <StatusMark status={x.status} />} #{x.number} ·{" "}
                {format.ago(x.updated_at)}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {list.isSuccess && (open.length > 0 || list.data.items.length > 0) && (
        <Link to="/tickets" className={classes.all} onClick={onGo}>
          {t("chat.side.all_tickets")}
        </Link>
      )}
    </section>
  );
}

function Conversations({ current, onGo }: { current?: string; onGo?: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const list = useQuery({ queryKey: ["conversations"], queryFn: conversations.list });
  return (
    <section aria-labelledby="side-conversations">
      <h2 id="side-conversations" className={classes.title}>
        {t("chat.side.conversations")}
      </h2>
      {list.isPending && <Lines />}
      {list.isError && <Refusal error={list.error} />}
      {list.isSuccess && list.data.items.length === 0 && (
        <p className={classes.none}>{t("chat.side.no_conversations")}</p>
      )}
      <ul className={classes.list}>
        {list.data?.items.map((c) => (
          <li key={c.id}>
            <Link
              to="/c/$conversation"
              params={{ conversation: c.id }}
              className={classes.item}
              data-here={c.id === current || undefined}
              aria-current={c.id === current ? "true" : undefined}
              onClick={onGo}
            >
              <span className={classes.name}>{c.title || t("chat.side.untitled")}</span>
              <span className={classes.meta}>
                {format.ago(c.last_at)}
                {c.handoff !== "none" && ` · ${t(`common.handoff.${c.handoff}_short`)}`}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lines() {
  return (
    <div className={classes.lines} aria-hidden="true">
      <Skeleton height={16} width="80%" />
      <Skeleton height={16} width="60%" />
    </div>
  );
}
