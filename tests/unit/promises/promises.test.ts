import { describe, expect, it } from "vitest";
import { takeTurns } from "../../../src/promises/measure.ts";
import { quantile, spreadOf, waitsOf } from "../../../src/promises/statistics.ts";
import { judge } from "../../../src/promises/verdict.ts";
import { formatRatio } from "../../../src/report/bench-tables.ts";

describe("a verdict", () => {
  it.each([
    ["exceeded", { before: 100, after: 2.6, floor: 1 }],
    ["kept", { before: 100, after: 3, floor: 1 }],
    ["not kept", { before: 100, after: 50, floor: 1 }],
    ["nothing to gain", { before: 1.5, after: 1, floor: 1 }],
    // Slower than before is not excused by a floor that is far away.
    ["not kept", { before: 3, after: 6, floor: 1 }],
  ] as const)("is %s for %o", (verdict, times) => {
    expect(judge(times, 30)).toBe(verdict);
  });
});

describe("what was measured several times", () => {
  it("is its median, with the quarters of the runs around it", () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4, runs: 5 });
    expect(quantile([1, 2], 0.5)).toBe(1.5);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it("is nothing where no request came", () => {
    expect(waitsOf([], 2)).toEqual({ requests: 0, failed: 2, median: 0, p99: 0, longest: 0 });
    expect(waitsOf([1, 9], 0)).toMatchObject({ requests: 2, longest: 9 });
  });
});

it("works take turns, and the first of each does not count", async () => {
  const order: string[] = [];
  const work = (name: string) => async () => order.push(name);
  const results = await takeTurns([work("before"), work("after")], 2);
  expect(order).toEqual(["before", "after", "before", "after", "before", "after"]);
  expect(results).toEqual([
    [3, 5],
    [4, 6],
  ]);
});

it("a ratio has as many digits as mean something", () => {
  expect([0.857, 1.234, 5.25, 12.4, 275.3].map(formatRatio)).toEqual([
    "0.86×",
    "1.23×",
    "5.3×",
    "12×",
    "275×",
  ]);
});
