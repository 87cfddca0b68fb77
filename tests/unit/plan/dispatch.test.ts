import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseStatements } from "../../../packages/drizzle-deploy/src/sql/parser.ts";
import { cases } from "../../support/statement-cases.ts";
import { projectFolder } from "../../support/states.ts";

const folder = join(projectFolder, "packages", "drizzle-deploy", "src", "statements");

it("every kind of statement that the planner tells apart has a case", () => {
  const text = readFileSync(join(folder, "index.ts"), "utf8");
  const known = [...text.matchAll(/"(\w+Stmt)" in node\b/g)].map(([, kind = ""]) => kind);
  const tried = new Set(
    cases.flatMap(({ sql }) => parseStatements(sql).flatMap(({ node }) => Object.keys(node))),
  );
  expect(known.length).toBeGreaterThan(0);
  expect([...new Set(known)].filter((kind) => !tried.has(kind))).toEqual([]);
});
