import { type ClipboardEvent, type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";

/** Files that are dropped on an element, or pasted into it. */
export function useDropped(add: (files: File[]) => void) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const carries = (e: DragEvent) => e.dataTransfer.types.includes("Files");
  return {
    over,
    handlers: {
      onDragOver(e: DragEvent) {
        if (!carries(e)) return;
        e.preventDefault();
        setOver(true);
      },
      onDragLeave(e: DragEvent) {
        const to = e.relatedTarget;
        if (!(to instanceof Node && e.currentTarget.contains(to))) setOver(false);
      },
      onDrop(e: DragEvent) {
        setOver(false);
        if (!carries(e)) return;
        e.preventDefault();
        add([...e.dataTransfer.files]);
      },
      onPaste(e: ClipboardEvent) {
        // A table is copied as a picture, too: whoever pastes text wants the text.
        if (e.clipboardData.types.includes("text/plain") || e.clipboardData.files.length === 0)
          return;
        e.preventDefault();
        add([...e.clipboardData.files].map((f) => named(f, t("files.screenshot"))));
      },
    },
  };
}

// Browsers call every pasted picture the same.
function named(file: File, screenshot: string): File {
  if (!/^image\.\w+$/.test(file.name)) return file;
  return new File([file], file.name.replace("image", screenshot), { type: file.type });
}
