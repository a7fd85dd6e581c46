import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { setLanguage, startI18n } from "../app/i18n";
import { forgetAll } from "../app/keep";
import { draw } from "../test-draw";
import { Composer } from "./Composer";

const server = vi.hoisted(() => ({ sent: [] as string[], removed: [] as string[], refuse: "" }));

vi.mock("../app/session", () => ({
  useMe: () => ({ files: { max_bytes: 1_048_576, per_message: 2 } }),
}));
vi.mock("../api/files", async () => {
  const { Problem } = await import("../api/problem");
  return {
    pictureURL: (id: string) => `/api/v1/files/${id}/picture`,
    files: {
      async send(file: File) {
        if (server.refuse) throw new Problem(server.refuse, 415);
        server.sent.push(file.name);
        const picture = file.type.startsWith("image/");
        return { id: `f${server.sent.length}`, name: file.name, type: file.type, size: 9, picture };
      },
      remove: async (id: string) => void server.removed.push(id),
    },
  };
});

const settle = () => act(() => new Promise<void>((r) => setTimeout(r, 20)));
const said: unknown[][] = [];

async function composer(): Promise<HTMLElement> {
  const host = draw(
    <MantineProvider env="test">
      <Composer
        draftKey="x"
        placeholder="…"
        onSend={(text, files) => said.push([text, files.map((f) => f.name)])}
      />
    </MantineProvider>,
  );
  await settle();
  return host;
}

function write(el: HTMLElement, text: string) {
  const field = el.querySelector("textarea");
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")?.set?.call(field, text);
    field?.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

async function give(el: HTMLElement, how: "paste" | "drop", files: File[], types = ["Files"]) {
  const event = new Event(how, { bubbles: true, cancelable: true });
  const data = { files, types };
  Object.assign(event, how === "paste" ? { clipboardData: data } : { dataTransfer: data });
  act(() => void el.querySelector("textarea")?.dispatchEvent(event));
  await settle();
}

async function submit(el: HTMLElement) {
  act(() => el.querySelector("form")?.requestSubmit());
  await settle();
}

const text = (el: HTMLElement) => el.querySelector("textarea")?.value;
const shot = () => new File(["png"], "image.png", { type: "image/png" });

beforeAll(() => startI18n("en"));
beforeEach(async () => {
  await setLanguage("en");
  forgetAll();
  Object.assign(server, { sent: [], removed: [], refuse: "" });
  said.length = 0;
});

it("P11: a pasted screenshot is shown before it is sent, and goes with the words or alone", async () => {
  const el = await composer();
  await give(el, "paste", [shot()]);
  expect(server.sent).toEqual(["Screenshot.png"]);
  expect(el.querySelector("li img")?.getAttribute("src")).toBe("/api/v1/files/f1/picture");
  await submit(el);
  write(el, "and this one");
  await give(el, "drop", [new File(["x"], "app.log", { type: "text/plain" })]);
  await submit(el);
  expect(said).toEqual([
    ["", ["Screenshot.png"]],
    ["and this one", ["app.log"]],
  ]);
  expect(el.querySelector("li")).toBeNull();
});

it("P11: a refused file says why, and neither the words nor the other files are lost", async () => {
  const el = await composer();
  write(el, "what I typed");
  await give(el, "drop", [shot()]);
  await give(el, "drop", [new File(["x".repeat(1_048_577)], "huge.bin")]);
  expect(el.querySelector("li [role=alert]")?.textContent).toContain("“huge.bin” is too large");
  expect(el.querySelector("li [role=alert]")?.textContent).toContain("1 MB");
  server.refuse = "file_program";
  await give(el, "drop", [new File(["MZ"], "setup.exe")]);
  expect(el.textContent).toContain("“setup.exe” is a program");
  expect(text(el)).toBe("what I typed");
  await submit(el);
  expect(said).toEqual([["what I typed", ["image.png"]]]);
});

it("more files than fit are not begun, and one that is left out is taken back", async () => {
  const el = await composer();
  const three = ["a", "b", "c"].map((n) => new File([n], `${n}.txt`));
  await give(el, "drop", three);
  expect(server.sent).toEqual(["a.txt", "b.txt"]);
  expect(el.querySelector("[role=alert]")?.textContent).toContain("At most 2 files");
  await act(async () => el.querySelector<HTMLElement>("li button")?.click());
  expect(server.removed).toEqual(["f1"]);
  await give(el, "drop", [new File(["c"], "c.txt")]);
  await submit(el);
  expect(said).toEqual([["", ["b.txt", "c.txt"]]]);
});

it("a draft's files survive a reload with its words", async () => {
  const first = await composer();
  write(first, "half a thought");
  await give(first, "paste", [shot()]);
  const again = await composer();
  expect(text(again)).toBe("half a thought");
  expect(again.querySelector("li")?.textContent).toContain("Screenshot.png");
  await submit(again);
  expect((await composer()).querySelector("li")).toBeNull();
});

it("whoever pastes text gets the text, also where the clipboard holds a picture of it", async () => {
  const el = await composer();
  await give(el, "paste", [shot()], ["text/plain", "Files"]);
  expect(server.sent).toEqual([]);
});
