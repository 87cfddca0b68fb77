import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy } from "../../../packages/drizzle-deploy/src/deploy/deploy.ts";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import { type Project, type RollbackReport, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { makeProject, withMigrations } from "../../support/generic.ts";

const approved = { scope: "all", approvedBy: "Ana" } as const;

/** A migration of statements that each end a line with a semicolon. */
const migration = (sql: string): string => sql.trim().split(";\n").join(";\n--> statement-breakpoint\n");

async function deployed(project: Project, { url }: TestDatabase): Promise<void> {
  const allow = readMigrations(project.migrationsFolder).map(({ tag }) => tag);
  const report = await deploy(project, url, { mode: "quick", backupId: "none", allow });
  expect(report.error).toBeNull();
}

interface Journey {
  readonly schemas?: Project["schemas"];
  readonly first: string;
  readonly second: string;
  /** What is written between the two, and after the second. */
  readonly rows?: string;
  readonly more?: string;
  /** How the catalog differs afterwards from the one before. */
  readonly kept?: readonly string[];
}

/** There, back, and there again. */
async function travel({ schemas = ["public"], kept = [], ...journey }: Journey): Promise<RollbackReport> {
  const files = [migration(journey.first), migration(journey.second)];
  const whole = await makeProject(files, schemas);
  const database = await createDatabase("empty");
  const catalog = () => readCatalog(database.sql, { schemas });
  await deployed(withMigrations(whole, files.slice(0, 1)), database);
  await database.sql.unsafe(journey.rows ?? "").simple();
  const before = await catalog();
  await deployed(whole, database);
  await database.sql.unsafe(journey.more ?? "").simple();
  const after = await catalog();
  const report = await rollback(whole, database.url, approved);
  expect(report.error).toBeNull();
  const left = compareCatalogs(before, await catalog(), { owners: true });
  expect(
    [...new Set(left.map(({ kind, object }) => `${object.kind} ${object.label} ${kind}`))].sort(),
  ).toEqual(kept.toSorted());
  expect(report.differences.filter(({ why }) => why !== "kept")).toEqual([]);
  await deployed(whole, database);
  expect(compareCatalogs(after, await catalog(), { owners: true })).toEqual([]);
  return report;
}

describe("what comes back", () => {
  it("finds the names of a schema that is not public", async () => {
    await travel({
      schemas: ["library"],
      first: `
CREATE SCHEMA library;
CREATE TYPE library.genre AS ENUM ('a', 'b');
CREATE FUNCTION library.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'select 2 * $1';
CREATE TABLE library.books (id int PRIMARY KEY, genre library.genre, CONSTRAINT "once ON each" UNIQUE (genre));
CREATE INDEX "an INDEX of ON " ON library.books (id) WHERE genre = 'a';
CREATE INDEX doubled ON library.books (library.twice(id));
`,
      second: `
DROP INDEX library."an INDEX of ON ";
DROP INDEX library.doubled;
ALTER TABLE library.books DROP CONSTRAINT "once ON each";
`,
    });
  });

  it("does so before what rests on it, and goes after that", async () => {
    await travel({
      first: `
CREATE TABLE cities (id int PRIMARY KEY, code text, zone text CONSTRAINT cities_zone UNIQUE, old_code text);
CREATE TABLE airports (id int PRIMARY KEY, zone text CONSTRAINT airports_zone REFERENCES cities (zone));
CREATE TABLE flights (id int CONSTRAINT flights_old PRIMARY KEY, during int4range);
CREATE TABLE seats (id int PRIMARY KEY, flight int CONSTRAINT seats_flight REFERENCES flights (id));
CREATE INDEX seats_old ON seats (flight);
ALTER TABLE flights ADD CONSTRAINT flights_apart EXCLUDE USING gist (during WITH &&);
CREATE VIEW zones AS SELECT zone FROM cities;
CREATE VIEW all_zones AS SELECT zone FROM zones;
CREATE FUNCTION write_zone() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER insert_zone INSTEAD OF INSERT ON zones FOR EACH ROW EXECUTE FUNCTION write_zone();
`,
      second: `
ALTER TABLE airports DROP CONSTRAINT airports_zone;
ALTER TABLE cities DROP CONSTRAINT cities_zone;
ALTER TABLE cities ADD CONSTRAINT cities_code UNIQUE (code);
CREATE UNIQUE INDEX cities_old_code ON cities (old_code);
ALTER TABLE seats ADD COLUMN city text;
ALTER TABLE seats ADD CONSTRAINT seats_city FOREIGN KEY (city) REFERENCES cities (code);
CREATE TABLE stops (id int PRIMARY KEY, code text REFERENCES cities (code) ON DELETE CASCADE, old text REFERENCES cities (old_code) ON DELETE CASCADE);
ALTER TABLE flights RENAME CONSTRAINT flights_old TO flights_new;
ALTER INDEX seats_old RENAME TO seats_new;
ALTER TABLE flights DROP CONSTRAINT flights_apart;
CREATE FUNCTION rewrite_zone() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER update_zone INSTEAD OF UPDATE ON zones FOR EACH ROW EXECUTE FUNCTION rewrite_zone();
DROP TRIGGER insert_zone ON zones;
DROP VIEW all_zones;
`,
      rows: "insert into flights values (1, '[1,2]'); insert into seats values (1, 1)",
      more: `insert into cities values (1, 'x', 'z', 'y'); insert into stops values (1, 'x', 'y')`,
      kept: ["column public.seats.city extra"],
    });
  });

  it("is not made again over and over where a column keeps its new type", async () => {
    const { plan } = await travel({
      first: `
CREATE TABLE people (id int PRIMARY KEY, email varchar(100) CHECK (email <> ''), state varchar(9) CHECK (state IN ('a', 'b')));
CREATE INDEX people_email ON people (lower(email)) WHERE state = 'a';
CREATE VIEW addresses AS SELECT id, email FROM people WHERE state <> 'b';
`,
      second: `
DROP VIEW addresses;
ALTER TABLE people ALTER COLUMN email TYPE text;
ALTER TABLE people ALTER COLUMN state TYPE text;
CREATE VIEW addresses AS SELECT id, email FROM people WHERE state <> 'b';
`,
      kept: [
        "column public.addresses.email different",
        "column public.people.email different",
        "column public.people.state different",
      ],
    });
    // The journals are all that there is to take back.
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["journal", "journal"]);
  });

  it("is not what needs a column that was dropped, nor what rows written since would break", async () => {
    const { plan } = await travel({
      first: `
CREATE TABLE people (id int PRIMARY KEY, a int CHECK (a > 0), b int CONSTRAINT people_b UNIQUE, c int CONSTRAINT people_c UNIQUE, d text);
CREATE INDEX people_a ON people (a);
CREATE UNIQUE INDEX people_d ON people (lower(d)) WHERE d <> '-';
CREATE TABLE cards (id serial PRIMARY KEY, person int REFERENCES people (id));
CREATE VIEW ages AS SELECT id, a FROM people;
CREATE VIEW names AS SELECT id, a, d FROM people;
CREATE VIEW both_of_them AS SELECT ages.id FROM ages;
`,
      second: `
DROP VIEW both_of_them;
DROP VIEW ages;
DROP VIEW names;
ALTER TABLE people DROP COLUMN a;
ALTER TABLE people DROP CONSTRAINT people_b;
ALTER TABLE people DROP COLUMN b;
ALTER TABLE people DROP CONSTRAINT people_c;
DROP INDEX people_d;
DROP TABLE cards;
CREATE VIEW names AS SELECT id, d FROM people;
`,
      more: "insert into people (id, c, d) values (1, 1, 'A'), (2, 1, 'a'), (3, null, '-'), (4, null, '-')",
      kept: [
        "column public.names.a missing",
        "column public.people.a missing",
        "column public.people.b missing",
        "constraint public.people.people_a_check missing",
        "constraint public.people.people_b missing",
        "constraint public.people.people_c missing",
        "index public.people.people_a missing",
        "index public.people.people_d missing",
        "sequence public.cards_id_seq missing",
        "table public.cards missing",
        "view public.ages missing",
        "view public.both_of_them missing",
        "view public.names different",
      ],
    });
    expect(plan.notes).toContainEqual(
      expect.stringContaining("people_c stays away: rows written since do not satisfy it (UNIQUE (c))"),
    );
    expect(plan.notes).toContainEqual(
      expect.stringContaining("view public.ages stays away: column public.people.a"),
    );
  });

  it("brings types, sequences, materialized views and remarks of every kind along", async () => {
    await travel({
      schemas: ["library"],
      first: `
CREATE SCHEMA library;
CREATE TYPE library.old AS ENUM ('a', 'b''c');
CREATE TYPE library.kept AS ENUM ('x');
CREATE DOMAIN library.text_ish AS text CONSTRAINT filled CHECK (value <> '');
CREATE DOMAIN library.gone AS varchar(5) DEFAULT 'x' NOT NULL CHECK (value > '!');
CREATE SEQUENCE library."Num ber" START 5;
CREATE TABLE library.books (id int PRIMARY KEY DEFAULT nextval('library."Num ber"'), old text, title library.text_ish);
CREATE TABLE library.shelves (id serial PRIMARY KEY);
CREATE MATERIALIZED VIEW library.titles AS SELECT title FROM library.books;
CREATE VIEW library.all_titles AS SELECT title FROM library.titles;
GRANT SELECT ON library.books TO anon;
`,
      second: `
DROP TYPE library.old;
DROP DOMAIN library.gone;
ALTER TABLE library.books ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE library."Num ber";
ALTER TABLE library.shelves ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE library.shelves_id_seq;
ALTER TABLE library.shelves ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
ALTER DOMAIN library.text_ish DROP CONSTRAINT filled;
COMMENT ON TYPE library.kept IS 'kept';
COMMENT ON DOMAIN library.text_ish IS 'text';
COMMENT ON SCHEMA library IS 'books';
DROP VIEW library.all_titles;
DROP MATERIALIZED VIEW library.titles;
GRANT SELECT ON library.books TO anon WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA library GRANT SELECT ON TABLES TO authenticated;
`,
      rows: "insert into library.books (id, title) values (17, 'a')",
      more: "insert into library.books (id, title) values (20, '')",
      kept: [
        // It holds for what is written from now on.
        "constraint library.text_ish.filled different",
        "column library.shelves.id different",
        "default privilege tables of postgres in schema library extra",
        "sequence library.shelves_id_seq different",
      ],
    });
  });
});

describe("indexes of partitioned tables", () => {
  it("stay with those of their partitions, since none can be built again without stopping writers", async () => {
    const files = [
      "CREATE TABLE kept (id int, at date) PARTITION BY RANGE (at);\n--> statement-breakpoint\nCREATE TABLE kept_1 PARTITION OF kept DEFAULT;\n",
      `CREATE TABLE readings (id int, at date) PARTITION BY RANGE (at);
--> statement-breakpoint
CREATE TABLE readings_1 PARTITION OF readings DEFAULT;
--> statement-breakpoint
CREATE INDEX readings_at ON readings (at);
--> statement-breakpoint
CREATE INDEX readings_1_id ON readings_1 (id);
--> statement-breakpoint
CREATE INDEX kept_1_id ON kept_1 (id);
`,
    ];
    const project = await makeProject(files, ["public"]);
    const database = await createDatabase("empty");
    const indexes = async () =>
      (
        await database.sql`select relname as name from pg_class where relkind in ('i', 'I') and relnamespace = 'public'::regnamespace order by 1`
      ).map(({ name }) => name);
    await deployed(withMigrations(project, files.slice(0, 1)), database);
    await deployed(project, database);
    const all = ["kept_1_id", "readings_1_at_idx", "readings_1_id", "readings_at"];
    expect(await indexes()).toEqual(all);
    expect(await rollback(project, database.url, { approvedBy: "Ana" })).toMatchObject({
      ok: true,
      error: null,
    });
    expect(await indexes()).toEqual(["readings_1_at_idx", "readings_at"]);
    await deployed(project, database);
    expect(await indexes()).toEqual(all);
    expect(await rollback(project, database.url, approved)).toMatchObject({ ok: true, error: null });
    expect(await indexes()).toEqual([]);
    await deployed(project, database);
    expect(await indexes()).toEqual(all);
  });
});

describe("which deployment it is", async () => {
  const files = [
    "CREATE TABLE places (id int PRIMARY KEY, x int);\n",
    `
CREATE TABLE shops (id serial PRIMARY KEY, place int REFERENCES places (id));
CREATE TABLE codes (id int PRIMARY KEY, code int UNIQUE);
CREATE INDEX places_x ON places (x);
CREATE VIEW sights AS SELECT id FROM places;
`,
    `
CREATE TABLE visits (id serial PRIMARY KEY, shop int REFERENCES shops (id), code int REFERENCES codes (code) ON DELETE CASCADE);
CREATE OR REPLACE VIEW sights AS SELECT id, x FROM places;
DROP INDEX places_x;
`,
  ].map(migration);
  const third = await makeProject(files, ["public"]);
  const second = withMigrations(third, files.slice(0, 2));
  const first = withMigrations(third, files.slice(0, 1));
  const catalog = ({ sql }: TestDatabase) => readCatalog(sql, { schemas: ["public"] });

  /** All three, one after the other, with what the database was like before each of the last two. */
  const threeDeployed = async () => {
    const database = await createDatabase("empty");
    await deployed(first, database);
    const atFirst = await catalog(database);
    await deployed(second, database);
    const atSecond = await catalog(database);
    await deployed(third, database);
    return { database, atFirst, atSecond };
  };

  it("is the last that stands: they go back one by one, and come forward as they are", async () => {
    const { database, atFirst, atSecond } = await threeDeployed();
    const { sql, url } = database;
    await sql`insert into codes values (1, 7)`;
    await sql`insert into shops (place) values (null)`;
    await sql`insert into visits (shop, code) values (1, 7)`;
    expect(await rollback(third, url, approved)).toMatchObject({ ok: true });
    expect(compareCatalogs(atSecond, await catalog(database), { owners: true })).toEqual([]);
    // Run again, the same command does not take back another.
    const refused = await rollback(third, url, approved).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "NOTHING_TO_ROLL_BACK" });
    expect(compareCatalogs(atSecond, await catalog(database), { owners: true })).toEqual([]);
    const before = /--deployment (\S+)$/.exec(refused instanceof DeployError ? refused.remedy : "")?.[1];
    // A foreign key of the archive still rests on what goes now.
    expect(await rollback(third, url, { ...approved, deployment: before })).toMatchObject({ ok: true });
    expect(compareCatalogs(atFirst, await catalog(database), { owners: true })).toEqual([]);
    await deployed(third, database);
    expect(await sql`select shop, code from visits`).toEqual([{ shop: 1, code: 7 }]);
    // What one deployment brought forward goes back at once.
    expect(await rollback(third, url, approved)).toMatchObject({ ok: true });
    expect(compareCatalogs(atFirst, await catalog(database), { owners: true })).toEqual([]);
  });

  it("is one together with the next, where a rollback of it came as far as the journal", async () => {
    const database = await createDatabase("empty");
    await deployed(first, database);
    const atFirst = await catalog(database);
    await deployed(second, database);
    const report = await database.transaction(async (sql) => {
      await sql`lock table drizzle.__drizzle_migrations in share mode`;
      return rollback(second, database.url, { ...approved, lockTimeout: 50, giveUpAfter: 50 });
    });
    expect(report).toMatchObject({ ok: false, error: { code: "LOCK_TIMEOUT" } });
    await deployed(third, database);
    await rollback(third, database.url, approved);
    expect(compareCatalogs(atFirst, await catalog(database), { owners: true })).toEqual([]);
  });

  it("is the same for two who ask at once: one of them rolls it back, and nobody the one before", async () => {
    const { database, atSecond } = await threeDeployed();
    const both = await Promise.allSettled([
      rollback(third, database.url, approved),
      rollback(third, database.url, approved),
    ]);
    const outcomes = both.map((one) => (one.status === "fulfilled" ? one.value.outcome : one.reason.code));
    expect(outcomes.sort()).toEqual([
      expect.stringMatching(/^(NOTHING_TO_ROLL_BACK|DEPLOYMENT_RUNNING)$/),
      "completed",
    ]);
    expect(compareCatalogs(atSecond, await catalog(database), { owners: true })).toEqual([]);
  });

  it("is not another project's", async () => {
    const { database, atSecond } = await threeDeployed();
    const other = await makeProject(
      ["CREATE SCHEMA o;\n--> statement-breakpoint\nCREATE TABLE o.o (id int);\n"],
      ["o"],
      "other",
    );
    await database.sql`alter table drizzle.__drizzle_migrations rename to kept`;
    await deployed(other, database);
    await database.sql`drop table drizzle.__drizzle_migrations`;
    await database.sql`alter table drizzle.kept rename to __drizzle_migrations`;
    expect(await rollback(third, database.url, approved)).toMatchObject({ ok: true });
    expect(compareCatalogs(atSecond, await catalog(database), { owners: true })).toEqual([]);
    expect(await database.sql`select from o.o`).toEqual([]);
  });
});

describe("an interrupted rollback of constraints", async () => {
  const files = [
    `
CREATE TABLE places (id int PRIMARY KEY, code text CONSTRAINT places_code UNIQUE);
CREATE TABLE shops (id int PRIMARY KEY, place text CONSTRAINT shops_place REFERENCES places (code));
`,
    `
ALTER TABLE shops DROP CONSTRAINT shops_place;
ALTER TABLE places DROP CONSTRAINT places_code;
`,
  ].map(migration);
  const second = await makeProject(files, ["public"]);
  const first = withMigrations(second, files.slice(0, 1));
  const catalog = ({ sql }: TestDatabase) => readCatalog(sql, { schemas: ["public"] });

  /** A rollback that is stopped after the step with that title. */
  const stoppedAfter = (title: string, { url }: TestDatabase): Promise<RollbackReport> => {
    const stop = new AbortController();
    return rollback(second, url, { ...approved, stopSignal: stop.signal }, (event) => {
      if (event.type === "step done" && event.step.title.startsWith(title)) stop.abort();
    });
  };

  it("has the rows looked at, where it did not come to that", async () => {
    const database = await createDatabase("empty");
    await deployed(first, database);
    const before = await catalog(database);
    await deployed(second, database);
    expect(await stoppedAfter("restore constraint shops_place", database)).toMatchObject({
      outcome: "stopped",
    });
    expect(await rollback(second, database.url, approved)).toMatchObject({ ok: true });
    expect(compareCatalogs(before, await catalog(database), { owners: true })).toEqual([]);
  });

  it.each(["forward", "by the indexes alone"])(
    "leaves no rule that nobody wants any more: %s",
    async (way) => {
      const database = await createDatabase("empty");
      const { sql, url } = database;
      await deployed(first, database);
      await deployed(second, database);
      const after = await catalog(database);
      expect(await stoppedAfter("build index", database)).toMatchObject({ outcome: "stopped" });
      if (way === "forward") {
        await deployed(second, database);
        expect(compareCatalogs(after, await catalog(database), { owners: true })).toEqual([]);
      } else {
        expect(await rollback(second, url, { ...approved, scope: "indexes" })).toMatchObject({ ok: true });
      }
      expect(await sql`select from pg_class where relname like 'spfp_db_restored_%'`).toHaveLength(0);
    },
  );
});

it("does not mix up tables of one name in two schemas", async () => {
  const files = [
    "CREATE SCHEMA sales;\nCREATE SCHEMA stock;\n",
    "CREATE TABLE sales.items (id serial PRIMARY KEY);\nCREATE TABLE stock.items (id serial PRIMARY KEY);\n",
  ].map(migration);
  const project = await makeProject(files, ["sales", "stock"]);
  const database = await createDatabase("empty");
  await deployed(withMigrations(project, files.slice(0, 1)), database);
  await deployed(project, database);
  await expect(rollback(project, database.url, approved)).rejects.toMatchObject({
    code: "PLAN_BLOCKED",
    message: expect.stringContaining("stock.items would be moved to the same name"),
  });
  await database.sql`alter table stock.items rename to items_aside`;
  expect(await rollback(project, database.url, approved)).toMatchObject({ ok: true });
});
