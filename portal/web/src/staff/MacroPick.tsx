import { Button, Menu } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { macros, type Prepared } from "../api/macros";
import type { TicketDetail } from "../api/types";
import { Refusal } from "../app/states";
import { macrosQuery } from "./macros";

/** Puts a macro's text into the field and shows what would change; nothing happens before Send. */
export function MacroPick(props: {
  ticket: TicketDetail;
  onPick: (name: string, prepared: Prepared) => void;
}) {
  const { t } = useTranslation();
  const list = useQuery(macrosQuery).data ?? [];
  const pick = useMutation({
    mutationFn: async (m: { id: string; name: string }) => ({
      name: m.name,
      prepared: await macros.prepare(props.ticket.id, m.id),
    }),
    onSuccess: ({ name, prepared }) => props.onPick(name, prepared),
  });
  if (list.length === 0) return null;
  return (
    <div>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="subtle"
            loading={pick.isPending}
            leftSection={<IconBolt size={16} aria-hidden="true" />}
          >
            {t("queue.macro.choose")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={320} style={{ overflowY: "auto" }}>
          {list.map((m) => (
            <Menu.Item key={m.id} onClick={() => pick.mutate(m)}>
              {m.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Refusal error={pick.error} />
    </div>
  );
}
