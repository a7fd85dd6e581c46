import {
  IconApi,
  IconApps,
  IconArchive,
  IconCloud,
  IconCode,
  IconDatabase,
  IconFileText,
  IconKey,
  IconMail,
  IconMessages,
  IconMusic,
  IconNote,
  IconPdf,
  IconPhoto,
  IconShield,
  IconTable,
  IconTerminal2,
  IconTool,
  IconVideo,
  IconWorld,
} from "@tabler/icons-react";
import type { Software } from "../api/types";
import classes from "./self.module.css";

// The server's list of built-in icons; a row of the catalogue names one.
export const builtIn = {
  app: IconApps,
  api: IconApi,
  archive: IconArchive,
  browser: IconWorld,
  chat: IconMessages,
  cloud: IconCloud,
  code: IconCode,
  database: IconDatabase,
  document: IconFileText,
  key: IconKey,
  mail: IconMail,
  music: IconMusic,
  note: IconNote,
  office: IconTable,
  pdf: IconPdf,
  photo: IconPhoto,
  security: IconShield,
  terminal: IconTerminal2,
  tool: IconTool,
  video: IconVideo,
};
export type BuiltIn = keyof typeof builtIn;

// Pictures come from this house only: a data address or a path of ours.
export const isPicture = (icon: string) => /^(data:image\/|\/(?!\/))/.test(icon);

export function SoftwareIcon({ software: s }: { software: Pick<Software, "name" | "icon"> }) {
  if (isPicture(s.icon))
    return <img className={classes.icon} src={s.icon} alt="" width={40} height={40} />;
  const Icon = Object.hasOwn(builtIn, s.icon) && builtIn[s.icon as BuiltIn];
  return (
    <span className={classes.icon} aria-hidden="true">
      {Icon ? <Icon size={22} stroke={1.7} /> : s.name.slice(0, 1)}
    </span>
  );
}
