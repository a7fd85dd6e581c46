import { useTranslation } from "react-i18next";
import { Dialog } from "../app/Dialog";
import { isStaff, useMe } from "../app/session";
import { Keycaps, usePaletteKeys } from "./Keycap";
import type { OverProps } from "./Keys";
import { SingleKeys } from "./SingleKeys";
import classes from "./sheet.module.css";
import { type Name, names } from "./words";

type Line = [Name, string[]];

const chat: Line[] = [
  ["write", ["R"]],
  ["stop", ["S"]],
  ["person", ["P"]],
];

const queue: Line[] = [
  ["next", ["J"]],
  ["previous", ["K"]],
  ["open", ["↵"]],
];

const ticket: Line[] = [
  ["reply", ["R"]],
  ["note", ["N"]],
  ["chat", ["C"]],
  ["assign", ["A"]],
];

/** All shortcuts, by the page on which they do something. */
export default function Sheet({ onClose }: OverProps) {
  const { t } = useTranslation();
  const staff = isStaff(useMe());
  const everywhere: Line[] = [
    ["palette", usePaletteKeys()],
    ["search", ["/"]],
    ["sheet", ["?"]],
    ["leave", ["Esc"]],
  ];
  return (
    <Dialog
      opened
      onClose={() => onClose()}
      returnFocus={false}
      title={t("keys.sheet.title")}
      size="lg"
    >
      <div className={classes.groups}>
        <Group title={t("keys.sheet.everywhere")} lines={everywhere} />
        {staff && <Group title={t("staff.title")} lines={queue} />}
        {staff && <Group title={t("staff.ticket")} lines={ticket} />}
        <Group title={t("common.nav.chat")} lines={chat} />
      </div>
      <div className={classes.single}>
        <SingleKeys />
      </div>
    </Dialog>
  );
}

function Group({ title, lines }: { title: string; lines: Line[] }) {
  const { t } = useTranslation();
  return (
    <section>
      <h3 className={classes.title}>{title}</h3>
      <dl className={classes.lines}>
        {lines.map(([name, keys]) => (
          <div key={name}>
            <dt>{t(names[name])}</dt>
            <dd>
              <Keycaps keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
