import { expect, it } from "vitest";
import {
  isAllowed,
  parseAllowances,
  requireKnown,
} from "../../../packages/drizzle-deploy/src/model/allowance.ts";
import { spfpNames } from "../../../src/spfp.ts";

const tags = ["0000_first", "0001_second", "0002_third"];
const known = {
  applied: ["0000_first"],
  pending: ["0001_second", "0002_third"],
  steps: ["0001_second/1", "0001_second/2+3"],
};
const step = { id: "0001_second/2", migration: "0001_second" };

const isTaken = (text: string): boolean => {
  const allowances = parseAllowances([text], tags);
  requireKnown(allowances, known, spfpNames);
  return isAllowed(allowances, step, "data-loss");
};

it.each([
  ["0001_second", true],
  ["0001_second/2", true],
  ["data-loss", true],
  ["0001_second:data-loss", true],
  ["0001_second/2:data-loss", true],
  ["0001_second/2+3", true],
  ["0001_second/1", false],
  ["0002_third", false],
  ["0002_third:data-loss", false],
  ["breaks-clients", false],
  ["0001_second:breaks-clients", false],
  ["0000_first", false],
  ["0000_first/4:data-loss", false],
])("%s accepts a loss of data in another step: %s", (text, expected) => {
  expect(isTaken(text)).toBe(expected);
});

it.each([
  ["0001_second/9", "there is no step 0001_second/9 to allow"],
  ["0009_none", "there is no step 0009_none to allow"],
  ["0009_none:data-loss", "there is no step 0009_none to allow"],
  ["dataloss", "there is no step dataloss to allow"],
  ["0001_second:dataloss", "there is no kind of hazard dataloss to allow"],
  ["unsupported", "what is unsupported cannot be allowed"],
  ["0001_second:unsupported", "what is unsupported cannot be allowed"],
])("%s is no name to allow", (text, message) => {
  expect(() => isTaken(text)).toThrow(expect.objectContaining({ code: "USAGE", message }));
});

it("what is unsupported is not accepted with the whole migration either", () => {
  const allowances = parseAllowances(["0001_second", "data-loss"], tags);
  expect(isAllowed(allowances, step, "unsupported")).toBe(false);
});
