import { Button, Loader } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, Problem } from "../api/problem";
import { useErrorText } from "./errors";
import classes from "./states.module.css";

/** The first of the four states. The words are for those who do not see the ring. */
export function Loading() {
  const { t } = useTranslation();
  return (
    <div className={classes.state} role="status">
      <Loader size="sm" type="dots" aria-hidden="true" />
      <span className="sr-only">{t("common.state.loading")}</span>
    </div>
  );
}

/** Nothing here yet: says so, and what to do. */
export function Empty(props: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.state}>
      <p className={classes.title}>{props.title}</p>
      {props.children && <p className={classes.text}>{props.children}</p>}
      {props.action}
    </div>
  );
}

// What will be refused again as often as it is asked for.
const final = new Set(["not_found", "policy", "forbidden"]);

/** What happened, and Retry; or, where that is in vain, the way back. `whole`: it is all that the page has. */
export function Failed(props: { error: unknown; retry?: () => void; whole?: boolean }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const problem = asProblem(props.error);
  // What a page asks for stands in its address: the server cannot read what was mistyped there.
  const error = problem.status === 422 ? new Problem("not_found", 404) : problem;
  const { code } = error;
  const title =
    code === "not_found" ? "not_found_title" : final.has(code) ? "refused_title" : "error";
  const Title = props.whole ? "h1" : "p";
  return (
    <div className={classes.state} role="alert">
      <Title className={classes.title}>{t(`common.state.${title}`)}</Title>
      <p className={classes.text}>{say(error)}</p>
      {final.has(code) ? (
        <Button component={Link} to="/" variant="default">
          {t("common.state.home")}
        </Button>
      ) : (
        props.retry && (
          <Button variant="default" onClick={props.retry}>
            {t("common.state.retry")}
          </Button>
        )
      )}
    </div>
  );
}

/** A refusal beside the control that caused it. */
export function Refusal(props: { error: unknown }) {
  const say = useErrorText();
  if (!props.error) return null;
  return (
    <p className={classes.refusal} role="alert">
      {say(props.error)}
    </p>
  );
}

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The way to the next page of a list; nothing on the last. */
export function More({ list }: { list: Paged }) {
  const { t } = useTranslation();
  if (!list.hasNextPage) return null;
  return (
    <Button
      mt="md"
      variant="default"
      loading={list.isFetchingNextPage}
      onClick={() => void list.fetchNextPage()}
    >
      {t("common.state.more")}
    </Button>
  );
}
