import { CloseButton, Loader, Modal } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "../app/session";
import { type Entry, type Group, useCommands } from "./commands";
import { Keycaps } from "./Keycap";
import type { OverProps } from "./Keys";
import { beside, matching } from "./match";
import classes from "./palette.module.css";
import { useKeyState } from "./state";
import { useFound } from "./useFound";

const titles = {
  here: "keys.palette.group.here",
  command: "keys.palette.group.command",
  recent: "keys.palette.group.recent",
  page: "keys.palette.group.page",
  ticket: "common.nav.tickets",
  article: "common.nav.articles",
  person: "manage.nav.people",
  device: "manage.nav.devices",
  conversation: "chat.side.conversations",
} as const satisfies Record<Group, string>;

// As they stand below each other: what has to be asked for comes after what is known already, so
// that the first line is the same one a moment later.
const order = Object.keys(titles) as Group[];

/**
 * One field for everything: pages, what can be done, and what the portal knows. The focus stays in
 * the field; which line is chosen stands in aria-activedescendant, as the pattern of a combobox
 * with a list wants it. The chosen line is kept by its name: answers come one after the other, and
 * none of them may move the choice under the reader's hands.
 */
export default function Palette({ onClose }: OverProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => useKeyState.getState().early);
  const { entries, searching, failed } = useEntries(text);
  const [wanted, setWanted] = useState<string>();
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const ids = entries.map((e) => e.id);
  const chosen = wanted !== undefined && ids.includes(wanted) ? wanted : ids[0];
  const optionID = (entry: string) => `${id}-${ids.indexOf(entry)}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen must be seen
  useLayoutEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  function onKeyDown(e: KeyboardEvent) {
    if (e.nativeEvent.isComposing) return;
    const by = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) {
      e.preventDefault();
      setWanted(beside(ids, chosen, by));
    } else if (e.key === "Enter") {
      e.preventDefault();
      const entry = entries.find((x) => x.id === chosen);
      if (entry) onClose(entry.run);
    } else if (e.key === "k" && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      onClose();
    }
  }

  return (
    <Modal.Root
      opened
      onClose={() => onClose()}
      returnFocus={false}
      transitionProps={{ duration: 0 }}
      size="38rem"
      yOffset="clamp(0.5rem, 9dvh, 6rem)"
      xOffset="0.5rem"
      centered={false}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={t("keys.palette.title")}>
        <div className={classes.palette}>
          <div className={classes.field}>
            <IconSearch size={20} stroke={1.7} aria-hidden="true" />
            <input
              ref={atOnce}
              type="text"
              role="combobox"
              data-autofocus
              aria-label={t("keys.palette.field")}
              aria-expanded={entries.length > 0}
              aria-controls={`${id}-list`}
              aria-autocomplete="list"
              aria-activedescendant={chosen && optionID(chosen)}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              enterKeyHint="go"
              maxLength={200}
              placeholder={t("keys.palette.placeholder")}
              value={text}
              onChange={(e) => {
                setText(e.currentTarget.value);
                setWanted(undefined);
              }}
              onKeyDown={onKeyDown}
            />
            {searching && <Loader size="xs" aria-hidden="true" />}
            <CloseButton aria-label={t("common.action.close")} onClick={() => onClose()} />
          </div>
          <div
            ref={list}
            id={`${id}-list`}
            role="listbox"
            aria-label={t("keys.palette.title")}
            className={classes.list}
          >
            {order.map((g) => (
              <Lines
                key={g}
                group={g}
                entries={entries.filter((e) => e.group === g)}
                chosen={chosen}
                idOf={optionID}
                onChoose={setWanted}
                onPick={(e) => onClose(e.run)}
              />
            ))}
          </div>
          <p className={entries.length === 0 || failed ? classes.say : "sr-only"} role="status">
            {failed
              ? t("keys.palette.failed")
              : searching
                ? t("keys.palette.searching")
                : entries.length === 0
                  ? t("keys.palette.none", { query: text.trim() })
                  : t("keys.palette.count", { count: entries.length })}
          </p>
          <p className={classes.hint} aria-hidden="true">
            <Keycaps keys={["↑", "↓"]} /> {t("keys.palette.choose")} <Keycaps keys={["↵"]} />{" "}
            {t("keys.palette.open")} <Keycaps keys={["Esc"]} /> {t("keys.palette.close")}
          </p>
        </div>
      </Modal.Content>
    </Modal.Root>
  );
}

// Sooner than the dialog does it: what is typed in between would be lost.
const atOnce = (field: HTMLInputElement | null) => field?.focus();

/** What fits, in the order in which it stands there. */
function useEntries(text: string) {
  const me = useMe();
  const typed = text.trim();
  const [q] = useDebouncedValue(typed, 200);
  const commands = useCommands(me);
  const found = useFound(me, typed && q);
  const known = typed ? matching(commands, typed) : commands.filter((c) => !c.asked);
  // The answers to fewer letters, as far as they fit those that stand there now.
  const answers = typed === q ? found.entries : matching(found.entries, typed);
  const all = [...known, ...answers];
  return {
    entries: order.flatMap((g) => all.filter((e) => e.group === g)),
    searching: found.searching || (typed !== "" && typed !== q),
    failed: found.failed,
  };
}

interface LinesProps {
  group: Group;
  entries: Entry[];
  chosen?: string;
  idOf: (id: string) => string;
  onChoose: (id: string) => void;
  onPick: (e: Entry) => void;
}

function Lines({ group, entries, ...props }: LinesProps) {
  const { t } = useTranslation();
  const title = useId();
  if (entries.length === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is none in a list of options
    <div role="group" aria-labelledby={title} className={classes.group}>
      <div id={title} className={classes.title}>
        {t(titles[group])}
      </div>
      {entries.map((e) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and its keys
        <div
          key={e.id}
          id={props.idOf(e.id)}
          role="option"
          tabIndex={-1}
          aria-selected={e.id === props.chosen}
          className={classes.option}
          onMouseDown={(m) => m.preventDefault()}
          onMouseMove={() => props.onChoose(e.id)}
          onClick={() => props.onPick(e)}
        >
          <e.icon size={19} stroke={1.7} aria-hidden="true" />
          <span className={classes.label} lang={e.lang}>
            {e.label}
          </span>
          {e.detail && <span className={classes.detail}>{e.detail}</span>}
          {e.keys && <Keycaps keys={e.keys} />}
        </div>
      ))}
    </div>
  );
}
