import { Popover } from "@mantine/core";
import { type MouseEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Citation } from "../api/types";
import classes from "./citation.module.css";

export const passageHref = (c: Citation) =>
  `/articles/${encodeURIComponent(c.article)}?lang=${c.lang}#${encodeURIComponent(c.anchor)}`;

/** A number in the text: hover or focus quotes the passage, a press opens it. */
export function CitationLink({
  citation: c,
  onOpen,
}: {
  citation: Citation;
  onOpen?: (c: Citation) => void;
}) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const timer = useRef(0);
  const quote = useId();
  // A short grace, so that the pointer can travel onto the card without losing it.
  const later = (on: boolean) => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setShown(on), on ? 120 : 160);
  };
  const hover = { onMouseEnter: () => later(true), onMouseLeave: () => later(false) };
  return (
    <Popover
      opened={shown}
      onChange={setShown}
      width={320}
      shadow="md"
      radius="md"
      withRoles={false}
      withinPortal
    >
      <Popover.Target>
        <a
          className={classes.number}
          href={passageHref(c)}
          aria-label={t("chat.answer.source", { n: c.n, title: c.title })}
          aria-describedby={shown ? quote : undefined}
          data-citation={c.n}
          {...hover}
          onFocus={() => setShown(true)}
          onBlur={() => setShown(false)}
          onKeyDown={(e) => e.key === "Escape" && setShown(false)}
          onClick={(e) => openHere(e, () => onOpen?.(c), Boolean(onOpen))}
        >
          {c.n}
        </a>
      </Popover.Target>
      <Popover.Dropdown {...hover} className={classes.card}>
        <div id={quote} role="tooltip">
          <p className={classes.title}>{c.title}</p>
          {c.heading && c.heading !== c.title && <p className={classes.heading}>{c.heading}</p>}
          <blockquote className={classes.quote} lang={c.lang}>
            {c.quote}
          </blockquote>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** A plain press opens beside the chat; with a modifier the browser does as always. */
export function openHere(e: MouseEvent, open: () => void, can: boolean) {
  if (!can || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || e.button !== 0) return;
  e.preventDefault();
  open();
}
