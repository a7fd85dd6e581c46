import { Button } from "@mantine/core";
import { IconHeadset } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "../app/session";
import { useShortcuts } from "../keys/shortcuts";
import { PersonDialog } from "./PersonDialog";
import classes from "./page.module.css";

/** Under the field, always: that an AI answers, and the way to a person. */
export function Foot(props: {
  handoff: "none" | "requested" | "taken";
  onPerson: (reason: string) => Promise<unknown>;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  useShortcuts(
    props.handoff === "none" ? [{ key: "p", name: "person", run: () => setAsking(true) }] : [],
  );
  const line =
    props.handoff !== "none"
      ? props.handoff === "taken"
        ? t("chat.disclosure_person")
        : t("chat.person.requested")
      : me.policies.assistant
        ? t("chat.disclosure")
        : t("chat.disclosure_off");
  return (
    <div className={classes.footRow}>
      <p className={classes.disclosure} data-disclosure>
        {line}
      </p>
      {props.handoff === "none" && (
        <Button
          variant="subtle"
          size="compact-md"
          className={classes.person}
          leftSection={<IconHeadset size={18} stroke={1.7} aria-hidden="true" />}
          onClick={() => setAsking(true)}
        >
          {t("chat.person.ask")}
        </Button>
      )}
      <PersonDialog
        opened={asking}
        onClose={() => setAsking(false)}
        onConfirm={async (reason) => void (await props.onPerson(reason))}
      />
    </div>
  );
}
