import { Button, FileButton } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { type BuiltIn, builtIn, isPicture, SoftwareIcon } from "../self-service/SoftwareIcon";
import classes from "./admin.module.css";

const names = Object.keys(builtIn) as BuiltIn[];
const largest = 190_000; // bytes; as a data address the server takes 256 KiB

interface Props {
  program: string; // its first letter stands where no icon is chosen
  value: string;
  onChange: (icon: string) => void;
}

/** The icon of a program: one of the house's, a picture of one's own, or the first letter. */
export function IconField({ program, value, onChange }: Props) {
  const { t } = useTranslation();
  const group = useId();
  const [refused, setRefused] = useState(false);
  const take = (file: File | null) => {
    if (!file) return;
    setRefused(file.size > largest);
    if (file.size > largest) return;
    const reader = new FileReader();
    reader.onload = () => onChange(String(reader.result));
    reader.readAsDataURL(file);
  };
  const choices = ["", ...names, ...(isPicture(value) ? [value] : [])];
  const label = (icon: string) => {
    if (isPicture(icon)) return t("admin.software.icon.own");
    return icon ? t(`admin.software.icon.${icon as BuiltIn}`) : t("admin.software.icon.letter");
  };
  return (
    <fieldset className={classes.system} data-icons>
      <legend>{t("admin.software.icon.title")}</legend>
      <div className={classes.icons}>
        {choices.map((icon) => (
          <label key={icon} title={label(icon)} className={classes.iconChoice}>
            <input
              type="radio"
              className="sr-only"
              name={group}
              aria-label={label(icon)}
              checked={value === icon}
              onChange={() => onChange(icon)}
            />
            <SoftwareIcon software={{ name: program || "?", icon }} />
          </label>
        ))}
        <FileButton accept="image/png,image/jpeg,image/gif" onChange={take}>
          {(props) => (
            <Button
              {...props}
              variant="subtle"
              leftSection={<IconUpload size={18} stroke={1.7} aria-hidden="true" />}
            >
              {t("admin.software.icon.upload")}
            </Button>
          )}
        </FileButton>
      </div>
      {refused && (
        <p className={page.hint} role="alert">
          {t("admin.software.icon.too_large")}
        </p>
      )}
    </fieldset>
  );
}
