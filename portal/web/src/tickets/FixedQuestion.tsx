import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import { ticketQuery } from "./queries";
import classes from "./tickets.module.css";

/** Asks whether it is fixed, as long as nobody has answered; only who had the problem can. */
export function FixedQuestion({ ticket: id }: { ticket: string }) {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const ticket = useQuery(ticketQuery(id)).data;
  const answer = useMutation({
    mutationFn: (fixed: boolean) => tickets.fixed(id, fixed),
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  if (!ticket?.fix_asked || ticket.requester.id !== me.id) return null;
  return (
    <fieldset className={classes.question} aria-label={t("work.fixed.question")}>
      <p>
        <strong>{t("work.fixed.question")}</strong> {t("work.fixed.hint")}
      </p>
      <div className={page.actions}>
        <Button loading={answer.isPending} onClick={() => answer.mutate(true)}>
          {t("work.fixed.yes")}
        </Button>
        <Button variant="default" disabled={answer.isPending} onClick={() => answer.mutate(false)}>
          {t("work.fixed.no")}
        </Button>
      </div>
      <Refusal error={answer.error} />
    </fieldset>
  );
}
