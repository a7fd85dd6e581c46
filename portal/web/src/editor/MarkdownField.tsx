import { ActionIcon, Textarea, Tooltip } from "@mantine/core";
import {
  IconBlockquote,
  IconBold,
  IconCode,
  IconHeading,
  IconItalic,
  IconLink,
  IconList,
  IconListNumbers,
} from "@tabler/icons-react";
import { type ComponentType, type KeyboardEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./editor.module.css";
import { applied, type Tool } from "./markdown";

const tools: {
  tool: Tool;
  icon: ComponentType<{ size?: number; stroke?: number }>;
  key?: string;
}[] = [
  { tool: "bold", icon: IconBold, key: "b" },
  { tool: "italic", icon: IconItalic, key: "i" },
  { tool: "heading", icon: IconHeading },
  { tool: "list", icon: IconList },
  { tool: "steps", icon: IconListNumbers },
  { tool: "quote", icon: IconBlockquote },
  { tool: "code", icon: IconCode },
  { tool: "link", icon: IconLink, key: "k" },
];

/** Markdown with a toolbar. What it does can be undone by the browser's own undo. */
export function MarkdownField(props: {
  label: string;
  lang: string;
  value: string;
  error?: string;
  onChange: (text: string) => void;
}) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);

  function use(tool: Tool) {
    const el = field.current;
    if (!el) return;
    const selection = { text: el.value, start: el.selectionStart, end: el.selectionEnd };
    const edit = applied(tool, selection, t("editor.tool.placeholder"));
    el.focus();
    el.setSelectionRange(edit.from, edit.to);
    // The one way to write that leaves the browser's undo whole; where it is gone, the text still comes.
    if (!document.execCommand?.("insertText", false, edit.insert)) {
      el.setRangeText(edit.insert, edit.from, edit.to, "end");
      props.onChange(el.value);
    }
    el.setSelectionRange(edit.start, edit.end);
  }

  function onKeyDown(e: KeyboardEvent) {
    if (!(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey) return;
    const tool = tools.find((x) => x.key === e.key.toLowerCase())?.tool;
    if (!tool) return;
    e.preventDefault();
    e.stopPropagation();
    use(tool);
  }

  return (
    <div className={classes.markdown}>
      <div className={classes.tools} role="toolbar" aria-label={t("editor.tool.label")}>
        {tools.map(({ tool, icon: Icon, key }) => (
          <Tooltip
            key={tool}
            label={t(`editor.tool.${tool}`) + (key ? ` (Ctrl+${key.toUpperCase()})` : "")}
          >
            <ActionIcon
              variant="subtle"
              color="gray"
              size={34}
              aria-label={t(`editor.tool.${tool}`)}
              onClick={() => use(tool)}
            >
              <Icon size={19} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        ))}
      </div>
      <Textarea
        ref={field}
        label={props.label}
        lang={props.lang}
        autosize
        minRows={14}
        maxRows={32}
        spellCheck
        error={props.error}
        classNames={{ input: classes.source }}
        value={props.value}
        onChange={(e) => props.onChange(e.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
