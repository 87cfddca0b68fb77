import { describe, expect, it } from "vitest";
import { lintReportSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import { setting, cases as statementCases } from "../../support/statement-cases.ts";
import { lintOf } from "./lint-of.ts";

const orders = "CREATE TABLE orders (id integer PRIMARY KEY, code text);";
const index = "CREATE INDEX orders_code ON orders (code);";

const rulesIn = (files: Readonly<Record<string, string>>, only?: readonly string[]) =>
  lintOf(files, only).findings.map(({ migration, rule }) => `${migration}: ${rule}`);

describe("a table that a migration of the folder makes", () => {
  const files = { "0000_a": orders, "0001_b": index };

  it("may have rows by the next one, where the whole folder is judged", () => {
    expect(rulesIn(files)).toEqual(["0001_b: create-index"]);
  });

  it("has none in all that a branch adds", () => {
    expect(rulesIn(files, ["0000_a", "0001_b"])).toEqual([]);
    expect(rulesIn(files, ["0001_b"])).toEqual(["0001_b: create-index"]);
  });
});

describe("what deploy does", () => {
  const answer = (text: string) => {
    const [finding] = lintOf({ "0000_a": orders, "0001_b": text }, ["0001_b"]).findings;
    return { level: finding?.level, ...finding?.deploy };
  };

  it("is told with the statements that it runs, where it makes it safe by itself", () => {
    expect(answer("ALTER TABLE orders ADD CONSTRAINT c CHECK (code <> '');")).toMatchObject({
      level: "warning",
      does: "makes safe",
      runs: [
        expect.stringMatching(/ADD CONSTRAINT c CHECK .* NOT VALID$/),
        'ALTER TABLE "public"."orders" VALIDATE CONSTRAINT "c"',
      ],
    });
  });

  it("is told with the step to allow, as plan names it", () => {
    expect(answer("SELECT 1; ALTER TABLE orders ADD COLUMN a text, DROP COLUMN code;")).toMatchObject({
      level: "error",
      does: "asks",
      text: "runs nothing until it is allowed: drizzle-deploy deploy --allow 0001_b/2.2.",
    });
  });

  it("is to refuse what cannot be allowed", () => {
    expect(answer("REINDEX TABLE orders;")).toMatchObject({ level: "error", does: "refuses" });
  });

  it("is to leave out what is its own", () => {
    expect(answer("COMMIT;")).toMatchObject({ level: "warning", does: "does not run" });
  });
});

it("a report is as its schema says, and survives being JSON", () => {
  const report = lintOf({
    "0000_a": orders,
    "0001_b": `-- lint: accept create-index: small\n${index} DROP TABLE orders;`,
  });
  expect(report.accepted).toHaveLength(1);
  expect(lintReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
});

it("a folder with every statement that the planner knows is judged to its end", () => {
  const files = statementCases.map(({ sql }, at) => [`${1000 + at}_one`, sql] as const);
  expect(lintOf({ "0000_setting": setting, ...Object.fromEntries(files) }).migrations).toHaveLength(
    files.length + 1,
  );
});

it("a file that is not SQL is refused by its name", () => {
  expect(() => lintOf({ "0000_a": "CREATE TABEL t ();" })).toThrow(/0000_a\.sql, statement 1, is not SQL/);
});
