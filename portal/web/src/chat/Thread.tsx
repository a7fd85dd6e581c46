import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { gently } from "../app/motion";
import { type Doing, Exchange } from "./Exchange";
import classes from "./page.module.css";
import type { Exchange as View } from "./thread";

interface Props {
  views: View[];
  doing: Doing;
  connected: boolean;
  hasEarlier: boolean;
  loadingEarlier: boolean;
  /** A person answers: then it is a talk, and the end of it is what one wants to see. */
  withPerson: boolean;
  onEarlier: () => void;
  children?: ReactNode;
}

/**
 * The conversation. A new question goes to the top of the window and the
 * assistant's answer grows below it; nothing pulls the reader down. With a
 * person it is a talk: who is at its end stays there.
 */
export function Thread(props: Props) {
  const { t } = useTranslation();
  const { views } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const lastGroup = useRef<HTMLDivElement>(null);
  const asked = useRef<string | undefined>(undefined);
  const [below, setBelow] = useState(false);
  const lastKey = views.at(-1)?.key;
  // Somebody has written and one does not see it yet: the button says so.
  const written = views.at(-1)?.parts.at(-1)?.kind === "staff";

  useLayoutEffect(() => {
    const group = lastGroup.current;
    const box = scroller.current;
    if (!lastKey || !group || !box || asked.current === lastKey) return;
    const first = asked.current === undefined;
    asked.current = lastKey;
    const top = props.withPerson ? box.scrollHeight : group.offsetTop - 12;
    box.scrollTo({ top, behavior: first ? "instant" : gently() });
  }, [lastKey, props.withPerson]);

  const parts = views.at(-1)?.parts.length;
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new part may move the end
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && props.withPerson && atEnd.current) box.scrollTo({ top: box.scrollHeight });
  }, [parts, lastKey, props.withPerson]);

  useKeptPlace(scroller, views[0]?.key);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = () => {
      atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
      const end = lastGroup.current?.lastElementChild;
      if (!end) return setBelow(false);
      setBelow(end.getBoundingClientRect().bottom > box.getBoundingClientRect().bottom + 40);
    };
    box.addEventListener("scroll", look, { passive: true });
    const watch = new ResizeObserver(look);
    watch.observe(box);
    for (const child of box.children) watch.observe(child);
    look();
    return () => {
      box.removeEventListener("scroll", look);
      watch.disconnect();
    };
  });

  return (
    <div className={classes.threadFrame}>
      <div
        className={classes.scroller}
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t("chat.thread")}
        tabIndex={0}
      >
        <div className={classes.column}>
          {props.hasEarlier && (
            <div className={classes.earlier}>
              <Button
                variant="subtle"
                size="sm"
                loading={props.loadingEarlier}
                onClick={props.onEarlier}
              >
                {t("chat.earlier")}
              </Button>
            </div>
          )}
          {props.children}
          {views.map((view, i) => {
            const last = i === views.length - 1;
            return (
              <div
                key={view.key}
                ref={last ? lastGroup : undefined}
                className={classes.exchange}
                data-last={last || undefined}
                data-pinned={(last && !props.withPerson) || undefined}
                data-exchange={view.key}
              >
                <Exchange view={view} doing={props.doing} last={last} connected={props.connected} />
                <span className={classes.end} />
              </div>
            );
          })}
        </div>
      </div>
      {below && (
        <Button
          className={classes.toLatest}
          variant="default"
          radius="xl"
          px={written ? "md" : 0}
          w={written ? undefined : 40}
          h={40}
          aria-label={written ? undefined : t("chat.latest")}
          leftSection={written && <IconArrowDown size={20} aria-hidden="true" />}
          onClick={() => {
            const end = lastGroup.current?.lastElementChild;
            end?.scrollIntoView({ block: "end", behavior: gently() });
          }}
        >
          {written ? t("chat.new_message") : <IconArrowDown size={20} aria-hidden="true" />}
        </Button>
      )}
    </div>
  );
}

// When older messages appear above, what one reads stays where it is.
function useKeptPlace(
  scroller: React.RefObject<HTMLDivElement | null>,
  firstKey: string | undefined,
) {
  const before = useRef<{ key?: string; height: number }>({ height: 0 });
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const { key, height } = before.current;
    if (key !== undefined && firstKey !== key && height > 0)
      box.scrollTop += box.scrollHeight - height;
    before.current = { key: firstKey, height: box.scrollHeight };
  }, [firstKey, scroller]);
}
