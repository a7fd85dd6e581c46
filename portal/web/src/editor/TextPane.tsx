import { Button, Menu, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { EditedArticle } from "../api/editor";
import { asProblem } from "../api/problem";
import type { Language } from "../api/types";
import { Ask } from "../app/Confirm";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { languages } from "../app/i18n";
import { Refusal } from "../app/states";
import { ConflictDialog } from "./ConflictDialog";
import classes from "./editor.module.css";
import { FromWeb } from "./FromWeb";
import { HistoryDialog } from "./HistoryDialog";
import { MarkdownField } from "./MarkdownField";
import { Preview } from "./Preview";
import { type Doing, type TextState, useText } from "./useText";

interface Props {
  article: EditedArticle;
  lang: Language;
  readOnly: boolean;
  onGone: () => void; // the article's last text was deleted
}

type Said = "saved" | "published" | "restored" | "withdraw" | "discard" | "remove";

/** One language of an article: write, look, save, publish. */
export function TextPane({ article, lang, readOnly, onGone }: Props) {
  const { t } = useTranslation();
  const state = useText(article, lang);
  const [view, setView] = useState(readOnly ? "preview" : "write");
  const name = languages.find((l) => l.code === lang)?.name ?? lang;

  function onKeyDown(e: KeyboardEvent) {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "s") {
      e.preventDefault();
      if (state.dirty && !readOnly) state.run("save", undefined, said("saved"));
    }
  }
  const said = (what: Said) => () => notifications.show({ message: t(`editor.done.${what}`) });

  return (
    <section className={classes.pane} aria-label={name} onKeyDown={onKeyDown}>
      <div className={classes.paneTop}>
        <h2 className={classes.paneTitle} lang={lang}>
          {name}
        </h2>
        {!readOnly && (
          <SegmentedControl
            size="sm"
            value={view}
            onChange={setView}
            aria-label={t("editor.view")}
            data={[
              { value: "write", label: t("editor.write") },
              { value: "preview", label: t("editor.preview") },
            ]}
          />
        )}
      </div>
      <Standing state={state} />
      {view === "write" ? (
        <Fields state={state} lang={lang} />
      ) : (
        <Preview text={state.text} lang={lang} />
      )}
      <Refusal error={fieldOf(state.error) ? null : state.error} />
      <Buttons {...{ state, article, lang, readOnly, onGone, said }} />
      <ConflictDialog state={state} lang={lang} />
    </section>
  );
}

/** What is published, what is a draft, and what is only in this browser. */
function Standing({ state }: { state: TextState }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { live, draft, from } = state.server ?? {};
  const who = (x: { author?: string; at: string }) => ({
    name: x.author || t("editor.nobody"),
    when: format.ago(x.at),
  });
  return (
    <div className={classes.standing} role="status">
      {live && <p>{t("editor.live_by", who(live))}</p>}
      {draft && <p>{t("editor.draft_by", who(draft))}</p>}
      {!live && !draft && <p>{t("editor.no_text")}</p>}
      {from && <FromWeb from={from} />}
      {draft?.stale && <p className={classes.warn}>{t("editor.stale")}</p>}
      {state.restored && (
        <p className={classes.warn}>
          {t("editor.restored")}{" "}
          <Button size="compact-sm" variant="default" onClick={state.drop}>
            {t("editor.drop")}
          </Button>
        </p>
      )}
    </div>
  );
}

const fieldOf = (err: unknown) => (err ? asProblem(err).field : undefined);

function Fields({ state, lang }: { state: TextState; lang: Language }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const wrong = (field: string) => (fieldOf(state.error) === field ? say(state.error) : undefined);
  const { text, write } = state;
  return (
    <div className={classes.fields}>
      <TextInput
        label={t("editor.title")}
        lang={lang}
        maxLength={300}
        spellCheck
        error={wrong("title")}
        value={text.title}
        onChange={(e) => write({ title: e.currentTarget.value })}
      />
      <Textarea
        label={t("editor.summary")}
        description={t("editor.summary_hint")}
        lang={lang}
        rows={2}
        maxLength={1000}
        spellCheck
        error={wrong("summary")}
        value={text.summary}
        onChange={(e) => write({ summary: e.currentTarget.value })}
      />
      <MarkdownField
        label={t("editor.text")}
        lang={lang}
        error={wrong("markdown")}
        value={text.markdown}
        onChange={(markdown) => write({ markdown })}
      />
    </div>
  );
}

interface ButtonProps extends Props {
  state: TextState;
  said: (what: Said) => () => void;
}

function Buttons({ state, article, lang, readOnly, onGone, said }: ButtonProps) {
  const { t } = useTranslation();
  const [history, setHistory] = useState(false);
  const [sure, setSure] = useState<"withdraw" | "discard" | "remove">();
  const { live, draft } = state.server ?? {};
  const busy = (what: Doing) => state.doing === what;
  const last = article.languages.length === 1;
  return (
    <div className={classes.buttons}>
      {!readOnly && (
        <>
          <Button
            loading={busy("publish")}
            disabled={(!draft && !state.dirty) || state.conflict}
            onClick={() => state.run("publish", undefined, said("published"))}
          >
            {t("editor.publish")}
          </Button>
          <Button
            variant="default"
            loading={busy("save")}
            disabled={!state.dirty || state.conflict}
            onClick={() => state.run("save", undefined, said("saved"))}
          >
            {t("editor.save")}
          </Button>
        </>
      )}
      {live && (
        <Button variant="subtle" color="gray" onClick={() => setHistory(true)}>
          {t("editor.history.open")}
        </Button>
      )}
      {!readOnly && (live || draft) && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="subtle" color="gray" aria-label={t("editor.more")}>
              <IconDots size={20} aria-hidden="true" />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {draft && (live || !last) && (
              <Menu.Item onClick={() => setSure("discard")}>{t("editor.discard")}</Menu.Item>
            )}
            {live && (
              <Menu.Item onClick={() => setSure("withdraw")}>{t("editor.withdraw")}</Menu.Item>
            )}
            <Menu.Item color="red" onClick={() => setSure("remove")}>
              {t(last ? "editor.remove_article" : "editor.remove_language")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Ask
        danger
        opened={sure !== undefined}
        title={t(`editor.sure.${sure ?? "remove"}_title`)}
        button={t(`editor.sure.${sure ?? "remove"}`)}
        pending={sure !== undefined && busy(sure)}
        onClose={() => setSure(undefined)}
        onYes={() =>
          sure &&
          state.run(sure, undefined, () => {
            said(sure)();
            setSure(undefined);
            if (sure === "remove" && last) onGone();
          })
        }
      >
        {t(`editor.sure.${sure ?? "remove"}_text`)}
      </Ask>
      <HistoryDialog
        opened={history}
        article={article.id}
        lang={lang}
        now={state.text}
        readOnly={readOnly || state.dirty}
        pending={busy("restore")}
        onRestore={(change) =>
          state.run("restore", change, () => {
            said("restored")();
            setHistory(false);
          })
        }
        onClose={() => setHistory(false)}
      />
    </div>
  );
}
