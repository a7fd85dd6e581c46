import { ActionIcon, Button } from "@mantine/core";
import { IconDownload, IconFile, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Attachment, files, fileURL, pictureURL } from "../api/files";
import { Confirm } from "../app/Confirm";
import { Dialog } from "../app/Dialog";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { isStaff, useMe } from "../app/session";
import classes from "./files.module.css";

/** The files of a message, a reply or a ticket, where they were sent. Staff can delete one. */
export function Attachments({ list }: { list?: Attachment[] | null }) {
  const { t } = useTranslation();
  if (!list?.length) return null;
  return (
    <ul className={classes.list} aria-label={t("files.sent")}>
      {list.map((a) => (
        <One key={a.id} file={a} />
      ))}
    </ul>
  );
}

function One({ file }: { file: Attachment }) {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const [gone, setGone] = useState<"deleted" | "unseen" | undefined>();
  const [asking, setAsking] = useState(false);
  if (gone || file.deleted) {
    const why = file.deleted ? "deleted" : gone;
    return (
      <li className={classes.gone}>
        <IconFile size={19} stroke={1.7} aria-hidden="true" />
        {t(why === "unseen" ? "files.unseen" : "files.gone", { name: file.name })}
      </li>
    );
  }
  return (
    <li className={classes.one} data-picture={file.picture || undefined}>
      {file.picture ? (
        <Picture file={file} onGone={() => setGone("unseen")} />
      ) : (
        <Plain file={file} />
      )}
      {isStaff(me) && (
        <>
          <ActionIcon
            className={classes.remove}
            variant="subtle"
            color="gray"
            aria-label={t("files.delete", { name: file.name })}
            title={t("files.delete", { name: file.name })}
            onClick={() => setAsking(true)}
          >
            <IconTrash size={17} stroke={1.7} aria-hidden="true" />
          </ActionIcon>
          <Confirm
            opened={asking}
            title={t("files.delete_title")}
            button={t("files.delete_sure")}
            danger
            act={async () => {
              await files.remove(file.id);
              setGone("deleted");
              void client.invalidateQueries({ queryKey: ["tickets"] });
            }}
            onClose={() => setAsking(false)}
          >
            {t("files.delete_text", { name: file.name })}
          </Confirm>
        </>
      )}
    </li>
  );
}

function Plain({ file }: { file: Attachment }) {
  const format = useFormat();
  return (
    <a className={classes.plain} href={fileURL(file.id)} download={file.name}>
      <IconFile size={22} stroke={1.7} aria-hidden="true" />
      <span className={classes.what}>
        <span className={classes.name}>{file.name}</span>
        <span className={classes.size}>{format.bytes(file.size)}</span>
      </span>
    </a>
  );
}

// The space that a picture will take, before it is there: at most fifteen rem high.
function spaceOf({ width, height }: Attachment) {
  return width && height ? { width: `min(${width}px, ${(15 * width) / height}rem)` } : undefined;
}

/** A picture, small; a press shows it whole. */
function Picture({ file, onGone }: { file: Attachment; onGone: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [whole, setWhole] = useState(false);
  return (
    <>
      <button
        type="button"
        className={classes.picture}
        aria-label={t("files.enlarge", { name: file.name })}
        onClick={() => setWhole(true)}
      >
        <img
          src={pictureURL(file.id)}
          alt=""
          width={file.width}
          height={file.height}
          style={spaceOf(file)}
          loading="lazy"
          onError={onGone}
        />
      </button>
      <Dialog opened={whole} onClose={() => setWhole(false)} title={file.name} size="auto" centered>
        <img className={classes.whole} src={fileURL(file.id)} alt={file.name} />
        <div className={page.actions}>
          <Button
            component="a"
            href={fileURL(file.id)}
            download={file.name}
            variant="default"
            leftSection={<IconDownload size={17} stroke={1.7} aria-hidden="true" />}
          >
            {t("files.download", { size: format.bytes(file.size) })}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
