import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./Dialog";
import page from "./page.module.css";
import { Refusal } from "./states";

interface Question {
  opened: boolean;
  title: string;
  children: ReactNode;
  button: string;
  danger?: boolean;
  onClose: () => void;
}

/** Asks once more before something that cannot be undone by a press. */
export function Confirm({ act, ...question }: Question & { act: () => Promise<unknown> }) {
  const doing = useMutation({ mutationFn: act, onSuccess: question.onClose });
  return (
    <Ask {...question} error={doing.error} pending={doing.isPending} onYes={() => doing.mutate()} />
  );
}

/** The same where somebody else does it, and knows how it goes. */
export function Ask(
  props: Question & { error?: Error | null; pending: boolean; onYes: () => void },
) {
  const { t } = useTranslation();
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={props.title}>
      <div style={{ marginBottom: "1.2rem" }}>{props.children}</div>
      <Refusal error={props.error} />
      <div className={page.actions}>
        <Button
          color={props.danger ? "red" : undefined}
          loading={props.pending}
          onClick={props.onYes}
        >
          {props.button}
        </Button>
        <Button variant="subtle" color="gray" onClick={props.onClose} data-autofocus>
          {t("common.action.cancel")}
        </Button>
      </div>
    </Dialog>
  );
}
