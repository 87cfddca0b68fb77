import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { baseline, deploy } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { applyWithDrizzle, type History, rowsOf, walk, writeMigrations } from "./walk.ts";

/*
 * Several pending migrations at once: what one makes is there for the next, in whatever form; what was deployed and
 * taken back is deployed again, whatever a rollback kept and could not bring back; what was stopped is continued.
 */

/** Migrations in short: `//` between them, and a line for each statement. */
const inShort = (text: string): string[][] =>
  text.split("//").map((migration) =>
    migration
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );

const unless = (statement: string, condition = "duplicate_object"): string =>
  `DO $$ BEGIN ${statement}; EXCEPTION WHEN ${condition} THEN null; END $$`;

interface Case extends Omit<History, "migrations"> {
  readonly migrations: string;
}

const table = "CREATE TABLE t (id int primary key, a int)";
const triggerFunction = "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'";

/** What a migration drops if it is there, and makes. */
const remade = (n: number): string => `
  DROP POLICY IF EXISTS p ON t
  CREATE POLICY p ON t USING (a > ${n})
  DROP TRIGGER IF EXISTS g ON t
  CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()
  ALTER TABLE t DROP CONSTRAINT IF EXISTS t_pos
  ALTER TABLE t ADD CONSTRAINT t_pos CHECK (a > ${n})
  DROP INDEX IF EXISTS t_a
  CREATE INDEX t_a ON t (a) WHERE a > ${n}
  DROP VIEW IF EXISTS v
  CREATE VIEW v AS SELECT id FROM t WHERE a > ${n}
  DROP FUNCTION IF EXISTS f()
  CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select ${n}'`;

const again: readonly Case[] = [
  {
    name: "IF NOT EXISTS of every kind, in another form the second time",
    migrations: `${table}
      CREATE TABLE u (id int primary key)
      // CREATE TABLE IF NOT EXISTS b (id int primary key, n int)
      ALTER TABLE t ADD COLUMN IF NOT EXISTS open boolean
      ALTER TABLE t ADD COLUMN n int
      CREATE INDEX t_a ON t (a)
      CREATE TABLE n (id int)
      CREATE INDEX n_id ON n (id)
      CREATE SEQUENCE IF NOT EXISTS s
      CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT id FROM t
      // CREATE TABLE IF NOT EXISTS b (id int primary key, other text UNIQUE)
      CREATE TABLE IF NOT EXISTS u (id int primary key, other text UNIQUE)
      ALTER TABLE t ADD COLUMN IF NOT EXISTS open text DEFAULT 'x' NOT NULL
      ALTER TABLE t ADD COLUMN IF NOT EXISTS n int UNIQUE REFERENCES u (id) CHECK (n > 0), ADD COLUMN IF NOT EXISTS o int
      CREATE INDEX IF NOT EXISTS t_a ON t (id, a)
      CREATE INDEX IF NOT EXISTS n_id ON t (id)
      CREATE SEQUENCE IF NOT EXISTS s START 5
      CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT id, a FROM t`,
  },
  {
    name: "in one migration, with quoted names, and in another schema",
    schemas: ["App"],
    migrations: `CREATE SCHEMA "App"
      CREATE TABLE "App"."T" ("Id" int primary key)
      // ALTER TABLE "App"."T" ADD COLUMN "N" int
      ALTER TABLE "App"."T" ADD COLUMN IF NOT EXISTS "N" text
      CREATE INDEX IF NOT EXISTS "T N" ON "App"."T" ("N")
      CREATE INDEX IF NOT EXISTS "T N" ON "App"."T" ("Id")
      // CREATE UNIQUE INDEX IF NOT EXISTS "T N" ON "App"."T" ("N")
      CREATE TABLE IF NOT EXISTS "App"."T" ("Id" int, "Z" int)`,
  },
  {
    name: "blocks that keep silent about what is there already",
    migrations: `${table}
      CREATE TABLE u (id int primary key)
      // CREATE TYPE "Kind" AS ENUM ('a', 'b')
      ALTER TYPE "Kind" ADD VALUE 'c'
      ${unless("ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES u (id)")}
      ${unless("ALTER TABLE t ADD CONSTRAINT t_k UNIQUE (a)", "duplicate_table OR duplicate_object")}
      ${unless("CREATE TABLE n (id int)", "duplicate_table")}
      ${unless("ALTER TABLE t ADD COLUMN n int", "duplicate_column")}
      ${unless("CREATE POLICY p ON t USING (true)")}
      // ${unless(`CREATE TYPE "Kind" AS ENUM ('a')`)}
      ${unless("ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE")}
      ${unless("ALTER TABLE t ADD CONSTRAINT t_k UNIQUE (a)", "duplicate_table OR duplicate_object")}
      ${unless("CREATE TABLE n (id int, m int)", "duplicate_table")}
      ${unless("ALTER TABLE t ADD COLUMN n text", "duplicate_column")}
      ${unless("CREATE POLICY p ON t USING (false)")}
      ALTER TABLE t ADD COLUMN k "Kind"`,
  },
  {
    name: "what was dropped, or went with what was, and IF EXISTS",
    migrations: `${table}
      CREATE INDEX t_a ON t (a)
      ALTER TABLE t ADD CONSTRAINT t_au UNIQUE (a, id)
      CREATE TABLE u (id serial primary key, n int)
      CREATE INDEX u_n ON u (n)
      CREATE VIEW v AS SELECT id FROM u
      // ALTER TABLE t DROP COLUMN a
      DROP TABLE u CASCADE
      // DROP INDEX IF EXISTS t_a
      ALTER TABLE t DROP CONSTRAINT IF EXISTS t_au
      DROP VIEW IF EXISTS v
      DROP INDEX IF EXISTS u_n
      DROP SEQUENCE IF EXISTS u_id_seq
      // ALTER TABLE t ADD COLUMN IF NOT EXISTS a int
      CREATE INDEX IF NOT EXISTS t_a ON t (a)
      CREATE SEQUENCE IF NOT EXISTS u_id_seq
      CREATE TABLE IF NOT EXISTS u (id int primary key)`,
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "a column that was renamed, and one of its former name",
    migrations: `${table}
      // ALTER TABLE t ADD COLUMN b int
      // ALTER TABLE t RENAME COLUMN b TO c
      // ALTER TABLE t ADD COLUMN IF NOT EXISTS b text
      ALTER TABLE t ADD COLUMN IF NOT EXISTS c text`,
  },
  {
    name: "dropped if it is there and made, three times",
    migrations: `${table}\n${triggerFunction}//${remade(1)}//${remade(2)}//${remade(3)}`,
  },
];

const takenBack: readonly Case[] = [
  {
    name: "what was done to a column that was dropped later",
    migrations: `CREATE TABLE t (id int primary key, c int NOT NULL DEFAULT 1)
      // ALTER TABLE t ALTER COLUMN c DROP NOT NULL
      ALTER TABLE t ALTER COLUMN c SET DEFAULT 5
      COMMENT ON COLUMN t.c IS 'x'
      CREATE INDEX t_c ON t (c)
      ALTER TABLE t ADD CONSTRAINT t_pos CHECK (c > 0) NOT VALID
      GRANT SELECT (c) ON t TO authenticated
      UPDATE t SET c = c + 1
      ALTER TABLE t ALTER COLUMN c SET DATA TYPE bigint
      CREATE MATERIALIZED VIEW m AS SELECT c FROM t
      CREATE UNIQUE INDEX m_c ON m (c)
      // ALTER TABLE t VALIDATE CONSTRAINT t_pos
      DROP MATERIALIZED VIEW m
      // ALTER TABLE t DROP COLUMN c`,
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "what was done to a table that was dropped later",
    migrations: `CREATE TABLE k (id int primary key)
      CREATE TABLE u (id int primary key, c int)
      // COMMENT ON TABLE u IS 'x'
      ALTER TABLE u ENABLE ROW LEVEL SECURITY
      CREATE POLICY p ON u USING (true)
      ALTER TABLE u ADD COLUMN z int
      CREATE INDEX u_c ON u (c)
      GRANT SELECT ON u TO authenticated
      ALTER TABLE u ADD CONSTRAINT u_k FOREIGN KEY (c) REFERENCES k (id) NOT VALID
      ALTER TABLE u SET (fillfactor = 70)
      ALTER TABLE u ALTER COLUMN c SET NOT NULL
      INSERT INTO k SELECT id FROM u
      // ALTER TABLE u DISABLE ROW LEVEL SECURITY
      DROP TABLE u`,
    rows: ["insert into u values (1, 2)"],
  },
  {
    name: "a column that was dropped and made again",
    migrations: `CREATE TABLE t (id int primary key, c int NOT NULL DEFAULT 1)
      // ALTER TABLE t DROP COLUMN c
      // ALTER TABLE t ADD COLUMN c text
      UPDATE t SET c = 'kept'`,
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "a column that was made, renamed, and made again",
    migrations: `${table}
      // ALTER TABLE t ADD COLUMN z int
      UPDATE t SET z = 5
      // ALTER TABLE t ALTER COLUMN z SET DEFAULT 4
      ALTER TABLE t RENAME COLUMN z TO y
      // ALTER TABLE t ADD COLUMN z text
      UPDATE t SET z = 'kept'`,
    rows: ["insert into t values (1, 1)"],
  },
  {
    name: "types and sequences that were made and renamed",
    migrations: `${table}
      // CREATE TYPE "E x" AS ENUM ('a')
      CREATE DOMAIN d AS int CHECK (value > 0)
      CREATE SEQUENCE s
      // ALTER TYPE "E x" ADD VALUE 'b'
      // ALTER TYPE "E x" RENAME TO f
      CREATE TYPE "E x" AS ENUM ('z')
      ALTER DOMAIN d RENAME TO e
      ALTER SEQUENCE s RENAME TO r
      ALTER TABLE t ADD COLUMN e f, ADD COLUMN g "E x", ADD COLUMN h e`,
  },
  {
    name: "tables that were made, renamed with their columns, and swapped",
    migrations: `${table}
      // CREATE TABLE n (id int primary key, x int)
      INSERT INTO n SELECT id, a FROM t
      CREATE TABLE o (id int primary key, y text)
      INSERT INTO o VALUES (2, 'o')
      // ALTER TABLE n ADD CONSTRAINT n_t FOREIGN KEY (x) REFERENCES t (id)
      CREATE INDEX n_x ON n (x)
      // ALTER TABLE n RENAME COLUMN x TO w
      ALTER TABLE n RENAME CONSTRAINT n_t TO m_t
      ALTER INDEX n_x RENAME TO m_x
      ALTER TABLE n RENAME TO tmp
      ALTER TABLE o RENAME TO n
      ALTER TABLE tmp RENAME TO o`,
    rows: ["insert into t values (1, 1)"],
  },
  {
    name: "a table that was made, renamed, made again, and the old one dropped",
    migrations: `CREATE TABLE a (id int primary key)
      // CREATE TABLE b (id serial primary key, n int UNIQUE)
      CREATE INDEX b_n ON b (n)
      // ALTER TABLE b RENAME TO b_old
      // CREATE TABLE b (id int, n int, m int)
      INSERT INTO b VALUES (1, 2, 3)
      // DROP TABLE b_old
      CREATE INDEX b_n ON b (n)`,
  },
  {
    name: "a table that was made, dropped and made again",
    migrations: `${table}
      // CREATE TABLE n (id int primary key)
      // DROP TABLE n
      // CREATE TABLE n (id int primary key, y text)
      INSERT INTO n VALUES (1, 'kept')`,
  },
];

const collations: readonly Case[] = [
  {
    name: "another collation, with another type and with the same",
    migrations: `CREATE TABLE t (id int primary key, a varchar(20) UNIQUE CHECK (a <> 'x'), "B" text)
      CREATE INDEX t_b ON t ("B")
      // ALTER TABLE t ALTER COLUMN a SET DATA TYPE text COLLATE "C"
      ALTER TABLE t ALTER COLUMN "B" SET DATA TYPE text COLLATE "C"`,
    rows: ["insert into t values (1, 'y', 'z')"],
  },
  {
    name: "a collation that a change of the type takes away",
    migrations: `CREATE TABLE t (id int primary key, a varchar(10) COLLATE "C", b text COLLATE "C")
      CREATE INDEX t_a ON t (a)
      // ALTER TABLE t ALTER COLUMN a SET DATA TYPE varchar(20)
      ALTER TABLE t ALTER COLUMN b SET DATA TYPE text`,
    rows: ["insert into t values (1, 'y', 'z')"],
  },
  {
    name: "intervals of fewer digits and of more fields",
    migrations: `CREATE TABLE t (id int primary key, a interval, b interval(3), d interval day to second(2))
      // ALTER TABLE t ALTER COLUMN a SET DATA TYPE interval(0)
      ALTER TABLE t ALTER COLUMN b SET DATA TYPE interval(6)
      ALTER TABLE t ALTER COLUMN d SET DATA TYPE interval`,
    rows: ["insert into t values (1, '1.23456 s', '1.2 s', '1 day')"],
  },
];

describe.each([
  ["made before in the same plan", again],
  ["deployed, taken back and deployed again", takenBack],
  ["changed in what the name of a type does not say", collations],
] as const)("%s", (_, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, { migrations, ...rest }) => {
    expect(await walk({ ...rest, migrations: inShort(migrations) })).toEqual([]);
  });
});

interface Stopped extends Case {
  /** Whether even the whole plan has hazards to allow. Default false. */
  readonly isHazardous?: boolean;
}

const start = "CREATE TABLE k (id int primary key)";

const stopped: readonly Stopped[] = [
  {
    name: "a table that is made and dropped",
    migrations: `${start} // CREATE TABLE jwk (id int primary key) // CREATE TABLE other (id int) // DROP TABLE jwk`,
  },
  {
    name: "columns that are made and dropped",
    migrations: `${start}
      // ALTER TABLE k ADD COLUMN x int
      ALTER TABLE k ADD COLUMN d int DEFAULT 4
      // CREATE TABLE other (id int)
      // ALTER TABLE k DROP COLUMN x
      ALTER TABLE k DROP COLUMN d`,
    rows: ["insert into k values (1), (2)"],
  },
  {
    name: "objects that are made, renamed and dropped",
    migrations: `${start}
      // CREATE TYPE e AS ENUM ('a')
      CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'
      CREATE VIEW v AS SELECT id FROM k
      CREATE SEQUENCE s
      // CREATE TABLE other (id int)
      // ALTER TYPE e RENAME VALUE 'a' TO 'b'
      ALTER TYPE e RENAME TO e2
      ALTER VIEW v RENAME TO w
      ALTER FUNCTION f() RENAME TO g
      ALTER SEQUENCE s RENAME TO r
      // DROP VIEW w
      DROP FUNCTION g()
      DROP SEQUENCE r
      DROP TYPE e2`,
  },
  {
    name: "a table that is made and then changed as only a new one may be",
    migrations: `${start}
      // CREATE TABLE n (id int primary key, a text)
      CREATE INDEX n_a ON n (a)
      // CREATE TABLE other (id int)
      // ALTER TABLE n ADD COLUMN s serial
      ALTER TABLE n ALTER COLUMN a SET DATA TYPE int USING a::int
      ALTER TABLE n RENAME TO m
      ALTER TABLE m RENAME COLUMN a TO b
      ALTER TABLE m ALTER COLUMN b SET NOT NULL
      ALTER TABLE m ADD CONSTRAINT m_b UNIQUE (b)`,
  },
  {
    name: "a table that is made, renamed, made again and dropped",
    migrations: `${start}
      // CREATE TABLE b (id int primary key)
      // ALTER TABLE b RENAME TO b_old
      // CREATE TABLE b (id int, n int)
      // DROP TABLE b_old
      CREATE INDEX b_i ON b (id)
      DROP INDEX b_i
      CREATE INDEX b_i ON b (id, n)`,
  },
  {
    name: "columns that change names",
    migrations: `${start}
      // ALTER TABLE k ADD COLUMN a int
      // ALTER TABLE k RENAME COLUMN a TO b
      ALTER TABLE k ADD COLUMN a text
      // ALTER TABLE k DROP COLUMN b
      ALTER TABLE k RENAME COLUMN a TO b
      ALTER TABLE k ADD COLUMN a date`,
    rows: ["insert into k values (1)"],
  },
  {
    name: "IF NOT EXISTS, again and again",
    migrations: `${start}
      // ALTER TABLE k ADD COLUMN IF NOT EXISTS a int
      CREATE INDEX IF NOT EXISTS k_a ON k (a)
      // ALTER TABLE k ADD COLUMN IF NOT EXISTS a text
      CREATE INDEX IF NOT EXISTS k_a ON k (a, id)
      // DROP INDEX IF EXISTS k_a
      CREATE INDEX IF NOT EXISTS k_a ON k (a, id)
      ${unless("CREATE TYPE e AS ENUM ('x')")}
      ${unless("CREATE TYPE e AS ENUM ('x')")}`,
    rows: ["insert into k values (1)"],
  },
  {
    name: "a type that gives its name to another",
    migrations: `CREATE TYPE s AS ENUM ('a', 'b')
      CREATE TABLE t (id int primary key, s s)
      // ALTER TYPE s RENAME TO s_old
      CREATE TYPE s AS ENUM ('a', 'c')
      ALTER TABLE t ALTER COLUMN s SET DATA TYPE s USING (CASE s::text WHEN 'b' THEN 'c' ELSE s::text END)::s
      DROP TYPE s_old`,
    rows: ["insert into t values (1, 'a'), (2, 'b')"],
    isHazardous: true,
  },
];

describe("stopped after every step and continued, without a hazard that the whole did not have", () => {
  it.each(stopped.map((one) => [one.name, one] as const))(
    "%s",
    async (_, { migrations, rows = [], isHazardous = false }) => {
      const all = inShort(migrations);
      const first = writeMigrations(all.slice(0, 1));
      const folder = writeMigrations(all);
      const made = async () => {
        const database = await createDatabase("empty");
        expect(await applyWithDrizzle(database.url, first)).toBeNull();
        for (const row of rows) await database.sql.unsafe(row);
        return database;
      };
      const wanted = await made();
      expect(await applyWithDrizzle(wanted.url, folder)).toBeNull();
      const { url, sql, ...rest } = await made();
      const project = await projectIn(folder, ["public"], "stopped");
      await baseline(project, url);
      const allow = isHazardous ? ["rewrite", "breaks-clients", "data-loss"] : [];

      // As many times as there are steps, and once more.
      const outcomes: string[] = [];
      while (!outcomes.includes("completed") && outcomes.length < 30) {
        const stop = new AbortController();
        const report = await deploy(
          project,
          url,
          { mode: "quick", backupId: "none", allow, stopSignal: stop.signal },
          ({ type }) => {
            if (type === "step done") stop.abort();
          },
        );
        expect(report.error).toBeNull();
        outcomes.push(report.outcome);
      }
      expect(outcomes.at(-1)).toBe("completed");
      expect(outcomes.length).toBeGreaterThan(2);

      const schemas = ["public"];
      const catalogs = [
        await readCatalog(wanted.sql, { schemas }),
        await readCatalog(sql, { schemas }),
      ] as const;
      expect(compareCatalogs(...catalogs, { owners: true })).toEqual([]);
      expect(await rowsOf({ url, sql, ...rest }, schemas)).toEqual(await rowsOf(wanted, schemas));
    },
  );
});
