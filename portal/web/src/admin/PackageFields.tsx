import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { systemNames } from "../app/systems";
import type { PackageForm } from "../manage/catalogue";
import { sourcesQuery } from "../manage/queries";
import classes from "./admin.module.css";

interface Props {
  system: "windows" | "macos";
  value: PackageForm;
  onChange: (p: PackageForm) => void;
}

/** How a program is installed on one system; left empty, it is not offered there. */
export function PackageFields({ system, value, onChange }: Props) {
  const { t } = useTranslation();
  const sources = useQuery(sourcesQuery);
  const windows = system === "windows";
  const fitting = (sources.data ?? []).filter((s) =>
    windows ? s.manager === "chocolatey" : s.manager === "homebrew",
  );
  const set = (change: Partial<PackageForm>) => onChange({ ...value, ...change });
  return (
    <fieldset className={classes.system}>
      <legend>
        {systemNames[system]} · {windows ? "Chocolatey" : "Homebrew"}
      </legend>
      <div className={classes.pair}>
        <TextInput
          label={t("admin.software.package")}
          description={t("admin.software.package_hint")}
          spellCheck={false}
          maxLength={150}
          value={value.package}
          onChange={(e) => set({ package: e.currentTarget.value })}
        />
        {windows ? (
          <TextInput
            label={t("admin.software.version")}
            description={t("admin.software.version_hint")}
            spellCheck={false}
            maxLength={64}
            value={value.version}
            onChange={(e) => set({ version: e.currentTarget.value })}
          />
        ) : (
          <NativeSelect
            label={t("admin.software.kind")}
            description={t("admin.software.kind_hint")}
            value={value.manager}
            onChange={(e) => set({ manager: e.currentTarget.value as PackageForm["manager"] })}
            data={[
              { value: "homebrew_cask", label: t("admin.software.cask") },
              { value: "homebrew_formula", label: t("admin.software.formula") },
            ]}
          />
        )}
      </div>
      {fitting.length > 0 && (
        <NativeSelect
          label={t("admin.software.source")}
          value={value.source}
          onChange={(e) => set({ source: e.currentTarget.value })}
          data={[
            { value: "", label: t("admin.software.public_source") },
            ...fitting.map((s) => ({ value: s.id, label: s.name })),
          ]}
        />
      )}
    </fieldset>
  );
}
