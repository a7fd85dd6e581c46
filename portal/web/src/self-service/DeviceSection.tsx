import { IconDeviceLaptop } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ActionCard } from "../actions/ActionCard";
import { OperationIcon } from "../actions/icons";
import { useTake } from "../actions/queries";
import { actions } from "../api/self-service";
import type { Action, Device, Operation } from "../api/types";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { Refusal } from "../app/states";
import { systemOf } from "../app/systems";
import classes from "./self.module.css";
import { useShown } from "./useShown";

/** One device: whether it can be reached, what may be done on it, and what is under way. */
export function DeviceSection(props: { device: Device; open: Action[]; wanted: boolean }) {
  const { device: d } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const take = useTake();
  const shown = useShown();
  const box = useRef<HTMLElement>(null);
  const [asked, setAsked] = useState<Operation>();
  const propose = useMutation({
    mutationFn: (operation: Operation) => actions.propose(d.id, operation),
    onSuccess: (a) => shown.add(take(a).id),
  });
  useEffect(() => {
    if (props.wanted) box.current?.scrollIntoView({ block: "start" });
  }, [props.wanted]);
  const cards = shown.with(props.open.filter((a) => a.operation !== "install_software"));
  return (
    <article
      className={classes.device}
      ref={box}
      aria-labelledby={`device-${d.id}`}
      data-device={d.id}
    >
      <header className={classes.deviceHead}>
        <IconDeviceLaptop size={30} stroke={1.4} aria-hidden="true" />
        <div>
          <h3 id={`device-${d.id}`} className={classes.name}>
            {d.name}
          </h3>
          <p className={classes.meta}>
            <span>{systemOf(d)}</span>
            {d.account && <span>{t("actions.account", { name: d.account })}</span>}
            <span className={classes.line} data-online={d.online}>
              {d.online
                ? t("actions.online")
                : d.last_seen_at
                  ? t("self.offline_since", { when: format.ago(d.last_seen_at) })
                  : t("actions.offline")}
            </span>
          </p>
        </div>
      </header>
      {!d.online && <p className={classes.hint}>{t("self.offline_hint")}</p>}
      {cards.length > 0 && (
        <div className={classes.cards} ref={shown.box}>
          {cards.map((id) => (
            <ActionCard key={id} id={id} onNew={(a) => shown.add(a.id)} />
          ))}
        </div>
      )}
      <Operations
        device={d}
        busy={propose.isPending ? asked : undefined}
        onAsk={(operation) => {
          setAsked(operation);
          propose.mutate(operation);
        }}
      />
      <Refusal error={propose.error} />
    </article>
  );
}

function Operations(props: {
  device: Device;
  busy?: Operation;
  onAsk: (operation: Operation) => void;
}) {
  const { t } = useTranslation();
  const say = useErrorText();
  const offered = (props.device.operations ?? []).filter((o) => o.operation !== "install_software");
  return (
    <ul className={classes.operations} aria-label={t("self.operations")}>
      {offered.map((o) => (
        <li key={o.operation}>
          <button
            type="button"
            className={classes.operation}
            data-operation={o.operation}
            aria-disabled={!o.allowed || Boolean(props.busy) || undefined}
            aria-busy={props.busy === o.operation || undefined}
            onClick={() => o.allowed && !props.busy && props.onAsk(o.operation)}
          >
            <OperationIcon operation={o.operation} />
            <span>
              <strong>{t(`actions.operation.${o.operation}.name`)}</strong>
              <span className={classes.what}>
                {o.allowed
                  ? t(`actions.operation.${o.operation}.effect`)
                  : say({ code: "policy", params: { rule: o.rule } })}
              </span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
