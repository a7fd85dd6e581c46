import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useErrorText } from "../app/errors";
import classes from "./admin.module.css";

/**
 * Saves a change of a set of switches: shown at once, taken back when the
 * server refuses, and with the offer to undo it.
 */
export function useSave<T extends object>(key: QueryKey, put: (change: Partial<T>) => Promise<T>) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const refused = (err: unknown) => notifications.show({ color: "red", message: say(err) });
  return useMutation({
    mutationFn: put,
    onMutate: (change: Partial<T>) => {
      const old = client.getQueryData<T>(key);
      if (old) client.setQueryData(key, { ...old, ...change });
      return old;
    },
    onError: (err, _change, old) => {
      if (old) client.setQueryData(key, old);
      refused(err);
    },
    onSuccess: (_saved, change, old) => {
      if (old) offerUndo(old, change);
      void client.invalidateQueries({ queryKey: key });
    },
  });

  function offerUndo(old: T, change: Partial<T>) {
    const names = Object.keys(change) as (keyof T)[];
    const back = Object.fromEntries(names.map((k) => [k, old[k]])) as Partial<T>;
    const id = "switches-saved";
    const undo = () => {
      notifications.hide(id);
      put(back)
        .catch(refused)
        .finally(() => client.invalidateQueries({ queryKey: key }));
    };
    notifications.hide(id);
    notifications.show({
      id,
      autoClose: 10_000,
      withCloseButton: true,
      closeButtonProps: { "aria-label": t("common.action.dismiss") },
      message: (
        <span className={classes.undo}>
          {t("admin.policies.saved")}
          <Button size="compact-sm" variant="light" onClick={undo}>
            {t("common.action.undo")}
          </Button>
        </span>
      ),
    });
  }
}
