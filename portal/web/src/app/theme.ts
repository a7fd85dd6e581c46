import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";

// Only the shape of a palette for Mantine: every colour that people see is a
// variable of styles/tokens.css, set below.
const accent: MantineColorsTuple = [
  "#eaf2ef",
  "#d6e4df",
  "#b0cbc2",
  "#88b1a4",
  "#5f9484",
  "#3d7a69",
  "#2a6355",
  "#1f5045",
  "#173d35",
  "#0f2b25",
];

// Mantine's cool greys, warmed; steps 4 are borders of fields and reach 3:1.
const gray: MantineColorsTuple = [
  "#f5f2ec",
  "#ece7dd",
  "#e6e0d4",
  "#e0d9cc",
  "#8c8373",
  "#7a7264",
  "#6b6457",
  "#5d564b",
  "#3d382f",
  "#25211b",
];
const dark: MantineColorsTuple = [
  "#ece7de",
  "#cfc8bb",
  "#b3aa9c",
  "#9b9283",
  "#8f8677",
  "#4a443b",
  "#211e1a",
  "#211e1a",
  "#2b2722",
  "#181613",
];

const tones: Record<string, string> = { red: "danger", accent: "accent", gray: "ink" };

// Mantine's own variants fail contrast in places; ours come from the tokens.
const variantColorResolver: VariantColorsResolver = (input) => {
  const base = defaultVariantColorsResolver(input);
  const color = typeof input.color === "string" ? input.color : "accent";
  const tone = tones[color] ?? tones[input.theme.primaryColor];
  if (input.variant === "filled" && tone === "accent") {
    return {
      ...base,
      background: "var(--accent)",
      hover: "var(--accent-hover)",
      color: "var(--accent-ink)",
      hoverColor: "var(--accent-ink)",
    };
  }
  if (input.variant === "filled" && tone === "danger") {
    return {
      ...base,
      background: "var(--danger)",
      hover: "color-mix(in oklab, var(--danger) 88%, black)",
      color: "var(--surface)",
      hoverColor: "var(--surface)",
    };
  }
  const text =
    tone === "danger" ? "var(--danger)" : tone === "ink" ? "var(--ink-soft)" : "var(--accent-text)";
  if (input.variant === "light") {
    const soft =
      tone === "danger"
        ? "var(--danger-soft)"
        : tone === "ink"
          ? "var(--sunken)"
          : "var(--accent-soft)";
    const hover = `color-mix(in oklab, ${soft} 90%, var(--ink))`;
    return { ...base, background: soft, hover, color: text, border: "1px solid transparent" };
  }
  if (input.variant === "subtle") {
    const hover = "color-mix(in oklab, var(--ink) 7%, transparent)";
    return {
      ...base,
      background: "transparent",
      hover,
      color: text,
      border: "1px solid transparent",
    };
  }
  if (input.variant === "default") {
    return {
      ...base,
      background: "var(--surface)",
      hover: "var(--sunken)",
      color: "var(--ink)",
      border: "1px solid var(--line-strong)",
    };
  }
  return base;
};

export const cssVariablesResolver: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-dimmed": "var(--ink-soft)",
    "--mantine-color-placeholder": "var(--ink-soft)",
    "--mantine-color-default": "var(--surface)",
    "--mantine-color-default-hover": "var(--sunken)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-disabled": "var(--sunken)", // on a card it must be seen that there is a button
    "--mantine-color-error": "var(--danger)",
    "--mantine-color-red-6": "var(--danger)", // as an item of a menu takes it
    "--mantine-color-anchor": "var(--accent-text)",
    "--mantine-primary-color-filled": "var(--accent)",
    "--mantine-primary-color-filled-hover": "var(--accent-hover)",
    "--mantine-primary-color-contrast": "var(--accent-ink)",
    "--mantine-primary-color-light": "var(--accent-soft)",
    "--mantine-primary-color-light-color": "var(--accent-text)",
    "--mantine-color-accent-filled": "var(--accent)",
    "--mantine-color-accent-filled-hover": "var(--accent-hover)",
    "--mantine-color-accent-light": "var(--accent-soft)",
    "--mantine-color-accent-light-color": "var(--accent-text)",
    "--mantine-color-accent-text": "var(--accent-text)",
    "--mantine-color-accent-outline": "var(--accent-text)",
  };
  return { variables: {}, light: shared, dark: shared };
};

export const theme = createTheme({
  fontFamily: "var(--sans)",
  headings: { fontFamily: "var(--serif)", fontWeight: "500" },
  colors: { accent, gray, dark },
  white: "#fffdf9",
  black: "#25211b",
  fontSizes: { xs: "0.88rem", sm: "0.98rem", md: "1.05rem", lg: "1.15rem" },
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 2 },
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  radius: { md: "10px", lg: "18px" },
  variantColorResolver,
  components: {
    Button: { defaultProps: { fw: 600 } },
    // The head of a dialog is no head of the page.
    Modal: {
      defaultProps: { radius: "lg", centered: true, attributes: { header: { role: "none" } } },
    },
    // Beside its button, so that it is read within the page's own landmarks. Without Mantine's
    // empty element for the first focus, which is no item of a menu, that goes to the first item.
    Menu: {
      defaultProps: {
        withinPortal: false,
        floatingStrategy: "fixed",
        withInitialFocusPlaceholder: false,
      },
      styles: { dropdown: { "--menu-item-hover": "var(--sunken)" } },
    },
    InputWrapper: { defaultProps: { labelProps: { mb: 4 } } },
    // They leave by themselves; a cross without a name would be one more thing to pass by.
    Notification: { defaultProps: { withCloseButton: false } },
    Pill: { styles: { root: { background: "var(--sunken)", color: "var(--ink)" } } },
    SegmentedControl: { defaultProps: { withItemsBorders: false } },
  },
});

/** Puts the tenant's own accent in, with a text colour that can be read on it. */
export function applyBrand(accentColor: string | undefined) {
  const root = document.documentElement;
  const hex = /^#([0-9a-f]{6})$/i.exec(accentColor ?? "")?.[1];
  if (!hex) {
    root.style.removeProperty("--brand");
    root.style.removeProperty("--brand-ink");
    return;
  }
  const channel = (i: number) => {
    const v = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4);
  root.style.setProperty("--brand", `#${hex}`);
  root.style.setProperty("--brand-ink", luminance > 0.3 ? "#14201c" : "#ffffff");
}
