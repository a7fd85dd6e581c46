import {
  IconDownload,
  IconKey,
  IconLock,
  IconLogout,
  IconPower,
  IconRefresh,
} from "@tabler/icons-react";
import type { Operation } from "../api/types";

const icons = {
  restart: IconRefresh,
  lock: IconLock,
  shutdown: IconPower,
  logout: IconLogout,
  reset_password: IconKey,
  install_software: IconDownload,
} satisfies Record<Operation, unknown>;

export function OperationIcon({ operation, size = 22 }: { operation: Operation; size?: number }) {
  const Icon = icons[operation] ?? IconRefresh;
  return <Icon size={size} stroke={1.7} aria-hidden="true" />;
}
