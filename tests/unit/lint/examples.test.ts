import { describe, expect, it } from "vitest";
import { lintRules } from "../../../packages/drizzle-deploy/src/index.ts";
import { lintOf } from "./lint-of.ts";

/** What is found in a migration that comes after another one. */
const found = (before: string, text: string) =>
  lintOf({ "0000_before": before, "0001_next": text }, ["0001_next"]).findings;

describe("the examples of each rule", () => {
  it.each(lintRules.map((rule) => [rule.id, rule] as const))("%s: is found in the bad one", (id, rule) => {
    const own = found(rule.example.setUp, rule.example.bad).filter((one) => one.rule === id);
    expect(own.length).toBeGreaterThan(0);
    for (const { hazard, message, deploy } of own) {
      expect(rule.hazards).toContain(hazard);
      expect(message).toMatch(/\.$/);
      expect(deploy?.text).toMatch(/\.$/);
    }
  });

  it.each(lintRules.map((rule) => [rule.id, rule] as const))(
    "%s: nothing at all is found in the good one",
    (_id, rule) => {
      expect(found(rule.example.setUp, rule.example.good)).toEqual([]);
    },
  );
});

it("every rule has an id of its own, in lower-case words", () => {
  const ids = lintRules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[a-z]+(-[a-z]+)*$/.test(id))).toEqual([]);
});
