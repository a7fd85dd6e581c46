import { Menu, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { IconCheck, IconKeyboard, IconLogout, IconMailbox, IconUserCog } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Language, Me } from "../api/types";
import { show } from "../keys/state";
import { outboxQuery } from "../outbox/query";
import { languages } from "./i18n";
import { Initials } from "./initials";
import { useChangeLanguage, useLogOut } from "./session";
import classes from "./shell.module.css";

export function AccountMenu({ me }: { me: Me }) {
  const { t } = useTranslation();
  const logOut = useLogOut();
  const change = useChangeLanguage();
  return (
    <Menu position="bottom-end" width={264} shadow="md" radius="md">
      <Menu.Target>
        <button type="button" className={classes.account}>
          <Initials name={me.name} />
          <span className="sr-only">{t("common.nav.menu", { name: me.name })}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <strong>{me.name}</strong>
          <span>{me.company?.name ?? t(`common.role.${me.role}`)}</span>
        </div>
        <Menu.Divider />
        <Menu.RadioGroup value={me.language} onChange={(l) => void change(l as Language)}>
          {languages.map((l) => (
            <Menu.RadioItem
              key={l.code}
              lang={l.code}
              value={l.code}
              checkIcon={<IconCheck size={16} aria-hidden="true" />}
              closeMenuOnClick
            >
              {l.name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item
          component={Link}
          to="/account"
          leftSection={<IconUserCog size={18} aria-hidden="true" />}
        >
          {t("common.nav.profile")}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconKeyboard size={18} aria-hidden="true" />}
          onClick={() => show("sheet")}
        >
          {t("keys.sheet.title")}
        </Menu.Item>
        <OutboxItem />
        <Menu.Item
          leftSection={<IconLogout size={18} aria-hidden="true" />}
          onClick={() => void logOut()}
        >
          {t("common.nav.log_out")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

// Asked for when the menu opens; only the demo serves it.
function OutboxItem() {
  const { t } = useTranslation();
  const served = useQuery(outboxQuery).isSuccess;
  if (!served) return null;
  return (
    <Menu.Item
      component={Link}
      to="/outbox"
      leftSection={<IconMailbox size={18} aria-hidden="true" />}
    >
      {t("outbox.title")}
    </Menu.Item>
  );
}

/** Light, dark, or as the system: remembered on this machine. */
export function SchemeChoice() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      aria-label={t("common.scheme.label")}
      value={colorScheme}
      onChange={(v) => setColorScheme(v as typeof colorScheme)}
      data={[
        { value: "auto", label: t("common.scheme.auto") },
        { value: "light", label: t("common.scheme.light") },
        { value: "dark", label: t("common.scheme.dark") },
      ]}
    />
  );
}
