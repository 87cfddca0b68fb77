import { expect, test } from "vitest";
import type { Finding } from "../../../packages/drizzle-deploy/src/findings/finding.ts";
import { formatFindings } from "../../../packages/drizzle-deploy/src/report/findings.ts";

const finding = (object: string, remedy: string): Finding => ({
  check: "duplicates.category",
  severity: "error",
  object,
  expected: "one",
  actual: "two",
  remedy,
});

test("what several findings in a row ask for is said once, after the last of them", () => {
  const text = formatFindings([
    finding("a", "Merge them."),
    finding("b", "Merge them."),
    finding("c", "Drop it."),
    finding("d", "Merge them."),
  ]).join("\n");
  const said = text.split("\n").filter((line) => /to do|[✗]/.test(line));
  expect(
    said.map((line) =>
      line
        .replace(/duplicates\.category/, "")
        .trim()
        .replaceAll(/\s+/g, " "),
    ),
  ).toEqual(["✗ a", "✗ b", "to do Merge them.", "✗ c", "to do Drop it.", "✗ d", "to do Merge them."]);
});
