import { Switch } from "@mantine/core";
import page from "../app/page.module.css";
import classes from "./admin.module.css";

interface Props {
  name: string;
  label: string;
  text: string; // what holds as it stands
  on: boolean;
  onChange: (on: boolean) => void;
}

/** A switch with one sentence on its effect. */
export function OnOff(props: Props) {
  return (
    <div className={page.card} data-policy={props.name}>
      <Switch
        size="md"
        checked={props.on}
        onChange={(e) => props.onChange(e.currentTarget.checked)}
        label={props.label}
        description={props.text}
        labelPosition="left"
        classNames={{
          body: classes.switchBody,
          label: classes.switchLabel,
          track: classes.track,
          description: classes.switchText,
        }}
      />
    </div>
  );
}
