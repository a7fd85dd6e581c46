import type { PasswordInputProps } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { PasswordField } from "../app/PasswordField";

/** How long a password is at least; the server holds the rule. */
const atLeast = 8;

export const tooShort = (password: string) => password.length < atLeast;

/** The field for a password that is to be. */
export function FreshPassword(props: {
  value: string;
  onChange: (value: string) => void;
  tried: boolean; // somebody wanted to go on with it
  size?: PasswordInputProps["size"];
  className?: string;
}) {
  const { t } = useTranslation();
  const hint = t("account.password_hint", { count: atLeast });
  return (
    <PasswordField
      className={props.className}
      label={t("account.password_new")}
      description={hint}
      autoComplete="new-password"
      name="new-password"
      size={props.size}
      value={props.value}
      error={props.tried && tooShort(props.value) && hint}
      onChange={(e) => props.onChange(e.currentTarget.value)}
    />
  );
}
