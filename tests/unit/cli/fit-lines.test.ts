import { expect, test } from "vitest";
import { fitLines } from "../../../packages/drizzle-deploy/src/cli/fit-lines.ts";

const line = "    to do   Deploy the migrations that are pending";

test.each([
  [
    "below its text, behind labels",
    line,
    40,
    "    to do   Deploy the migrations that\n            are pending",
  ],
  [
    "by what is seen of it, and not by its colours",
    `\u001b[31m    to do \u001b[39m  ${line.trim().slice(8)}`,
    40,
    "\u001b[31m    to do \u001b[39m  Deploy the migrations that\n            are pending",
  ],
  ["not where it fits", line, line.length, line],
  ["not where there is no room below its text", line, 25, line],
  [
    "a little to the right where it has no label",
    "Deploy the migrations that are pending",
    30,
    "Deploy the migrations that are\n  pending",
  ],
  [
    "and below the last of several labels that leave room for a text",
    "  not done  0002_growth  not there: table a, table b, table c and more",
    60,
    "  not done  0002_growth  not there: table a, table b, table\n                         c and more",
  ],
  [
    "and a word that is longer than a line stays whole",
    "run abcdefghijklmnopqrstuvwxyz now",
    24,
    "run\n  abcdefghijklmnopqrstuvwxyz\n  now",
  ],
  ["each for itself", "one\n\ntwo", 80, "one\n\ntwo"],
])("lines are wrapped %s", (_how, text, columns, wrapped) => {
  expect(fitLines(text, columns)).toBe(wrapped);
});
