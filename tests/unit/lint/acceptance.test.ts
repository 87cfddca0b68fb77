import { describe, expect, it } from "vitest";
import { lintOf } from "./lint-of.ts";

const before = "CREATE TABLE orders (id integer PRIMARY KEY, code text, total integer);";

/** What is found and accepted in a migration. */
function judged(text: string) {
  const { findings, accepted, ok } = lintOf({ "0000_before": before, "0001_next": text }, ["0001_next"]);
  return {
    ok,
    found: findings.map(
      ({ rule, line, message }) => `${line} ${rule}${rule === "acceptance" ? `: ${message}` : ""}`,
    ),
    accepted: accepted.map(({ rule, line, reason }) => `${line} ${rule}: ${reason}`),
  };
}

const drop = "ALTER TABLE orders DROP COLUMN code;";

describe("an acceptance", () => {
  it.each([
    ["on the line before", `-- lint: accept drop-column: nobody reads it\n${drop}`, "2"],
    ["behind the statement", `${drop} -- lint: accept drop-column: nobody reads it\nSELECT 1;`, "1"],
    [
      "before a breakpoint",
      `-- lint: accept drop-column: nobody reads it\n--> statement-breakpoint\n${drop}`,
      "3",
    ],
    [
      "among other comments",
      `/* why */ -- lint: accept drop-column: nobody reads it\n-- and more\n${drop}`,
      "3",
    ],
    ["with Windows' line ends", `-- lint: accept drop-column: nobody reads it\r\n${drop}`, "2"],
  ])("%s accepts what its rule finds", (_where, text, line) => {
    expect(judged(text)).toEqual({ ok: true, found: [], accepted: [`${line} drop-column: nobody reads it`] });
  });

  it("accepts one hazard, and no other of the same statement", () => {
    expect(judged("-- lint: accept delete-rows: the old ones\nDELETE FROM orders WHERE total < 3;")).toEqual({
      ok: false,
      found: ["2 change-many-rows"],
      accepted: ["2 delete-rows: the old ones"],
    });
  });

  it("accepts nothing in a statement after the next", () => {
    const { ok, found } = judged(`-- lint: accept drop-column: nobody reads it\nSELECT 1;\n${drop}`);
    expect(ok).toBe(false);
    expect(found).toEqual([
      "1 acceptance: It accepts nothing: drop-column finds nothing in statement 1.",
      "3 drop-column",
    ]);
  });

  it("without a reason accepts nothing, and is found", () => {
    expect(judged(`-- lint: accept drop-column\n${drop}`)).toEqual({
      ok: false,
      found: ["1 acceptance: It gives no reason, and accepts nothing without one.", "2 drop-column"],
      accepted: [],
    });
    expect(judged(`-- lint: accept drop-column:  \n${drop}`).found).toHaveLength(2);
  });

  it("of a rule that there is none of, or of no rule, is found", () => {
    expect(judged(`-- lint: accept drop-colum: gone\n${drop}`).found[0]).toBe(
      "1 acceptance: There is no rule drop-colum.",
    );
    expect(judged(`-- lint: accept : gone\n${drop}`).found[0]).toBe("1 acceptance: It names no rule.");
  });

  it("behind the last statement, where nothing follows, is found", () => {
    expect(judged("SELECT 1;\n-- lint: accept drop-column: gone\n").found).toEqual([
      "2 acceptance: It accepts nothing: drop-column finds nothing in what follows, since nothing does.",
    ]);
  });

  it("in a string is none", () => {
    expect(judged("INSERT INTO orders (id, code) VALUES (1, '\n-- lint: accept drop-column: x\n');")).toEqual(
      {
        ok: true,
        found: [],
        accepted: [],
      },
    );
  });
});

it("a finding has its place in the file, in lines and columns, whatever stands before it", () => {
  const text = `/* é — ✓ */ SELECT 1;--> statement-breakpoint\n\n  -- a comment\n  ALTER TABLE orders\n    DROP COLUMN code;`;
  const { findings } = lintOf({ "0000_before": before, "0001_next": text }, ["0001_next"]);
  expect(findings).toMatchObject([{ rule: "drop-column", line: 4, column: 3, endLine: 5, statement: 2 }]);
});
