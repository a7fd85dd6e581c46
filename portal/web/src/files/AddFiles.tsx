import { ActionIcon } from "@mantine/core";
import { IconPaperclip } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Uploads } from "./useUploads";

/** The button that chooses files. On a phone it offers the camera, too. */
export function AddFiles({ uploads, className }: { uploads: Uploads; className?: string }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <ActionIcon
        className={className}
        variant="subtle"
        color="gray"
        radius="xl"
        size="2.5rem"
        aria-label={t("files.add")}
        title={t("files.add")}
        onClick={() => input.current?.click()}
      >
        <IconPaperclip size={21} stroke={1.7} aria-hidden="true" />
      </ActionIcon>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-hidden="true"
        tabIndex={-1}
        onChange={(e) => {
          uploads.add([...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = ""; // the same file again is a choice, too
        }}
      />
    </>
  );
}
