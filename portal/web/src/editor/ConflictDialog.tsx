import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../app/Dialog";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { Diff } from "./Diff";
import classes from "./editor.module.css";
import type { TextState } from "./useText";

/** Somebody else has saved meanwhile: both texts, and the choice. */
export function ConflictDialog({ state, lang }: { state: TextState; lang: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [later, setLater] = useState<number>();
  if (!state.conflict) return null;
  const version = state.server?.version ?? 0;
  const by = state.server?.draft ?? state.server?.live;
  const who = { name: by?.author || t("editor.nobody"), when: by ? format.ago(by.at) : "" };
  const close = () => setLater(version);
  return (
    <>
      <p className={classes.warn} role="alert">
        {t("editor.conflict.notice")}{" "}
        <Button size="compact-sm" variant="default" onClick={() => setLater(undefined)}>
          {t("editor.conflict.compare")}
        </Button>
      </p>
      <Dialog
        opened={later !== version}
        onClose={close}
        size="xl"
        title={t("editor.conflict.title")}
      >
        <p style={{ marginTop: 0 }}>
          {by ? t("editor.conflict.text", who) : t("editor.conflict.gone")}
        </p>
        <Diff from={state.theirs} to={state.text} lang={lang} />
        <p className={page.hint}>{t("editor.conflict.legend")}</p>
        <Refusal error={state.error} />
        <div className={classes.buttons}>
          <Button loading={state.doing === "overwrite"} onClick={() => state.run("overwrite")}>
            {t("editor.conflict.mine")}
          </Button>
          <Button variant="default" onClick={state.drop}>
            {t("editor.conflict.theirs")}
          </Button>
          <Button variant="subtle" color="gray" onClick={close}>
            {t("editor.conflict.later")}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
