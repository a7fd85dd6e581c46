import { ActionIcon, Button, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconBookmark, IconDots, IconUsers } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type SavedView, savedViews } from "../api/queue";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { useMe } from "../app/session";
import { isNarrow, keyOf, savedOf, searchOf } from "./filter";
import classes from "./staff.module.css";
import { nothing, useQueueSearch } from "./useQueueSearch";
import { ViewDialog } from "./ViewDialog";

export const viewsQuery = queryOptions({
  queryKey: ["views"],
  queryFn: savedViews.list,
  refetchInterval: 60_000,
});

/** Lists that somebody keeps under a name, with how many tickets are in each. */
export function SavedViews() {
  const { t } = useTranslation();
  const { search } = useQueueSearch();
  const list = useQuery(viewsQuery).data ?? [];
  const [saving, { open, close }] = useDisclosure(false);
  const here = list.find((v) => keyOf(searchOf(v.filter)) === keyOf(search));
  if (list.length === 0 && !isNarrow(search)) return null;
  return (
    <nav className={classes.saved} aria-label={t("queue.views.label")}>
      <ul>
        {list.map((v) => (
          <li key={v.id} data-here={v.id === here?.id || undefined}>
            <One view={v} here={v.id === here?.id} />
          </li>
        ))}
      </ul>
      {isNarrow(search) && !here && (
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconBookmark size={16} aria-hidden="true" />}
          onClick={open}
        >
          {t("queue.views.save")}
        </Button>
      )}
      <ViewDialog opened={saving} onClose={close} filter={savedOf(search)} />
    </nav>
  );
}

function One({ view: v, here }: { view: SavedView; here: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const { search } = useQueueSearch();
  const client = useQueryClient();
  const say = useErrorText();
  const [naming, { open, close }] = useDisclosure(false);
  const after = {
    onError: (err: unknown) => notifications.show({ color: "red", message: say(err) }),
    onSettled: () => client.invalidateQueries({ queryKey: viewsQuery.queryKey }),
  };
  const refill = useMutation({
    mutationFn: () => savedViews.change(v.id, { filter: savedOf(search) }),
    ...after,
  });
  const remove = useMutation({ mutationFn: () => savedViews.remove(v.id), ...after });
  const mine = !v.shared || me.role === "admin";
  return (
    <>
      <Link
        to="."
        search={(s: object) => ({ ...s, ...nothing, ...searchOf(v.filter) })}
        className={classes.savedLink}
        aria-current={here ? "true" : undefined}
      >
        <span className={classes.savedName}>{v.name}</span>
        {v.shared && (
          <IconUsers size={15} stroke={1.7} role="img" aria-label={t("queue.views.shared")} />
        )}
        <span className={classes.count} title={v.broken ? t("queue.views.broken") : undefined}>
          {v.broken ? "!" : v.count >= 1000 ? `${format.number(999)}+` : format.number(v.count)}
        </span>
      </Link>
      {mine && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t("queue.views.menu", { name: v.name })}
            >
              <IconDots size={16} aria-hidden="true" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={open}>{t("queue.views.rename")}</Menu.Item>
            {!here && isNarrow(search) && (
              <Menu.Item onClick={() => refill.mutate()}>{t("queue.views.refill")}</Menu.Item>
            )}
            <Menu.Item color="red" onClick={() => remove.mutate()}>
              {t("queue.views.remove")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <ViewDialog opened={naming} onClose={close} view={v} />
    </>
  );
}
