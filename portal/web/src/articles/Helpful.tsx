import { Button, Textarea } from "@mantine/core";
import { IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { feedback } from "../api/feedback";
import type { Article } from "../api/types";
import { Refusal } from "../app/states";
import { articleQuery } from "./ArticleView";
import classes from "./article.module.css";

/** Asks whether the text that stands here helped; the answer can be changed. */
export function Helpful({ article: a, asked }: { article: Article; asked: Article["lang"] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [reason, setReason] = useState(a.rating?.reason ?? "");
  const [asking, setAsking] = useState(false);
  const rate = useMutation({
    mutationFn: (rating: { rating: "up" | "down"; reason?: string }) =>
      feedback.rate(a.id, a.lang, a.change, rating),
    onSuccess: (rating) =>
      client.setQueryData(articleQuery(a.id, asked).queryKey, (old: Article | undefined) =>
        old ? { ...old, rating } : old,
      ),
  });
  const press = (rating: "up" | "down") => {
    rate.mutate({ rating, reason: rating === "down" ? reason.trim() || undefined : undefined });
    setAsking(rating === "down");
  };
  const send = (e: FormEvent) => {
    e.preventDefault();
    rate.mutate({ rating: "down", reason: reason.trim() || undefined });
    setAsking(false);
  };
  const said = a.rating?.rating;
  return (
    <section className={classes.helpful} aria-labelledby="helpful">
      <h2 id="helpful">{t("knowledge.helpful.question")}</h2>
      <div className={classes.thumbs}>
        <Button
          variant={said === "up" ? "light" : "default"}
          aria-pressed={said === "up"}
          leftSection={<IconThumbUp size={18} stroke={1.7} aria-hidden="true" />}
          onClick={() => press("up")}
        >
          {t("knowledge.helpful.yes")}
        </Button>
        <Button
          variant={said === "down" ? "light" : "default"}
          aria-pressed={said === "down"}
          leftSection={<IconThumbDown size={18} stroke={1.7} aria-hidden="true" />}
          onClick={() => press("down")}
        >
          {t("knowledge.helpful.no")}
        </Button>
        <span role="status">
          {said && !asking && rate.isSuccess && t("knowledge.helpful.thanks")}
        </span>
      </div>
      {asking && (
        <form className={classes.reason} onSubmit={send}>
          <Textarea
            label={t("knowledge.helpful.reason")}
            value={reason}
            maxLength={500}
            minRows={2}
            autosize
            onChange={(e) => setReason(e.currentTarget.value)}
          />
          <Button type="submit" variant="default" size="sm" loading={rate.isPending}>
            {t("knowledge.helpful.send")}
          </Button>
        </form>
      )}
      <Refusal error={rate.error} />
    </section>
  );
}
