import { Button, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../app/Dialog";
import { Refusal } from "../app/states";

interface Props {
  opened: boolean;
  onClose: () => void;
  onConfirm: (reason: string) => Promise<void>;
}

/** A person may always be asked for; one line of why is welcome and not needed. */
export function PersonDialog({ opened, onClose, onConfirm }: Props) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  async function submit(e: FormEvent) {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm(reason.trim());
      setReason("");
      onClose();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog opened={opened} onClose={onClose} title={t("chat.person.title")}>
      <form onSubmit={submit} style={{ display: "grid", gap: "1rem" }}>
        <p style={{ margin: 0 }}>{t("chat.person.text")}</p>
        <Textarea
          label={t("chat.person.reason")}
          value={reason}
          maxLength={500}
          autosize={false}
          rows={3}
          onChange={(e) => setReason(e.currentTarget.value)}
          data-autofocus
        />
        <Refusal error={error} />
        <Button type="submit" loading={busy}>
          {t("chat.person.confirm")}
        </Button>
      </form>
    </Dialog>
  );
}
