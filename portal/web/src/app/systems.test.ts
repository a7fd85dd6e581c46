import { expect, it } from "vitest";
import { systemOf } from "./systems";

it("a system is named once, whether its version names it or not", () => {
  expect(systemOf({ system: "windows", system_version: "Windows 11 Pro 25H2" })).toBe(
    "Windows 11 Pro 25H2",
  );
  expect(systemOf({ system: "macos", system_version: "26.1" })).toBe("macOS 26.1");
  expect(systemOf({ system: "linux", system_version: "" })).toBe("Linux");
});
