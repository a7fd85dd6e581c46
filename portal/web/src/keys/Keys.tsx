import { notifications } from "@mantine/notifications";
import { type ComponentType, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { hasDialog, isTyping, runShortcut, singleKey } from "./shortcuts";
import { goBack, hide, isApple, type Over, show, useKeyState } from "./state";

// Not with the first page: most visits need neither.
const parts: Record<Over, () => Promise<{ default: ComponentType<OverProps> }>> = {
  palette: () => import("./Palette"),
  sheet: () => import("./Sheet"),
};

export interface OverProps {
  onClose: (then?: () => void) => void;
}

/** Listens to the keyboard for the whole portal, and shows what was asked for by it. */
export function Keys() {
  const { t } = useTranslation();
  const shown = useKeyState((s) => s.shown);
  const [loaded, setLoaded] = useState<Partial<Record<Over, ComponentType<OverProps>>>>({});
  const next = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  useEffect(() => {
    if (!shown) {
      goBack(); // only now has the dialog let go of the focus
      next.current?.();
      next.current = undefined;
      return;
    }
    parts[shown]()
      .then((part) => setLoaded((l) => ({ ...l, [shown]: part.default })))
      .catch(() => {
        hide();
        notifications.show({ color: "red", message: t("errors.offline") });
      });
  }, [shown, t]);
  const View = shown && loaded[shown];
  if (!View) return null;
  return (
    <View
      onClose={(then) => {
        next.current = then;
        hide();
      }}
    />
  );
}

function onKeyDown(e: KeyboardEvent) {
  if (e.key === "Control" || e.key === "Meta") void parts.palette().catch(() => {}); // K may follow
  if (isPaletteKey(e)) {
    e.preventDefault(); // browsers have it for a search of their own
    if (!hasDialog()) show("palette");
    return;
  }
  const { singles, shown, early } = useKeyState.getState();
  if (shown === "palette" && e.key.length === 1 && !hasDialog() && !e.ctrlKey && !e.metaKey) {
    e.preventDefault();
    useKeyState.setState({ early: early + e.key }); // who knows the way does not wait for the field
  }
  if (!singles || shown) return;
  if (e.key === "Escape") return leaveField(e);
  const key = singleKey(e);
  if (!key) return;
  const done =
    (key === "?" && act(() => show("sheet"))) ||
    (key === "/" && act(search)) ||
    runShortcut(key, e.repeat);
  if (done) e.preventDefault(); // else the letter would stand in the field that got the focus
}

function isPaletteKey(e: KeyboardEvent): boolean {
  const held = isApple() ? e.metaKey && !e.ctrlKey : e.ctrlKey && !e.metaKey;
  return held && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k";
}

function act(run: () => void): true {
  run();
  return true;
}

/** The search field of the page, or the one over all pages. */
function search() {
  const own = document.querySelector<HTMLInputElement>("#content input[type=search]");
  own?.focus();
  if (!own || document.activeElement !== own) show("palette");
}

/** Out of a field, so that a letter is a command again; a list or a text in it closes first. */
function leaveField(e: KeyboardEvent) {
  const field = e.target;
  if (!(field instanceof HTMLElement) || e.defaultPrevented || e.isComposing) return;
  if (!isTyping(field) || hasDialog() || field.getAttribute("aria-expanded") === "true") return;
  if (field instanceof HTMLInputElement && field.type === "search" && field.value) return;
  if (field.closest("[role=menu], [role=listbox]")) return;
  field.blur();
}
