import { expect, test } from "vitest";
import { findingSchema } from "../../../packages/drizzle-deploy/src/findings/finding.ts";
import { plural, visible } from "../../../packages/drizzle-deploy/src/findings/text.ts";
import { formatPreflightReport } from "../../../packages/drizzle-deploy/src/report/index.ts";
import { formatFixReport } from "../../../src/report/index.ts";

const id = "5f0c2a1e-7d3b-4c58-9a60-1b2c3d4e5f60";
/** What a user may call a category: a line of its own, a colour, a window's title, a text turned round. */
const hostile = 'Casa\n\u001b[2J\u001b]0;title\u0007\u009b31m\u202e "x"';

const reports = {
  fix: formatFixReport({
    outcome: "shown",
    id: null,
    categories: [
      {
        userId: id,
        foldedName: hostile,
        kept: id,
        categories: [{ id, name: hostile, createdAt: null, transactions: 1, budgets: 2, liveBudgets: 2 }],
      },
    ],
    templates: [],
    changed: [],
    kept: [],
  }),
  preflight: formatPreflightReport({
    ok: false,
    mode: "quick",
    database: "",
    milliseconds: 1,
    items: [
      {
        id: "duplicates",
        title: "Duplicates",
        verdict: "block",
        evidence: hostile,
        findings: [
          findingSchema.parse({
            check: "duplicates.category",
            severity: "error",
            object: hostile,
            expected: "one",
            actual: hostile.repeat(20),
            remedy: hostile,
          }),
        ],
      },
    ],
  }),
};

test.each(Object.entries(reports))("%s: what users wrote cannot steer the terminal", (_name, text) => {
  // The reports' own colours, where there are any, are no more than that.
  const plain = text.replaceAll(/\p{Cc}\[\d+m/gu, "");
  expect(plain).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  expect(plain).toContain("\\u001b[2J");
});

test("a short expectation beside a long value is shown from its beginning", () => {
  expect(reports.preflight).toMatch(/expected {2}one\n/);
});

test("words that are not hostile stay as they are", () => {
  expect(visible("Alimentação 🏠 नमस्ते")).toBe("Alimentação 🏠 नमस्ते");
  expect(visible("a\tb")).toBe("a\\tb");
  expect([plural(1, "budget"), plural(5001, "budget")]).toEqual(["1 budget", "5,001 budgets"]);
});
