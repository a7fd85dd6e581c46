import { Button, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";

/** Asks once more before something goes away. */
export function Sure(props: {
  opened: boolean;
  title: string;
  text: string;
  button: string;
  pending: boolean;
  onSure: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ "aria-label": t("common.action.close") }}
    >
      <p style={{ marginTop: 0 }}>{props.text}</p>
      <div className={page.actions}>
        <Button color="red" loading={props.pending} onClick={props.onSure}>
          {props.button}
        </Button>
        <Button variant="subtle" color="gray" onClick={props.onClose} data-autofocus>
          {t("common.action.cancel")}
        </Button>
      </div>
    </Modal>
  );
}
