import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { areas } from "../../../src/checks/index.ts";
import { projectFolder } from "../../support/states.ts";

const textOf = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".ts") && name !== "check-ids.ts")
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");

/** What a finding names its rule by: `data.orphan`. */
const rule = new RegExp(`"((?:${areas.join("|")})\\.[a-z-]+)"`, "g");
const rulesIn = (text: string): Set<string> => new Set([...text.matchAll(rule)].map(([, id = ""]) => id));

it("every rule of a check is seen to find what it is for", () => {
  const rules = rulesIn(textOf(join(projectFolder, "src", "checks")));
  const tests = ["unit", "server"].map((kind) => textOf(join(projectFolder, "tests", kind, "checks")));
  const seen = rulesIn(tests.join("\n"));
  expect(rules.size).toBeGreaterThan(0);
  expect([...rules].filter((id) => !seen.has(id))).toEqual([]);
});
