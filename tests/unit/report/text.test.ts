import { expect, test } from "vitest";
import { formatCount } from "../../../packages/drizzle-deploy/src/findings/text.ts";
import { formatDuration } from "../../../packages/drizzle-deploy/src/report/text.ts";

test.each([
  [0.352, "0.35 ms"],
  [12.4, "12 ms"],
  [1849, "1.8 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min 0 s"],
  [119_700, "2 min 0 s"],
  [125_000, "2 min 5 s"],
])("%d milliseconds are %s", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1_234_567, "1,234,567"],
  [-123_456, "-123,456"],
])("%d is counted as %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});
