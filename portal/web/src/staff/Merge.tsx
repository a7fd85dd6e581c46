import { Button, Radio, TextInput } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { TicketDetail } from "../api/types";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { Failed, Loading, Refusal } from "../app/states";
import { titleOf } from "../tickets/fields";
import classes from "./staff.module.css";

/** The way to merge a ticket into another. */
export function Merge({ ticket: x }: { ticket: TicketDetail }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="subtle" size="compact-md" onClick={open}>
        {t("queue.merge.button")}
      </Button>
      <Dialog
        opened={opened}
        onClose={close}
        size="lg"
        title={t("queue.merge.title", { number: `#${x.number}` })}
      >
        <Form ticket={x} onDone={close} />
      </Dialog>
    </>
  );
}

function Form({ ticket: x, onDone }: { ticket: TicketDetail; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 250);
  const [into, setInto] = useState("");
  // Only tickets of the same company can take it; the server holds the rule.
  const company = x.company ? [x.company.id] : undefined;
  const list = useQuery({
    queryKey: ["tickets", "merge", x.id, q],
    queryFn: () =>
      tickets.list({
        view: "queue",
        company,
        q: q || (company ? undefined : x.requester.name),
        limit: 20,
      }),
    placeholderData: keepPreviousData,
  });
  const found = list.data?.items.filter((o) => o.id !== x.id) ?? [];
  const merge = useMutation({
    mutationFn: () => tickets.merge(x.id, into),
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  return (
    <form
      className={page.form}
      style={{ maxWidth: "none" }}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        merge.mutate();
      }}
    >
      <p className={classes.hint}>{t("queue.merge.hint", { number: `#${x.number}` })}</p>
      <TextInput
        type="search"
        label={t("queue.merge.search")}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        data-autofocus
      />
      {list.isPending && <Loading />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && found.length === 0 && (
        <p className={classes.hint}>{t("queue.merge.none")}</p>
      )}
      {found.length > 0 && (
        <Radio.Group label={t("queue.merge.which")} value={into} onChange={setInto}>
          <div className={classes.mergeList}>
            {found.map((o) => (
              <Radio
                key={o.id}
                value={o.id}
                label={`#${o.number} ${titleOf(t, o)}`}
                description={o.requester.name}
              />
            ))}
          </div>
        </Radio.Group>
      )}
      <Refusal error={merge.error} />
      <div className={page.actions}>
        <Button
          type="submit"
          loading={merge.isPending}
          disabled={!found.some((o) => o.id === into)}
        >
          {t("queue.merge.do")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}

/** Takes a merge back. */
export function Unmerge({ ticket: x }: { ticket: TicketDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const undo = useMutation({
    mutationFn: () => tickets.unmerge(x.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  return (
    <div className={classes.unmerge}>
      <Button variant="default" size="sm" loading={undo.isPending} onClick={() => undo.mutate()}>
        {t("queue.merge.undo")}
      </Button>
      <p className={classes.hint}>{t("queue.merge.undo_hint")}</p>
      <Refusal error={undo.error} />
    </div>
  );
}
