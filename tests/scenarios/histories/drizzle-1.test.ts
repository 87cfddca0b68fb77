import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drizzle as drizzle045 } from "drizzle-orm/postgres-js";
import { migrate as migrate045 } from "drizzle-orm/postgres-js/migrator";
import { drizzle } from "drizzle-orm-1/postgres-js";
import { migrate } from "drizzle-orm-1/postgres-js/migrator";
import postgres from "postgres";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  baseline,
  type DeployOptions,
  deploy,
  exportScript,
  type Project,
  rollback,
  status,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { type History, walk } from "./walk.ts";

/** A migration of Drizzle 1.0: the name of its folder, and its text. */
interface Named {
  readonly name: string;
  readonly text: string;
}

const named = (name: string, ...statements: string[]): Named => ({
  name,
  text: statements.join(";\n--> statement-breakpoint\n"),
});

/** Writes a folder as drizzle-kit 1.0 does; `stray` are files beside the migrations, by their paths. */
function write(migrations: readonly Named[], stray: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "named-"));
  for (const { name, text } of migrations) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "migration.sql"), text);
  }
  for (const [path, text] of Object.entries(stray)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** The same migrations as drizzle-kit 0.45 has them: numbered, and the time, to the millisecond, in the journal. */
function writeFormer(migrations: readonly Named[]): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "former-"));
  mkdirSync(join(folder, "meta"));
  const entries = migrations.map(({ name, text }, idx) => {
    const tag = `${String(idx).padStart(4, "0")}_${name.slice(15)}`;
    writeFileSync(join(folder, `${tag}.sql`), text);
    return { idx, version: "7", when: timeOf(name) + 123, tag, breakpoints: true };
  });
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  return folder;
}

const timeOf = (name: string): number =>
  Date.parse(name.replace(/^(....)(..)(..)(..)(..)(..).*$/, "$1-$2-$3T$4:$5:$6Z"));

type Options = Partial<
  Pick<Project, "schemas" | "migrationsTable" | "migrationsSchema" | "sharesJournal" | "name">
>;

const projectOf = (
  folder: string,
  { schemas = ["public"], name = "named", ...journal }: Options = {},
): Promise<Project> => projectIn(folder, schemas, name, journal);

async function withDrizzle({ url }: TestDatabase, migrationsFolder: string, options: Options = {}) {
  const { migrationsTable, migrationsSchema } = options;
  const client = postgres(url, { max: 1, onnotice: () => {} });
  await migrate(drizzle({ client }), {
    migrationsFolder,
    ...(migrationsTable === undefined ? {} : { migrationsTable }),
    ...(migrationsSchema === undefined ? {} : { migrationsSchema }),
  }).finally(() => client.end());
}

async function withFormerDrizzle({ url }: TestDatabase, migrationsFolder: string) {
  const client = postgres(url, { max: 1, onnotice: () => {} });
  await migrate045(drizzle045({ client }), { migrationsFolder }).finally(() => client.end());
}

const quick: DeployOptions = { mode: "quick", backupId: "none" };

async function deployTo({ url }: TestDatabase, project: Project, options: Partial<DeployOptions> = {}) {
  const { ok, error, outcome } = await deploy(project, url, { ...quick, ...options });
  return { ok, outcome, error };
}

const done = { ok: true, outcome: "completed", error: null };

async function takeBack({ url }: TestDatabase, project: Project) {
  const report = await rollback(project, url, {
    scope: "all",
    approvedBy: "Ana",
    allow: ["breaks-clients"],
  });
  const kept = report.differences.filter(({ why }) => why === "kept").map(({ object }) => object);
  return { ok: report.ok, error: report.error, kept };
}

const back = { ok: true, error: null };

async function differences(one: TestDatabase, other: TestDatabase) {
  const schemas = ["public"];
  const found = compareCatalogs(
    await readCatalog(one.sql, { schemas }),
    await readCatalog(other.sql, { schemas }),
    { owners: true },
  );
  // Columns that a rollback keeps come back in their place, or last.
  return found.filter((one) => !(one.kind === "different" && one.property === "columnOrder"));
}

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

/** The journal with all its columns but the id; of `applied_at` only whether it is there. */
async function journalOf({ sql }: TestDatabase, table = "drizzle.__drizzle_migrations") {
  const rows = await sql.unsafe(
    `select to_jsonb(j) - 'id' || case when to_jsonb(j) ? 'applied_at'
       then jsonb_build_object('applied_at', to_jsonb(j) ->> 'applied_at' is not null) else '{}' end as row
     from ${table} j order by id`,
  );
  return rowsSchema.parse(rows.map(({ row }) => row));
}

async function columnsOf({ sql }: TestDatabase) {
  const rows = await sql`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as filled,
      pg_get_expr(d.adbin, d.adrelid) as value
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'drizzle.__drizzle_migrations'::regclass and a.attnum > 0 order by a.attnum`;
  return rows.map((row) => ({ ...row }));
}

const names = async (database: TestDatabase) => (await journalOf(database)).map(({ name }) => name);

const first = named("20260101100000_init", "CREATE TABLE shelf (id int primary key, old text)");
const column = (name: string, added: string) => named(name, `ALTER TABLE shelf ADD COLUMN ${added} int`);
const second = column("20260102100000_weight", "weight");
const third = column("20260103100000_colour", "colour");

describe("a history of Drizzle 1.0", () => {
  const histories: readonly History[] = [
    {
      name: "tables, an index and a key",
      migrations: [
        ["CREATE TABLE a (id int PRIMARY KEY, n int)", "INSERT INTO a VALUES (1, 1)"],
        ["CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)", "CREATE INDEX a_n ON a (n)"],
        ["ALTER TABLE a ADD CONSTRAINT a_n_positive CHECK (n > 0)", "ALTER TABLE a ALTER n SET NOT NULL"],
      ],
    },
    {
      name: "a rename and a type",
      migrations: [
        ["CREATE TABLE a (id int PRIMARY KEY, n text)"],
        ["ALTER TABLE a RENAME COLUMN n TO m", "CREATE TYPE kind AS ENUM ('x')"],
        ["ALTER TABLE a ADD COLUMN k kind DEFAULT 'x'"],
      ],
      applied: 1,
    },
    { name: "a database with nothing", migrations: [["CREATE TABLE a (id int)"], ["SELECT 1"]], applied: 0 },
  ];

  it.each(histories)("goes there, back and there again beside Drizzle: $name", async (history) => {
    expect(await walk({ ...history, generation: "1.0" })).toEqual([]);
  });
});

describe("a folder of Drizzle 1.0", () => {
  it.each<[string, Named[], Record<string, string>, Options]>([
    ["without snapshots", [first, second], {}, {}],
    [
      "with snapshots and files of others",
      [first, second],
      {
        "20260101100000_init/snapshot.json": "{}",
        "20260102100000_weight/notes.md": "-",
        "README.md": "-",
        "seeds/seed.sql": "SELECT 1",
        "meta/old.json": "{}",
        "migration.sql": "DROP TABLE shelf",
        "migrations.js": "-",
      },
      {},
    ],
    ["with spaces and dots in a name", [first, column("20260102100000_it's v1.2 (50%)", "weight")], {}, {}],
    ["with a name that is a time alone", [first, column("20260102100000", "weight")], {}, {}],
    [
      "with equal times",
      [first, column("20260101100000_b", "weight"), column("20260101100000_a_z", "a")].reverse(),
      {},
      {},
    ],
    [
      "with equal and empty files of one time",
      [
        first,
        named("20260102100000_a", ""),
        named("20260102100000_b", ""),
        named("20260102100000_c", "-- nothing"),
      ],
      {},
      {},
    ],
    [
      "without breakpoints",
      [
        first,
        {
          name: "20260102100000_x",
          text: "ALTER TABLE shelf ADD a int;\nCREATE INDEX shelf_a ON shelf (a);",
        },
      ],
      {},
      {},
    ],
    ["with a time that no calendar has", [first, column("20269999999999_late", "weight")], {}, {}],
    [
      "with a journal of its own",
      [first, second],
      {},
      { migrationsTable: `Shop's "journal"`, migrationsSchema: "Shop" },
    ],
    [
      "with a journal in a managed schema",
      [first, second],
      {},
      { migrationsTable: "__m", migrationsSchema: "public" },
    ],
  ])("is deployed %s, exported, taken back and deployed again", async (_, migrations, stray, options) => {
    // Whoever is first by name makes the table.
    const [one, ...others] = migrations.map(({ name }) => name).sort((a, b) => a.localeCompare(b));
    const folder = write(
      migrations.map((migration) =>
        migration === first && one !== first.name
          ? { ...migration, name: `20250101100000_${others.length}` }
          : migration,
      ),
      stray,
    );
    const [wanted, database, exported] = [
      await createDatabase("empty"),
      await createDatabase("empty"),
      await createDatabase("empty"),
    ];
    const table = `"${(options.migrationsSchema ?? "drizzle").replaceAll('"', '""')}"."${(options.migrationsTable ?? "__drizzle_migrations").replaceAll('"', '""')}"`;
    await withDrizzle(wanted, folder, options);
    const project = await projectOf(folder, options);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    const journal = await journalOf(wanted, table);
    expect(journal).toHaveLength(migrations.length);
    expect(await journalOf(database, table)).toEqual(journal);
    await withDrizzle(database, folder, options);
    expect(await journalOf(database, table)).toEqual(journal);
    await exported.sql.unsafe((await exportScript(project, "supabase")).sql).simple();
    expect(await journalOf(exported, table)).toEqual(journal);
    expect(await differences(wanted, exported)).toEqual([]);
    expect(await takeBack(database, project)).toMatchObject(back);
    expect(await journalOf(database, table)).toEqual([]);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await journalOf(database, table)).toEqual(journal);
    expect(await differences(wanted, database)).toEqual([]);
  });

  it("is continued by either tool where the other stopped", async () => {
    // A rollback keeps a column, and Drizzle would add it again.
    const last = named(third.name, "CREATE INDEX shelf_weight ON shelf (weight)");
    const folder = write([first, second, last]);
    const [wanted, stopped, begun] = [
      await createDatabase("empty"),
      await createDatabase("empty"),
      await createDatabase("empty"),
    ];
    await withDrizzle(wanted, folder);
    const project = await projectOf(folder);
    const stop = new AbortController();
    const { outcome } = await deploy(
      project,
      stopped.url,
      { ...quick, stopSignal: stop.signal },
      (event) => void (event.type === "migration recorded" && event.tag === second.name && stop.abort()),
    );
    expect(outcome).toBe("stopped");
    expect(await names(stopped)).toEqual([first.name, second.name]);
    await withDrizzle(stopped, folder);
    await withDrizzle(begun, write([first, second]));
    expect(await deployTo(begun, project)).toEqual(done);
    for (const database of [stopped, begun]) {
      expect(await journalOf(database)).toEqual(await journalOf(wanted));
      expect(await differences(wanted, database)).toEqual([]);
    }
    expect(await takeBack(begun, project)).toMatchObject(back);
    expect(await names(begun)).toEqual([first.name, second.name]);
    await withDrizzle(begun, folder);
    expect(await names(begun)).toEqual([first.name, second.name, third.name]);
  });

  it("is what a database without a journal is adopted at", async () => {
    const folder = write([first, second, third]);
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    await withDrizzle(wanted, folder);
    for (const { text } of [first, second]) await database.sql.unsafe(text);
    const project = await projectOf(folder);
    expect(await baseline(project, database.url)).toMatchObject({ outcome: "adopted", point: second.name });
    expect(await deployTo(database, project)).toEqual(done);
    await withDrizzle(database, folder);
    expect(await journalOf(database)).toEqual(await journalOf(wanted));
    expect(await columnsOf(database)).toEqual(await columnsOf(wanted));
  });

  it.each([
    [
      "a journal of 0.45 beside it",
      [first],
      { "meta/_journal.json": `{"dialect":"postgresql","entries":[]}` },
    ],
    ["a name without a time", [first, named("weight", "ALTER TABLE shelf ADD a int")], {}],
    ["a name with half a time", [first, named("20260102_weight", "ALTER TABLE shelf ADD a int")], {}],
  ])("is refused with %s, as Drizzle refuses it", async (_, migrations, stray) => {
    const folder = write(migrations, stray);
    const database = await createDatabase("empty");
    await expect(projectOf(folder)).rejects.toMatchObject({ code: "FILE_INVALID" });
    await expect(withDrizzle(database, folder)).rejects.toThrow();
  });

  it("is refused where a file was changed, or is gone, since it was applied", async () => {
    const database = await createDatabase("empty");
    await withDrizzle(database, write([first, second]));
    const edited = await projectOf(write([first, column(second.name, "height")]));
    await expect(deployTo(database, edited)).rejects.toMatchObject({
      code: "MIGRATION_CHANGED",
      message: expect.stringContaining(`${second.name}/migration.sql`),
    });
    const shorter = await projectOf(write([first, third]));
    await expect(deployTo(database, shorter)).rejects.toMatchObject({
      code: "MIGRATION_MISSING",
      message: expect.stringContaining(second.name),
    });
    const renamed = await projectOf(write([first, { ...second, name: "20260102100000_width" }]));
    await expect(deployTo(database, renamed)).rejects.toMatchObject({
      code: "MIGRATION_MISSING",
      message: expect.stringContaining("Drizzle would run it again"),
    });
  });
});

describe("a migration that comes between older ones", () => {
  const start = named(
    "20260101100000_init",
    "CREATE TYPE kind AS ENUM ('a', 'b')",
    "CREATE TABLE shelf (id int primary key, old text, n int, k kind)",
    "CREATE TABLE other (id int primary key, n int)",
    "CREATE VIEW shelves AS SELECT id FROM shelf",
    "INSERT INTO shelf VALUES (1, 'x', 1, 'a')",
  );
  const later: readonly string[] = [
    "ALTER TABLE shelf ADD COLUMN colour text",
    "CREATE TABLE book (id int primary key, shelf int REFERENCES shelf)",
    "CREATE INDEX shelf_n ON shelf (n)",
    "ALTER TABLE other ADD CONSTRAINT other_n CHECK (n > 0)",
    "GRANT SELECT ON book TO PUBLIC",
  ];
  const cases: Readonly<Record<string, readonly string[]>> = {
    "a table": ["CREATE TABLE lamp (id int primary key, shelf int REFERENCES shelf)"],
    "a column and an index": [
      "ALTER TABLE shelf ADD COLUMN lit boolean",
      "CREATE INDEX shelf_lit ON shelf (lit)",
    ],
    "a column less": ["ALTER TABLE shelf DROP COLUMN old"],
    "a table less": ["DROP TABLE other"],
    "a column renamed": ["ALTER TABLE shelf RENAME COLUMN old TO former"],
    "a type changed": ["ALTER TABLE other ALTER COLUMN n SET DATA TYPE bigint"],
    "a value of an enum": ["ALTER TYPE kind ADD VALUE 'c' BEFORE 'b'"],
    "another view": [
      "CREATE OR REPLACE VIEW shelves AS SELECT id, n FROM shelf",
      "COMMENT ON TABLE shelf IS 'of wood'",
    ],
    "rows alone": ["UPDATE shelf SET n = n + 1"],
  };
  const between = (statements: readonly string[]) => named("20260102100000_branch", ...statements);
  const last = named("20260103100000_main", ...later);

  it.each(Object.entries(cases))(
    "is deployed as Drizzle applies it, and taken back: %s",
    async (_, statements) => {
      const branch = between(statements);
      const folder = write([start, branch, last]);
      const [wanted, database, before] = [
        await createDatabase("empty"),
        await createDatabase("empty"),
        await createDatabase("empty"),
      ];
      const begun = [start, last].filter(() => statements[0] !== "DROP TABLE other");
      const main = begun.length > 0 ? last : named(last.name, ...later.slice(0, 3));
      const all = main === last ? folder : write([start, branch, main]);
      for (const one of [wanted, database, before]) await withDrizzle(one, write([start, main]));
      await withDrizzle(wanted, all);
      const project = await projectOf(all);
      const found = await status(database.sql, project);
      expect(found.pending.map(({ tag }) => tag)).toEqual([branch.name]);
      expect(found.catalog?.differences).toEqual([]);
      expect(await deployTo(database, project, { allow: [branch.name] })).toEqual(done);
      expect(await differences(wanted, database)).toEqual([]);
      expect(await journalOf(database)).toEqual(await journalOf(wanted));
      expect((await status(database.sql, project)).catalog?.differences).toEqual([]);
      await withDrizzle(database, all);
      expect(await journalOf(database)).toHaveLength(3);
      const taken = await takeBack(database, project);
      expect(taken).toMatchObject(back);
      expect(await names(database)).toEqual([start.name, main.name]);
      // What a rollback keeps, it says.
      const left = (await differences(before, database)).map(
        ({ object }) => `${object.kind} ${object.label}`,
      );
      expect(left.filter((one) => !taken.kept.includes(one))).toEqual([]);
      expect(await deployTo(database, project, { allow: [branch.name] })).toEqual(done);
      expect(await differences(wanted, database)).toEqual([]);
      expect(await journalOf(database)).toEqual(await journalOf(wanted));
    },
  );

  it("is followed by newer ones, deployed by both tools", async () => {
    const branch = between(["ALTER TABLE shelf ADD COLUMN lit boolean"]);
    const newest = column("20260104100000_newest", "depth");
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    const steps = [[start], [start, last], [start, branch, last], [start, branch, last, newest]];
    for (const [at, migrations] of steps.entries()) {
      const folder = write(migrations);
      await withDrizzle(wanted, folder);
      if (at === 2) await withDrizzle(database, folder);
      else expect(await deployTo(database, await projectOf(folder))).toEqual(done);
    }
    expect(await names(database)).toEqual([start.name, last.name, branch.name, newest.name]);
    expect(await journalOf(database)).toEqual(await journalOf(wanted));
    expect(await differences(wanted, database)).toEqual([]);
    const project = await projectOf(write([start, branch, last, newest]));
    expect((await status(database.sql, project)).catalog?.differences).toEqual([]);
    expect(await takeBack(database, project)).toMatchObject(back);
    expect(await names(database)).toEqual([start.name, last.name, branch.name]);
  });

  it("keeps its place where it changes what a newer one changed too", async () => {
    const branch = between(["ALTER TABLE shelf ALTER COLUMN n SET DEFAULT 1"]);
    const main = named("20260103100000_main", "ALTER TABLE shelf ALTER COLUMN n SET DEFAULT 2");
    const folder = write([start, branch, main]);
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    for (const one of [wanted, database]) await withDrizzle(one, write([start, main]));
    await withDrizzle(wanted, folder);
    const project = await projectOf(folder);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    // In the folder's order the newer one has the last word on it, also after others.
    const more = write([start, branch, main, column("20260104100000_newest", "depth")]);
    await withDrizzle(wanted, more);
    const newest = await projectOf(more);
    expect(await deployTo(database, newest)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    expect((await status(database.sql, newest)).catalog?.differences).toEqual([]);
  });

  it("is continued by a deployment where its rollback was stopped", async () => {
    const branch = between(["CREATE INDEX shelf_o ON shelf (old)", "CREATE TABLE lamp (id int primary key)"]);
    const folder = write([start, branch, last]);
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    for (const one of [wanted, database]) await withDrizzle(one, write([start, last]));
    await withDrizzle(wanted, folder);
    const project = await projectOf(folder);
    expect(await deployTo(database, project)).toEqual(done);
    const stop = new AbortController();
    const { outcome } = await rollback(
      project,
      database.url,
      { scope: "all", approvedBy: "Ana", stopSignal: stop.signal },
      (event) => void (event.type === "step done" && event.step.kind !== "journal" && stop.abort()),
    );
    expect(outcome).toBe("stopped");
    const found = await status(database.sql, project);
    expect(found.pending.map(({ tag }) => tag)).toEqual([branch.name]);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    expect(await journalOf(database)).toEqual(await journalOf(wanted));
  });
});

describe("a database of Drizzle 0.45", () => {
  it.each(["Drizzle", "the engine"])(
    "is upgraded as Drizzle upgrades it, where %s deployed to it",
    async (by) => {
      const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
      const former = writeFormer([first, second]);
      await withFormerDrizzle(wanted, former);
      if (by === "Drizzle") await withFormerDrizzle(database, former);
      else expect(await deployTo(database, await projectOf(former))).toEqual(done);
      const folder = write([first, second, third]);
      await withDrizzle(wanted, folder);
      const project = await projectOf(folder);
      const found = await status(database.sql, project);
      expect(found.pending.map(({ tag }) => tag)).toEqual([third.name]);
      expect(found.catalog?.differences).toEqual([]);
      expect(await columnsOf(database)).toHaveLength(3);
      expect(await deployTo(database, project)).toEqual(done);
      expect(await journalOf(database)).toEqual(await journalOf(wanted));
      expect(await columnsOf(database)).toEqual(await columnsOf(wanted));
      await withDrizzle(database, folder);
      expect(await journalOf(database)).toHaveLength(3);
      expect(await takeBack(database, project)).toMatchObject(back);
      expect(await names(database)).toEqual([first.name, second.name]);
      expect(await deployTo(database, project)).toEqual(done);
      expect(await differences(wanted, database)).toEqual([]);
    },
  );

  it("is upgraded by a deployment that has nothing else to do, and by an exported script", async () => {
    const [wanted, database, exported] = [
      await createDatabase("empty"),
      await createDatabase("empty"),
      await createDatabase("empty"),
    ];
    for (const one of [wanted, database, exported])
      await withFormerDrizzle(one, writeFormer([first, second]));
    const folder = write([first, second]);
    await withDrizzle(wanted, folder);
    const project = await projectOf(folder);
    expect(await deployTo(database, project)).toEqual(done);
    await exported.sql.unsafe((await exportScript(project, "supabase")).sql).simple();
    for (const one of [database, exported]) {
      expect(await journalOf(one)).toEqual(await journalOf(wanted));
      expect(await columnsOf(one)).toEqual(await columnsOf(wanted));
    }
  });

  it("is taken back after its folder was upgraded, and deployed again", async () => {
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    await withFormerDrizzle(database, writeFormer([first]));
    expect(await deployTo(database, await projectOf(writeFormer([first, second])))).toEqual(done);
    const folder = write([first, second]);
    const project = await projectOf(folder);
    await withDrizzle(wanted, folder);
    expect(await takeBack(database, project)).toMatchObject(back);
    // Nothing was to be recorded: the table stays as it was.
    expect(await columnsOf(database)).toHaveLength(3);
    expect(await journalOf(database)).toHaveLength(1);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await names(database)).toEqual([first.name, second.name]);
    expect(await differences(wanted, database)).toEqual([]);
    await withDrizzle(database, folder);
    expect(await journalOf(database)).toHaveLength(2);
  });

  it("goes on where it was stopped in the middle of a migration before its folder was upgraded", async () => {
    const two = named(
      second.name,
      "ALTER TABLE shelf ADD COLUMN weight int",
      "UPDATE shelf SET old = old || 'x'",
      "CREATE INDEX shelf_w ON shelf (weight)",
    );
    const database = await createDatabase("empty");
    await withFormerDrizzle(database, writeFormer([first]));
    await database.sql`insert into shelf values (1, 'x')`;
    const stop = new AbortController();
    const { outcome } = await deploy(
      await projectOf(writeFormer([first, two])),
      database.url,
      { ...quick, stopSignal: stop.signal },
      (event) => void (event.type === "step done" && event.step.kind === "change data" && stop.abort()),
    );
    expect(outcome).toBe("stopped");
    expect(await deployTo(database, await projectOf(write([first, two])))).toEqual(done);
    expect([...(await database.sql`select old from shelf`)]).toEqual([{ old: "xx" }]);
    expect(await names(database)).toEqual([first.name, two.name]);
  });

  it.each([
    [
      "equal seconds are told apart by their hashes",
      [second.name.replace("weight", "b"), second.name.replace("weight", "a")],
    ],
    ["names sort otherwise than times", ["20260102100000_z", "20260102100001_a"]],
  ])("has its rows named as by Drizzle where %s", async (_, [one = "", other = ""]) => {
    const migrations = [first, column(one, "weight"), column(other, "colour")];
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    for (const database of [wanted]) await withFormerDrizzle(database, writeFormer(migrations.slice(0, 1)));
    await withFormerDrizzle(database, writeFormer(migrations.slice(0, 1)));
    for (const { sql } of [wanted, database]) {
      await sql.unsafe("alter table shelf add weight int, add colour int");
      for (const { name, text } of migrations.slice(1).reverse())
        await sql`insert into drizzle.__drizzle_migrations (hash, created_at)
          values (encode(sha256(convert_to(${text}, 'utf8')), 'hex'), ${timeOf(name) + 7})`;
    }
    const folder = write([...migrations, third]);
    await withDrizzle(wanted, folder).catch(() => undefined);
    const project = await projectOf(write(migrations));
    expect(await deployTo(database, project)).toEqual(done);
    expect(await names(database)).toEqual((await names(wanted)).slice(0, 3));
  });

  it("is refused where it had a migration that the upgraded folder does not have, as by Drizzle", async () => {
    const database = await createDatabase("empty");
    await withFormerDrizzle(database, writeFormer([first, second]));
    const folder = write([first, third]);
    await expect(withDrizzle(database, folder)).rejects.toThrow(/do not match any local migration/);
    await expect(deployTo(database, await projectOf(folder))).rejects.toMatchObject({
      code: "MIGRATION_MISSING",
    });
    const sharing = await projectOf(folder, { sharesJournal: true });
    await expect(deployTo(database, sharing)).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
    expect(await columnsOf(database)).toHaveLength(3);
  });
});

describe("a database of Drizzle 1.0 and a folder of 0.45", () => {
  it("are continued as Drizzle 0.45 continues them, and the journal keeps its columns", async () => {
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    for (const one of [wanted, database]) {
      await withFormerDrizzle(one, writeFormer([first]));
      await withDrizzle(one, write([first]));
    }
    const folder = writeFormer([first, second]);
    await withFormerDrizzle(wanted, folder);
    const project = await projectOf(folder);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await journalOf(database)).toEqual(await journalOf(wanted));
    expect(await columnsOf(database)).toEqual(await columnsOf(wanted));
    await withFormerDrizzle(database, folder);
    expect(await journalOf(database)).toHaveLength(2);
    expect(await takeBack(database, project)).toMatchObject(back);
    expect(await names(database)).toEqual([first.name]);
    expect(await deployTo(database, project)).toEqual(done);
  });

  it("leave rows without a name, which Drizzle 1.0 would run again and the engine does not", async () => {
    const database = await createDatabase("empty");
    await withFormerDrizzle(database, writeFormer([first]));
    await withDrizzle(database, write([first]));
    await withFormerDrizzle(database, writeFormer([first, second]));
    const folder = write([first, second, third]);
    await expect(withDrizzle(database, folder)).rejects.toThrow();
    const project = await projectOf(folder);
    const refused = await deployTo(database, project).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "MIGRATION_UNNAMED",
      message: expect.stringContaining(second.name),
      remedy: expect.stringContaining("UPDATE"),
    });
    const { remedy } = z.object({ remedy: z.string() }).parse(refused);
    await database.sql.unsafe(/UPDATE .*?;/s.exec(remedy)?.[0] ?? "");
    expect(await deployTo(database, project)).toEqual(done);
    await withDrizzle(database, folder);
    expect(await names(database)).toEqual([first.name, second.name, third.name]);
  });
});

describe("a journal that projects share", () => {
  it("is continued by each, of one generation or of both", async () => {
    const database = await createDatabase("empty");
    const lamp = named(
      "20260201100000_lamp",
      "CREATE SCHEMA light",
      "CREATE TABLE light.lamp (id int primary key)",
    );
    await withDrizzle(database, write([first, second]));
    const other = await projectOf(write([lamp]), { name: "light", schemas: ["light"], sharesJournal: true });
    expect(await deployTo(database, other)).toEqual(done);
    const project = await projectOf(write([first, second, third]), { name: "shop" });
    expect(await deployTo(database, project)).toEqual(done);
    expect(await names(database)).toEqual([first.name, second.name, lamp.name, third.name]);
    expect(await takeBack(database, other)).toMatchObject(back);
    expect(await names(database)).toEqual([first.name, second.name, third.name]);
    await withDrizzle(database, write([first, second, third]));
    expect(await journalOf(database)).toHaveLength(3);
  });
});
