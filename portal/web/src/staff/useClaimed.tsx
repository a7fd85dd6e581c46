import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { TicketDetail } from "../api/types";
import { useErrorText } from "../app/errors";

/** Says that writing has taken the ticket, with the way back; who took that way is not asked again. */
export function useClaimed({ id, number }: TicketDetail) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useErrorText();
  const declined = useRef(new Set<string>());
  const onClaim = useCallback(() => {
    const refresh = () => client.invalidateQueries({ queryKey: ["tickets"] });
    void refresh();
    const note = `claimed.${id}`;
    const undo = async () => {
      declined.current.add(id);
      notifications.hide(note);
      try {
        await tickets.change(id, { assignee_id: "" });
      } catch (err) {
        notifications.show({ color: "red", message: say(err) });
      }
      await refresh();
    };
    notifications.show({
      id: note,
      autoClose: 12_000,
      message: (
        <>
          {t("queue.claimed", { number: `#${number}` })}{" "}
          <Button size="compact-sm" variant="default" onClick={() => void undo()}>
            {t("common.action.undo")}
          </Button>
        </>
      ),
    });
  }, [id, number, client, say, t]);
  return { onClaim, mayClaim: () => !declined.current.has(id) };
}
