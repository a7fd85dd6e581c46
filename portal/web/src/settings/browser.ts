const browsers: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrome\/|Chromium\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const systems: [RegExp, string][] = [
  [/Windows/, "Windows"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/Android/, "Android"],
  [/Linux|X11/, "Linux"],
];

/** A rough name for what somebody logged in with; enough to recognise one's own. */
export function describeBrowser(agent: string): { browser?: string; system?: string } {
  return {
    browser: browsers.find(([re]) => re.test(agent))?.[1],
    system: systems.find(([re]) => re.test(agent))?.[1],
  };
}
