import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { baseline, deploy, projectOfFolder, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { openScratch } from "../../../packages/drizzle-deploy/src/scratch/index.ts";
import { createDatabase } from "../../support/database.ts";
import { applyWithDrizzle, writeMigrations } from "./walk.ts";

const { version, outlivesRun } = inject("testServer");

/** Of everything that a server prints, some. */
const migrations = [
  [
    "CREATE TYPE mood AS ENUM ('ok', 'sad')",
    "CREATE DOMAIN percent AS numeric CHECK (VALUE BETWEEN 0 AND 100)",
    `CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(50) CONSTRAINT has_name NOT NULL,
      mood mood DEFAULT 'ok' NOT NULL, share percent, tags text[] DEFAULT '{}'::text[], born date, remark varchar(20), at timestamptz DEFAULT now(),
      twice numeric GENERATED ALWAYS AS (share * 2) STORED, CONSTRAINT known CHECK (name IN ('Ana', 'Rui') OR born IS NOT NULL))`,
    "CREATE TABLE job (id int PRIMARY KEY, person bigint REFERENCES person (id) ON DELETE RESTRICT, title text NOT NULL)",
    "INSERT INTO person (name, share) VALUES ('Ana', 10), ('Rui', 20)",
    "INSERT INTO job VALUES (1, 1, 'x')",
  ],
  [
    "CREATE TABLE log (id int, at date NOT NULL, what text) PARTITION BY RANGE (at)",
    "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "CREATE INDEX log_what ON log (what)",
    "CREATE UNIQUE INDEX person_name ON person (lower(name)) NULLS NOT DISTINCT WHERE born IS NULL",
    "CREATE VIEW people WITH (security_invoker = true) AS SELECT p.id, p.name, count(j.id) AS jobs, max(extract(year FROM p.at)) AS y FROM person p LEFT JOIN job j ON j.person = p.id WHERE p.mood = ANY (ARRAY['ok', 'sad']::mood[]) GROUP BY p.id",
    "CREATE MATERIALIZED VIEW titles AS SELECT DISTINCT title FROM job",
    "CREATE FUNCTION twice(x int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT x * 2; END",
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := btrim(NEW.title); RETURN NEW; END $$",
    "CREATE TRIGGER note BEFORE INSERT OR UPDATE OF title ON job FOR EACH ROW WHEN (NEW.title <> '') EXECUTE FUNCTION note()",
    "CREATE STATISTICS s_job ON person, title FROM job",
    "ALTER TABLE job ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY job_own ON job USING (title IN ('x', 'y') AND person IS NOT NULL)",
    "GRANT ALL ON job TO PUBLIC",
    "REVOKE ALL ON person FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC",
  ],
  [
    "ALTER TABLE job ALTER COLUMN person SET NOT NULL",
    "ALTER TABLE person ALTER COLUMN remark TYPE varchar(80)",
    "ALTER TABLE job RENAME TO work",
    "ALTER TABLE work ADD CONSTRAINT titled CHECK (title <> '')",
  ],
];

/** The embedded PostgreSQL of everybody else is 17: the two servers differ where the tests run on another. */
it.runIf(version !== 17 && !outlivesRun)(
  "a folder that was read on another version is deployed, taken back and adopted without a difference",
  async () => {
    const folder = writeMigrations(migrations);
    const scratch = await openScratch({ url: undefined, setup: null });
    const sql = await connect((await scratch.make()).url);
    const project = await projectOfFolder(sql, {
      name: "versions",
      migrationsFolder: folder,
      schemas: ["public"],
      cacheFolder: mkdtempSync(join(inject("scratchFolder"), "catalogs-")),
    }).finally(async () => {
      await sql.end();
      await scratch.end();
    });

    const adopted = await createDatabase("empty");
    expect(await applyWithDrizzle(adopted.url, folder)).toBeNull();
    await adopted.sql`drop schema drizzle cascade`;
    expect(await baseline(project, adopted.url)).toMatchObject({ outcome: "adopted", point: "0002_m2" });

    const database = await createDatabase("empty");
    expect(await applyWithDrizzle(database.url, writeMigrations(migrations.slice(0, 1)))).toBeNull();
    await baseline(project, database.url);
    const before = await readCatalog(database.sql, { schemas: ["public"] });
    const options = { mode: "quick", backupId: "none", allow: ["0001_m1", "0002_m2"] } as const;
    expect(await deploy(project, database.url, options)).toMatchObject({ ok: true, findings: [] });
    const found = await readCatalog(database.sql, { schemas: ["public"] });
    expect(compareCatalogs(await readCatalog(adopted.sql, { schemas: ["public"] }), found)).toEqual([]);

    const back = await rollback(project, database.url, {
      scope: "all",
      approvedBy: "Ana",
      allow: ["breaks-clients"],
    });
    expect(back).toMatchObject({ ok: true });
    const kept = new Set(back.differences.map(({ object }) => object));
    const left = compareCatalogs(before, await readCatalog(database.sql, { schemas: ["public"] }));
    expect(left.filter(({ object }) => !kept.has(`${object.kind} ${object.label}`))).toEqual([]);
    expect(await deploy(project, database.url, options)).toMatchObject({ ok: true, findings: [] });
  },
);
