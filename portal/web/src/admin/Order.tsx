import { ActionIcon } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "./admin.module.css";

interface Props {
  name: string;
  first: boolean;
  last: boolean;
  disabled?: boolean;
  onMove: (by: -1 | 1) => void;
}

/** Two buttons that move an entry of a list: they work by keyboard, finger and mouse alike. */
export function Order({ name, first, last, disabled, onMove }: Props) {
  const { t } = useTranslation();
  return (
    <span className={classes.order}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t("statuses.up", { name })}
        disabled={first || disabled}
        onClick={() => onMove(-1)}
      >
        <IconArrowUp size={17} stroke={1.7} aria-hidden="true" />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t("statuses.down", { name })}
        disabled={last || disabled}
        onClick={() => onMove(1)}
      >
        <IconArrowDown size={17} stroke={1.7} aria-hidden="true" />
      </ActionIcon>
    </span>
  );
}

/** The list with the entry at i one place further up or down. */
export function moved<T>(list: T[], i: number, by: -1 | 1): T[] {
  const out = [...list];
  const [x] = out.splice(i, 1);
  if (x !== undefined) out.splice(i + by, 0, x);
  return out;
}
