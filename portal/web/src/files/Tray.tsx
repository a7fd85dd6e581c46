import { ActionIcon, Loader } from "@mantine/core";
import { IconAlertTriangle, IconFile, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { pictureURL } from "../api/files";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import classes from "./files.module.css";
import type { Upload, Uploads } from "./useUploads";

/** What will be sent with the text: each file as it stands, and the way to leave it out. */
export function Tray({ uploads, className }: { uploads: Uploads; className?: string }) {
  const { t } = useTranslation();
  const say = useErrorText();
  if (uploads.list.length === 0 && !uploads.refused) return null;
  return (
    <div className={`${classes.tray} ${className ?? ""}`}>
      {uploads.refused && (
        <p className={classes.refused} role="alert">
          {say(uploads.refused)}
        </p>
      )}
      {uploads.list.length > 0 && (
        <ul className={classes.chosen} aria-label={t("files.chosen")}>
          {uploads.list.map((u) => (
            <Chosen key={u.key} upload={u} onRemove={() => uploads.remove(u.key)} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Chosen({ upload: u, onRemove }: { upload: Upload; onRemove: () => void }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const format = useFormat();
  const state = u.refused ? "refused" : u.sent ? "sent" : "sending";
  return (
    <li className={classes.chip} data-state={state}>
      <span className={classes.face}>
        {state === "sending" && <Loader size={20} aria-hidden="true" />}
        {state === "refused" && <IconAlertTriangle size={22} stroke={1.7} aria-hidden="true" />}
        {u.sent &&
          (u.sent.picture ? (
            <img src={pictureURL(u.sent.id)} alt="" />
          ) : (
            <IconFile size={22} stroke={1.7} aria-hidden="true" />
          ))}
      </span>
      <span className={classes.what}>
        {u.refused ? (
          <span role="alert">{say(u.refused)}</span>
        ) : (
          <>
            <span className={classes.name}>{u.sent?.name ?? u.name}</span>
            <span className={classes.size}>
              {u.sent ? format.bytes(u.sent.size) : t("files.sending")}
            </span>
          </>
        )}
      </span>
      <ActionIcon
        variant="subtle"
        color="gray"
        radius="xl"
        size="1.75rem"
        aria-label={t("files.leave_out", { name: u.name })}
        onClick={onRemove}
      >
        <IconX size={17} stroke={1.9} aria-hidden="true" />
      </ActionIcon>
    </li>
  );
}
