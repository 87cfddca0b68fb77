import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { adoptionRefusals } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpErrorCodes } from "../../../src/errors.ts";
import { commandsWithoutOutput } from "../../support/document.ts";
import { projectFolder } from "../../support/states.ts";

const document = readFileSync(join(projectFolder, "docs", "troubleshooting.md"), "utf8");

interface Entry {
  readonly heading: string;
  readonly code: string | undefined;
  readonly text: string;
}

const entries: Entry[] = document
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [heading = "", ...lines] = section.split("\n");
    return { heading, code: /`([A-Z_]+)`$/.exec(heading)?.[1], text: lines.join("\n") };
  });

/** What the runbook that this replaces had an answer for, in its order. */
const known: readonly [string, string][] = [
  ["Timeout", "LOCK_TIMEOUT"],
  ["Duplicate names", "DATA_REFUSED"],
  ["Index already exists", "PLAN_BLOCKED"],
  ["Function not found", "NOT_BOOTSTRAPPED"],
  ["Permission denied", "PERMISSION_DENIED"],
];

test("every code has one entry, and every entry is of a code", () => {
  expect(entries.map(({ code }) => code).sort()).toEqual([...spfpErrorCodes].sort());
});

test("every reason for which an adoption is refused has its paragraph", () => {
  const paragraphs = [...document.matchAll(/^### `([a-z.-]+)`$/gm)].map(([, id]) => id);
  expect(paragraphs.sort()).toEqual([...adoptionRefusals].sort());
});

test("the five of the old runbook come first, by their names there, and the rest by their codes", () => {
  expect(entries.slice(0, known.length).map(({ heading }) => heading)).toEqual(
    known.map(([name, code]) => `${name}: \`${code}\``),
  );
  const rest = entries.slice(known.length).map(({ code }) => code ?? "");
  expect(rest).toEqual([...rest].sort());
});

test.each(entries.map(({ heading, text }) => [heading, text]))(
  "%s: what it means and what to do",
  (_, text) => {
    expect(text).toMatch(/^\n[A-Z`]/);
    expect(text.match(/^\*\*What to do\.\*\* \S/gm)).toHaveLength(1);
  },
);

test("every command runs, or says why it does not", () => {
  expect(commandsWithoutOutput(document)).toEqual([]);
});
