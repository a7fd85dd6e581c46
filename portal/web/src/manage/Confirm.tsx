import { Button, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  button: string;
  danger?: boolean;
  act: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks once more before something that cannot be undone by a press. */
export function Confirm(props: Props) {
  const { t } = useTranslation();
  const act = useMutation({ mutationFn: props.act, onSuccess: props.onClose });
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ "aria-label": t("common.action.close") }}
    >
      <div style={{ marginBottom: "1.2rem" }}>{props.children}</div>
      <Refusal error={act.error} />
      <div className={page.actions}>
        <Button
          color={props.danger ? "red" : undefined}
          loading={act.isPending}
          onClick={() => act.mutate()}
        >
          {props.button}
        </Button>
        <Button variant="subtle" color="gray" onClick={props.onClose} data-autofocus>
          {t("common.action.cancel")}
        </Button>
      </div>
    </Modal>
  );
}
