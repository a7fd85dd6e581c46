import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Me } from "../api/types";
import { LoginForm } from "../login/LoginForm";
import { forgetAll } from "./keep";
import { renewSession, useSessionState } from "./session-state";

/** Over the page and not instead of it: what was written stays where it is. */
export function ExpiredDialog({ me }: { me: Me }) {
  const { t } = useTranslation();
  const expired = useSessionState((s) => s.expired);
  const client = useQueryClient();
  return (
    <Modal
      opened={expired}
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t("common.expired.title")}
    >
      <p style={{ marginTop: 0 }}>{t("common.expired.text")}</p>
      <LoginForm
        login={me.login}
        onDone={(user) => {
          if (user.id !== me.id) {
            forgetAll(); // somebody else sat down: nothing of the first may show
            location.assign("/");
            return;
          }
          renewSession();
          void client.invalidateQueries();
        }}
      />
    </Modal>
  );
}
