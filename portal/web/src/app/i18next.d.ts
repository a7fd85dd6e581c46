import type en from "../locales/en";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "t";
    resources: { t: typeof en };
    returnNull: false;
  }
}
