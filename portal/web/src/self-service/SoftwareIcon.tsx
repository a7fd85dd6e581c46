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
const builtIn = {
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

// Pictures come from this house only: a data address or a path of ours.
export function SoftwareIcon({ software: s }: { software: Software }) {
  const own = s.icon && /^(data:image\/|\/(?!\/))/.test(s.icon);
  if (own) return <img className={classes.icon} src={s.icon} alt="" width={40} height={40} />;
  const Icon = s.icon && Object.hasOwn(builtIn, s.icon) && builtIn[s.icon as keyof typeof builtIn];
  return (
    <span className={classes.icon} aria-hidden="true">
      {Icon ? <Icon size={22} stroke={1.7} /> : s.name.slice(0, 1)}
    </span>
  );
}
