import { ActionIcon, Button, CopyButton, Textarea, Tooltip } from "@mantine/core";
import {
  IconCheck,
  IconCopy,
  IconThumbDown,
  IconThumbDownFilled,
  IconThumbUp,
  IconThumbUpFilled,
} from "@tabler/icons-react";
import { memo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { BodyOf, Citation } from "../api/types";
import { useFormat } from "../app/format";
import { openHere, passageHref } from "./CitationLink";
import { Markdown } from "./Markdown";
import { StandIn } from "./OfflineNotice";
import type { Rated } from "./thread";
import classes from "./thread.module.css";

interface Props {
  seq: number;
  at: string;
  body: BodyOf<"assistant_message">;
  rating?: Rated;
  onOpen?: (c: Citation) => void;
  onRate?: (seq: number, rating: "up" | "down", reason?: string) => void;
}

export const Answer = memo(function Answer({ seq, at, body, rating, onOpen, onRate }: Props) {
  const { t } = useTranslation();
  return (
    <article className={classes.answer} aria-label={t("chat.assistant")} data-seq={seq}>
      <StandIn offline={body.offline} />
      <Markdown text={body.text} citations={body.citations} onOpen={onOpen} />
      <Sources citations={body.citations ?? []} onOpen={onOpen} />
      <Tools seq={seq} at={at} text={body.text} rating={rating} onRate={onRate} />
    </article>
  );
});

/** The passages that the answer rests on, by number. */
function Sources({ citations, onOpen }: { citations: Citation[]; onOpen?: (c: Citation) => void }) {
  const { t } = useTranslation();
  if (citations.length === 0) return null;
  return (
    <div className={classes.sources}>
      <p className={classes.sourcesTitle}>{t("chat.answer.sources")}</p>
      <ol>
        {citations.map((c) => (
          <li key={c.n}>
            <a
              href={passageHref(c)}
              data-source={c.n}
              onClick={(e) => openHere(e, () => onOpen?.(c), Boolean(onOpen))}
            >
              <span className={classes.sourceNumber}>{c.n}</span>
              <span>
                {c.title}
                {c.heading && c.heading !== c.title && (
                  <span className={classes.sourceHeading}> › {c.heading}</span>
                )}
              </span>
            </a>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Tools(props: {
  seq: number;
  at: string;
  text: string;
  rating?: Rated;
  onRate?: Props["onRate"];
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState(props.rating?.reason ?? "");
  const [thanked, setThanked] = useState(false);
  const rate = (rating: "up" | "down") => {
    props.onRate?.(props.seq, rating);
    setAsking(rating === "down");
    setThanked(rating === "up");
  };
  return (
    <>
      <div className={classes.tools}>
        <CopyButton value={props.text}>
          {({ copied, copy }) => (
            <Tool label={copied ? t("chat.answer.copied") : t("chat.answer.copy")} onClick={copy}>
              {copied ? <IconCheck size={18} /> : <IconCopy size={18} stroke={1.6} />}
            </Tool>
          )}
        </CopyButton>
        {props.onRate && (
          <>
            <Tool
              label={t("chat.answer.up")}
              pressed={props.rating?.rating === "up"}
              onClick={() => rate("up")}
            >
              {props.rating?.rating === "up" ? (
                <IconThumbUpFilled size={18} />
              ) : (
                <IconThumbUp size={18} stroke={1.6} />
              )}
            </Tool>
            <Tool
              label={t("chat.answer.down")}
              pressed={props.rating?.rating === "down"}
              onClick={() => rate("down")}
            >
              {props.rating?.rating === "down" ? (
                <IconThumbDownFilled size={18} />
              ) : (
                <IconThumbDown size={18} stroke={1.6} />
              )}
            </Tool>
          </>
        )}
        {!props.onRate && props.rating && <Judged rating={props.rating} />}
        <time dateTime={props.at} title={format.full(props.at)}>
          {format.short(props.at)}
        </time>
        <span role="status">{thanked && t("chat.answer.thanks")}</span>
      </div>
      {asking && (
        <form
          className={classes.reason}
          onSubmit={(e) => {
            e.preventDefault();
            if (reason.trim()) props.onRate?.(props.seq, "down", reason.trim().slice(0, 500));
            setAsking(false);
            setThanked(true);
          }}
        >
          <Textarea
            label={t("chat.answer.rated_down")}
            value={reason}
            maxLength={500}
            minRows={2}
            onChange={(e) => setReason(e.currentTarget.value)}
          />
          <Button type="submit" variant="default" size="sm">
            {t("chat.answer.send_reason")}
          </Button>
        </form>
      )}
    </>
  );
}

/** For those who did not ask: what the person who did thinks of the answer. */
function Judged({ rating: { rating, reason } }: { rating: Rated }) {
  const { t } = useTranslation();
  if (rating === "none") return null;
  const Icon = rating === "up" ? IconThumbUpFilled : IconThumbDownFilled;
  return (
    <span className={classes.judged} data-rating={rating}>
      <Icon size={16} aria-hidden="true" />
      {rating === "down" && reason
        ? t("knowledge.rated.reason", { reason })
        : t(`knowledge.rated.${rating}`)}
    </span>
  );
}

function Tool(props: {
  label: string;
  pressed?: boolean;
  onClick: () => void;
  children: React.ReactNode;
}) {
  return (
    <Tooltip
      label={props.label}
      openDelay={400}
      events={{ hover: true, focus: true, touch: false }}
    >
      <ActionIcon
        variant="subtle"
        color="gray"
        size={34}
        aria-label={props.label}
        aria-pressed={props.pressed}
        onClick={props.onClick}
      >
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}
