import type { ReactNode } from "react";
import classes from "./manage.module.css";

export type Fact = [name: string, value: ReactNode];

/** What is known, each with its name; what is not known is left out. */
export function FactList({ facts }: { facts: Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
