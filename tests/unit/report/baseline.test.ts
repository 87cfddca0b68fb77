import { describe, expect, it } from "vitest";
import { type BaselineReport, baselineReportSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import { formatBaselineReport } from "../../../packages/drizzle-deploy/src/report/index.ts";
import { spfpNames } from "../../../src/spfp.ts";

const report: BaselineReport = baselineReportSchema.parse({
  outcome: "refused",
  point: "0000_shop",
  recorded: [],
  pending: ["0001_states"],
  evidence: [
    { tag: "0001_states", trace: "partly", seen: ["table shop.a"], unseen: ["b", "c", "d", "e"] },
    { tag: "0002_data", trace: "traceless", seen: [], unseen: [] },
  ],
  choices: [],
  inTheWay: [
    {
      check: "adoption.blocked",
      severity: "error",
      object: "shop.a.by_name",
      expected: "step 0001_states/1 can create index by_name on shop.a",
      actual: "shop.by_name is the name of a sequence already. Rename that first.",
      remedy: "Put that right first; then run it again.",
      sql: ['ALTER SEQUENCE "shop"."by_name" RENAME TO "by_name_before";'],
    },
  ],
  replaced: [
    {
      check: "adoption.replaced",
      severity: "info",
      object: "shop.open",
      expected: "definition:  SELECT id,\n    total\n   FROM orders\n  WHERE open;",
      actual: "definition:  SELECT id,\n    sum(total) AS total\n   FROM orders\n  GROUP BY id;",
      remedy: "Nothing.",
    },
  ],
  settled: [],
  untouched: [],
});

describe("the report of an adoption", () => {
  const lines = formatBaselineReport(report, spfpNames, { width: 100 }).split("\n");

  it("says what shows where the database stands, and names a few of many", () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/partly +0001_states +there: table shop\.a; not there: b, c, d and 1 more$/),
        expect.stringMatching(/no trace +0002_data$/),
      ]),
    );
  });

  it("shows what is replaced beside what takes its place, what both have on one height", () => {
    const beside = lines.filter((line) => line.includes("│")).map((line) => line.split("│"));
    expect(beside.map(([one]) => one?.trim())).toEqual([
      "as it is",
      "definition:  SELECT id,",
      "sum(total) AS total",
      "FROM orders",
      "GROUP BY id;",
    ]);
    expect(beside.map(([, other]) => other?.trim())).toEqual([
      "as it will be",
      "definition:  SELECT id,",
      "total",
      "FROM orders",
      "WHERE open;",
    ]);
  });

  it("cuts what a narrow terminal has no room for", () => {
    const narrow = formatBaselineReport(report, spfpNames, { width: 20 }).split("\n");
    for (const line of narrow.filter((one) => one.includes("│"))) expect(line.length).toBeLessThan(90);
  });

  it("prints the way out as statements of their own", () => {
    expect(lines.map((line) => line.trim())).toContain(
      'ALTER SEQUENCE "shop"."by_name" RENAME TO "by_name_before";',
    );
  });

  it("ends with what came of it", () => {
    expect(lines.at(-1)).toContain("Not adopted at 0000_shop: 1 difference stands in the way.");
  });
});
