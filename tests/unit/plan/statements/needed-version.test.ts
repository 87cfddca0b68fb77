import { expect, it } from "vitest";
import { parseStatements } from "../../../../packages/drizzle-deploy/src/sql/parser.ts";
import { neededVersion } from "../../../../packages/drizzle-deploy/src/statements/needed-version.ts";

const versionOf = (sql: string): number | undefined =>
  parseStatements(sql).flatMap(({ node }) => neededVersion(node)?.version ?? [])[0];

it.each([
  "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2))",
  "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a * 2) VIRTUAL",
  "CREATE TABLE t (a int, CONSTRAINT n NOT NULL a)",
  "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
  "CREATE TABLE t (a int CHECK (a > 0) NOT ENFORCED)",
  "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED",
  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (a) NOT ENFORCED",
  "ALTER TABLE t ADD PRIMARY KEY (a, b WITHOUT OVERLAPS)",
  "ALTER TABLE t ADD FOREIGN KEY (a, PERIOD b) REFERENCES u (a, PERIOD b)",
  "ALTER TABLE t ALTER CONSTRAINT c NOT ENFORCED",
  "ALTER TABLE t ALTER CONSTRAINT n NO INHERIT",
])("PostgreSQL 18 is needed for: %s", (sql) => {
  expect(versionOf(sql)).toBe(18);
});

it.each([
  [17, "ALTER TABLE t ALTER COLUMN b SET EXPRESSION AS (a * 3)"],
  [16, "CREATE STATISTICS ON a, b FROM t"],
] as const)("PostgreSQL %i is needed for: %s", (version, sql) => {
  expect(versionOf(sql)).toBe(version);
});

it.each([
  "CREATE TABLE t (a int CONSTRAINT n NOT NULL, b int GENERATED ALWAYS AS (a * 2) STORED, CHECK (a > 0))",
  "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (a) DEFERRABLE NOT VALID",
  "ALTER TABLE t ALTER CONSTRAINT c DEFERRABLE",
  "ALTER TABLE t ADD CONSTRAINT c UNIQUE NULLS NOT DISTINCT (a)",
  "CREATE STATISTICS s ON a, b FROM t",
])("any version will do for: %s", (sql) => {
  expect(versionOf(sql)).toBeUndefined();
});
