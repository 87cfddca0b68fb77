import { expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { baseline, deploy } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { applyWithDrizzle, rowsOf, writeMigrations } from "./walk.ts";

/*
 * A migration counts as applied only where its effect is seen. What only takes something away, and what only changes
 * rows, is not taken for applied because nothing speaks against it: it would never be run.
 */

const everything = [
  "CREATE TABLE u (id int primary key)",
  "CREATE TABLE t (id int primary key, a int DEFAULT 3 NOT NULL CONSTRAINT t_pos CHECK (a > 0), b int CONSTRAINT t_u REFERENCES u (id), c text UNIQUE)",
  "CREATE INDEX t_a ON t (a)",
  "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
  "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
  "CREATE POLICY p ON t USING (true)",
  "CREATE VIEW v AS SELECT id FROM t",
  "CREATE TYPE k AS ENUM ('a')",
];
const plain = ["CREATE TABLE t (id int primary key, n int)"];

/** What is applied, and what is pending; each migration by its statements. */
const cases: readonly [string, readonly (readonly string[])[], readonly (readonly string[])[]][] = [
  ["a dropped check", [everything], [["ALTER TABLE t DROP CONSTRAINT t_pos"]]],
  ["a dropped key", [everything], [["ALTER TABLE t DROP CONSTRAINT t_c_key"]]],
  [
    "a dropped foreign key, with another migration after it",
    [everything],
    [["ALTER TABLE t DROP CONSTRAINT t_u"], ["ALTER TABLE u ADD COLUMN z int"]],
  ],
  ["a dropped trigger", [everything], [["DROP TRIGGER g ON t"]]],
  ["a dropped policy", [everything], [["DROP POLICY p ON t"], ["CREATE TABLE w (id int)"]]],
  ["a dropped index", [everything], [["DROP INDEX t_a"]]],
  ["a dropped default", [everything], [["ALTER TABLE t ALTER COLUMN a DROP DEFAULT"]]],
  [
    "a dropped NOT NULL",
    [everything],
    [["ALTER TABLE t ALTER COLUMN a DROP NOT NULL"], ["ALTER TABLE u ADD COLUMN z int"]],
  ],
  ["a dropped column", [everything], [["ALTER TABLE t DROP COLUMN b"]]],
  ["a dropped view, and then its table", [everything], [["DROP VIEW v"], ["DROP TABLE t"]]],
  ["a dropped type", [everything], [["DROP TYPE k"]]],
  [
    "rows alone, between two that are seen",
    [plain],
    [["UPDATE t SET n = 1"], ["ALTER TABLE t ADD COLUMN m int"], ["UPDATE t SET m = n"]],
  ],
  [
    "rows alone, after two that are seen",
    [plain, ["ALTER TABLE t ADD COLUMN m int"]],
    [["UPDATE t SET m = 4"], ["ALTER TABLE t ADD COLUMN o int"]],
  ],
  [
    "a renamed column, and another of its former name",
    [plain],
    [["ALTER TABLE t RENAME COLUMN n TO m"], ["ALTER TABLE t ADD COLUMN n text"]],
  ],
  [
    "a column that moves its values and its name",
    [plain],
    [
      ["ALTER TABLE t ADD COLUMN m int", "UPDATE t SET m = n", "ALTER TABLE t DROP COLUMN n"],
      ["ALTER TABLE t RENAME COLUMN m TO n"],
    ],
  ],
  [
    "a table that is made and dropped",
    [plain],
    [["CREATE TABLE x (id int)"], ["DROP TABLE x"], ["ALTER TABLE t ADD COLUMN z int"]],
  ],
  [
    "a default that is set and dropped",
    [plain],
    [
      ["ALTER TABLE t ALTER COLUMN n SET DEFAULT 5"],
      ["ALTER TABLE t ALTER COLUMN n DROP DEFAULT"],
      ["ALTER TABLE t ADD COLUMN z int"],
    ],
  ],
  [
    "a column that is filled from one that goes",
    [plain, ["ALTER TABLE t ADD COLUMN lang text"]],
    [
      ["UPDATE t SET lang = 'x'", "ALTER TABLE t ADD COLUMN prefs text"],
      ["UPDATE t SET prefs = lang", "ALTER TABLE t DROP COLUMN lang"],
    ],
  ],
];

it.each(cases)("a database is not adopted past %s", async (_, applied, pending) => {
  const start = writeMigrations(applied);
  const folder = writeMigrations([...applied, ...pending]);
  const made = async () => {
    const database = await createDatabase("empty");
    expect(await applyWithDrizzle(database.url, start)).toBeNull();
    await database.sql.unsafe("insert into t (id) values (1)");
    return database;
  };
  const wanted = await made();
  expect(await applyWithDrizzle(wanted.url, folder)).toBeNull();
  const database = await made();
  const project = await projectIn(folder, ["public"], "adoption");

  const { point } = await baseline(project, database.url);
  expect(point).toBe(`${String(applied.length - 1).padStart(4, "0")}_m${applied.length - 1}`);

  const allow = ["data-loss", "breaks-clients"];
  const report = await deploy(project, database.url, { mode: "quick", backupId: "none", allow });
  expect(report.error).toBeNull();
  const schemas = ["public"];
  const catalogs = [
    await readCatalog(wanted.sql, { schemas }),
    await readCatalog(database.sql, { schemas }),
  ] as const;
  expect(compareCatalogs(...catalogs, { owners: true })).toEqual([]);
  expect(await rowsOf(database, schemas)).toEqual(await rowsOf(wanted, schemas));
});
