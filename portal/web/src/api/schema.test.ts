// @vitest-environment node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";

it("the client is the one that the API's document gives (npm run api makes it anew)", async () => {
  const document = join(import.meta.dirname, "../../../api/openapi.json");
  const fresh = COMMENT_HEADER + astToString(await openapiTS(pathToFileURL(document)));
  const committed = readFileSync(join(import.meta.dirname, "schema.d.ts"), "utf8");
  expect(committed === fresh).toBe(true);
}, 30_000);
