import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  baseline,
  type DeployOptions,
  deploy,
  exportScript,
  type Project,
  rollback,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";

/** A migration as it stands in a folder: its journal's time, and its statements. */
interface File {
  readonly tag: string;
  readonly when: number;
  readonly statements: readonly string[];
}

const file = (tag: string, when: number, ...statements: string[]): File => ({ tag, when, statements });

/** Writes a folder; what its journal says beside the entries can be said. */
function write(files: readonly File[], journal: object = { version: "7", dialect: "postgresql" }): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "folder-"));
  mkdirSync(join(folder, "meta"));
  const entries = files.map(({ tag, when, statements }, idx) => {
    const path = join(folder, `${tag}.sql`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, statements.join(";\n--> statement-breakpoint\n"));
    return { idx, version: "7", when, tag, breakpoints: true };
  });
  writeFileSync(join(folder, "meta", "_journal.json"), JSON.stringify({ ...journal, entries }));
  return folder;
}

type Options = Partial<
  Pick<Project, "schemas" | "migrationsTable" | "migrationsSchema" | "sharesJournal" | "name">
>;

const projectOf = (
  folder: string,
  { schemas = ["public"], name = "folder", ...journal }: Options = {},
): Promise<Project> => projectIn(folder, schemas, name, journal);

/** Runs Drizzle's own migrator. */
async function applyWithDrizzle(
  { url }: TestDatabase,
  migrationsFolder: string,
  options: Options = {},
): Promise<void> {
  const { migrationsTable, migrationsSchema } = options;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await migrate(drizzle(sql), {
    migrationsFolder,
    ...(migrationsTable === undefined ? {} : { migrationsTable }),
    ...(migrationsSchema === undefined ? {} : { migrationsSchema }),
  }).finally(() => sql.end());
}

const quick: DeployOptions = { mode: "quick", backupId: "none" };

async function deployTo({ url }: TestDatabase, project: Project, options: Partial<DeployOptions> = {}) {
  const { ok, error, outcome } = await deploy(project, url, { ...quick, ...options });
  return { ok, outcome, error };
}

const done = { ok: true, outcome: "completed", error: null };

async function differences(one: TestDatabase, other: TestDatabase, schemas: readonly string[] = ["public"]) {
  const [wanted, found] = [
    await readCatalog(one.sql, { schemas }),
    await readCatalog(other.sql, { schemas }),
  ];
  return compareCatalogs(wanted, found, { owners: true });
}

const rowsSchema = z.array(z.object({ hash: z.string(), when: z.coerce.number() }));

async function journalOf({ sql }: TestDatabase, table = "drizzle.__drizzle_migrations") {
  return rowsSchema.parse([
    ...(await sql.unsafe(`select hash, created_at as "when" from ${table} order by id`)),
  ]);
}

const first = file("0000_init", 1_000, "CREATE TABLE shelf (id int primary key)");
const column = (tag: string, when: number, name: string) =>
  file(tag, when, `ALTER TABLE shelf ADD COLUMN ${name} int`);

describe("a folder as Drizzle reads it", () => {
  it.each([
    ["with a space in a tag", column("0001_add weight column", 2_000, "weight"), {}],
    ["with a quote and a percent sign in a tag", column(`0001_it's "50%" (é)`, 2_000, "weight"), {}],
    ["with a tag in a folder below", column("2026/0001_weight", 2_000, "weight"), {}],
    ["with a tag of an earlier version", column("0001_weight", 2_000, "weight"), { dialect: "pg" }],
    ["whose times go back", column("0001_weight", 500, "weight"), {}],
    ["whose times are equal", column("0001_weight", 1_000, "weight"), {}],
  ])("is deployed %s, exported, and rolled back", async (_, second, journal) => {
    const folder = write([first, second, column("0002_colour", 3_000, "colour")], {
      version: "5",
      dialect: "postgresql",
      ...journal,
    });
    const [wanted, database, exported] = [
      await createDatabase("empty"),
      await createDatabase("empty"),
      await createDatabase("empty"),
    ];
    await applyWithDrizzle(wanted, folder);
    const project = await projectOf(folder);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    expect(await journalOf(database)).toEqual(await journalOf(wanted));
    await applyWithDrizzle(database, folder);
    expect(await journalOf(database)).toHaveLength(3);
    await exported.sql.unsafe((await exportScript(project, "supabase")).sql).simple();
    expect(await journalOf(exported)).toEqual(await journalOf(wanted));
    expect(await rollback(project, database.url, { scope: "all", approvedBy: "Ana" })).toMatchObject({
      ok: true,
    });
    expect(await journalOf(database)).toEqual([]);
    expect(await deployTo(database, project)).toEqual(done);
  });

  it("is taken as applied where Drizzle applied it, whatever its times", async () => {
    const files = [first, column("0001_weight", 5_000, "weight"), column("0002_colour", 3_000, "colour")];
    const database = await createDatabase("empty");
    await applyWithDrizzle(database, write(files));
    const folder = write([...files, column("0003_height", 6_000, "height")]);
    const project = await projectOf(folder);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await journalOf(database)).toHaveLength(4);
  });

  it("is taken as applied where its times were changed since, and never runs twice", async () => {
    const database = await createDatabase("empty");
    const second = column("0001_weight", 5_000, "weight");
    await applyWithDrizzle(database, write([first, second]));
    const folder = write([first, { ...second, when: 4_000 }, column("0002_colour", 6_000, "colour")]);
    expect(await deployTo(database, await projectOf(folder))).toEqual(done);
    await applyWithDrizzle(database, folder);
    expect(await journalOf(database)).toHaveLength(3);
  });

  it("says so where Drizzle would pass a migration over, and how it can be applied after all", async () => {
    const database = await createDatabase("empty");
    await applyWithDrizzle(database, write([first, column("0001_weight", 5_000, "weight")]));
    const late = column("0002_colour", 5_000, "colour");
    const files = [first, column("0001_weight", 5_000, "weight")];
    const project = await projectOf(write([...files, late]));
    await expect(deployTo(database, project)).rejects.toMatchObject({
      code: "MIGRATION_OUT_OF_ORDER",
      message: expect.stringContaining("Drizzle skips it without a message"),
      remedy: expect.stringMatching(/"when" above 5000.*INSERT INTO "drizzle"\."__drizzle_migrations"/s),
    });
    const folder = write([...files, { ...late, when: 5_001 }]);
    expect(await deployTo(database, await projectOf(folder))).toEqual(done);
    expect(await differences(database, database)).toEqual([]);
  });

  it("says so where Drizzle would run a migration after one that is behind it", async () => {
    const database = await createDatabase("empty");
    const last = column("0002_colour", 3_000, "colour");
    await applyWithDrizzle(database, write([first, last]));
    const project = await projectOf(write([first, column("0001_weight", 4_000, "weight"), last]));
    await expect(deployTo(database, project)).rejects.toMatchObject({
      code: "MIGRATION_OUT_OF_ORDER",
      message: expect.stringContaining("0002_colour, which is behind it in the folder, was"),
    });
  });

  it("is continued where it was stopped between two migrations whose times go back", async () => {
    const folder = write([
      first,
      column("0001_weight", 5_000, "weight"),
      column("0002_colour", 3_000, "colour"),
      column("0003_height", 6_000, "height"),
    ]);
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    await applyWithDrizzle(wanted, folder);
    const project = await projectOf(folder);
    const stop = new AbortController();
    const stopped = await deploy(
      project,
      database.url,
      { ...quick, stopSignal: stop.signal },
      (event) => void (event.type === "step done" && event.step.migration === "0001_weight" && stop.abort()),
    );
    expect(stopped.outcome).toBe("stopped");
    expect((await journalOf(database)).map(({ when }) => when)).toEqual([1_000]);
    expect(await deployTo(database, project)).toEqual(done);
    expect((await journalOf(database)).map(({ when }) => when)).toEqual([1_000, 5_000, 3_000, 6_000]);
    expect(await differences(wanted, database)).toEqual([]);
  });

  it.each(["../0001_out", "/0001_out", "a/../../0001_out", "0001_line\nbreak", ""])(
    "is refused with the tag %j",
    async (tag) => {
      const folder = write([first]);
      writeFileSync(
        join(folder, "meta", "_journal.json"),
        JSON.stringify({ dialect: "postgresql", entries: [{ idx: 0, when: 1, tag }] }),
      );
      await expect(projectOf(folder)).rejects.toMatchObject({ code: "FILE_INVALID" });
    },
  );
});

describe("a journal of a project's own", () => {
  it.each([
    ["in a managed schema", { migrationsTable: "__shop_migrations", migrationsSchema: "public" }],
    ["with names to quote", { migrationsTable: `Shop's "journal"`, migrationsSchema: "Shop Records" }],
    ["in Drizzle's schema", { migrationsTable: "shop" }],
  ])("is continued, %s", async (_, options) => {
    const start = write([first]);
    const folder = write([first, column("0001_weight", 2_000, "weight")]);
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    for (const one of [wanted, database]) await applyWithDrizzle(one, start, options);
    const before = await createDatabase("empty");
    await applyWithDrizzle(before, start, options);
    await applyWithDrizzle(wanted, folder, options);
    const project = await projectOf(folder, options);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    await applyWithDrizzle(database, folder, options);
    const found = await database.sql`select from pg_class where relname = '__drizzle_migrations'`;
    expect(found).toHaveLength(0);
    expect(await rollback(project, database.url, { scope: "all", approvedBy: "Ana" })).toMatchObject({
      ok: true,
    });
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
  });

  it("is made in an empty database and goes with nothing, where the schema is a managed one", async () => {
    const options = { migrationsTable: "__shop_migrations", migrationsSchema: "public" };
    const folder = write([first]);
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    await applyWithDrizzle(wanted, folder, options);
    const project = await projectOf(folder, options);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    expect(await rollback(project, database.url, { scope: "all", approvedBy: "Ana" })).toMatchObject({
      ok: true,
    });
    expect(await journalOf(database, "public.__shop_migrations")).toEqual([]);
    expect(await deployTo(database, project)).toEqual(done);
    await applyWithDrizzle(database, folder, options);
    expect(await journalOf(database, "public.__shop_migrations")).toHaveLength(1);
  });

  it("is written by an adoption and an exported script", async () => {
    const options = { migrationsTable: "shop", migrationsSchema: "Shop Records" };
    const project = await projectOf(write([first]), options);
    const [adopted, exported] = [await createDatabase("empty"), await createDatabase("empty")];
    await adopted.sql.unsafe("CREATE TABLE shelf (id int primary key)");
    expect(await baseline(project, adopted.url)).toMatchObject({ outcome: "adopted" });
    await exported.sql.unsafe((await exportScript(project, "supabase")).sql).simple();
    for (const database of [adopted, exported]) {
      expect(await journalOf(database, `"Shop Records".shop`)).toHaveLength(1);
      expect(await database.sql`select from pg_namespace where nspname = 'drizzle'`).toHaveLength(0);
    }
  });
});

describe("two projects with one journal", () => {
  const shop = [file("0000_m0", 5_000, "CREATE TABLE shop (id int primary key)")];
  const audit = [
    file("0000_m0", 4_000, "CREATE SCHEMA audit", "CREATE TABLE audit.log (id int primary key)"),
    file("0001_m1", 6_000, "ALTER TABLE audit.log ADD COLUMN n int"),
  ];
  const shopOptions: Options = { name: "shop" };
  const auditOptions: Options = { name: "audit", schemas: ["audit"] };

  it("are deployed one after the other, and each goes on and back without the other", async () => {
    const database = await createDatabase("empty");
    const [one, other] = [
      await projectOf(write(shop), shopOptions),
      await projectOf(write(audit), auditOptions),
    ];
    expect(await deployTo(database, one)).toEqual(done);
    const { ok, plan } = await deploy(other, database.url, quick);
    expect(ok).toBe(true);
    expect(plan.notes).toEqual([
      "The journal has 1 migration of other projects, left alone; Drizzle's own migrator would pass over 0000_m0 for their sake.",
    ]);
    expect((await journalOf(database)).map(({ when }) => when)).toEqual([5_000, 4_000, 6_000]);
    const more = await projectOf(
      write([...shop, file("0001_m1", 5_500, "ALTER TABLE shop ADD COLUMN n int")]),
      shopOptions,
    );
    expect(await deployTo(database, more)).toEqual(done);
    expect(await rollback(other, database.url, { scope: "all", approvedBy: "Ana" })).toMatchObject({
      ok: true,
    });
    expect((await journalOf(database)).map(({ when }) => when)).toEqual([5_000, 5_500]);
    expect(await deployTo(database, other)).toEqual(done);
  });

  it("are told apart where one was adopted", async () => {
    const database = await createDatabase("empty");
    await database.sql.unsafe("CREATE TABLE shop (id int primary key)");
    const one = await projectOf(write(shop), shopOptions);
    expect(await baseline(one, database.url)).toMatchObject({ outcome: "adopted" });
    expect(await deployTo(database, await projectOf(write(audit), auditOptions))).toEqual(done);
  });

  it("are told apart where Drizzle applied one, once somebody says so", async () => {
    const database = await createDatabase("empty");
    await applyWithDrizzle(database, write(shop));
    const folder = write(audit);
    const silent = await projectOf(folder, auditOptions);
    await expect(deployTo(database, silent)).rejects.toMatchObject({
      code: "MIGRATION_MISSING",
      remedy: expect.stringContaining("sharesJournal"),
    });
    const told = await projectOf(folder, { ...auditOptions, sharesJournal: true });
    expect(await deployTo(database, told)).toEqual(done);
    await expect(deployTo(database, silent)).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
  });

  it("are not told apart where they have a schema in common", async () => {
    const database = await createDatabase("empty");
    expect(await deployTo(database, await projectOf(write(shop), shopOptions))).toEqual(done);
    const other = await projectOf(write(audit), { name: "audit", schemas: ["audit", "public"] });
    await expect(deployTo(database, other)).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
  });

  it("do not hide that a file of one was changed", async () => {
    const database = await createDatabase("empty");
    await applyWithDrizzle(database, write(shop));
    const changed = write([file("0000_m0", 5_000, "CREATE TABLE shop (id bigint primary key)")]);
    const project = await projectOf(changed, { ...shopOptions, sharesJournal: true });
    await expect(deployTo(database, project)).rejects.toMatchObject({ code: "MIGRATION_CHANGED" });
  });
});

describe("settings of a database", () => {
  const set = async ({ url, sql }: TestDatabase, settings: Readonly<Record<string, string>>) => {
    const name = new URL(url).pathname.slice(1);
    for (const [setting, value] of Object.entries(settings)) {
      await sql.unsafe(`alter database ${quoteIdentifier(name)} set ${setting} = ${quoteLiteral(value)}`);
    }
  };
  const settings = {
    timezone: "America/Sao_Paulo",
    extra_float_digits: "-5",
    bytea_output: "escape",
    quote_all_identifiers: "on",
    intervalstyle: "iso_8601",
    idle_session_timeout: "300ms",
    statement_timeout: "20s",
  };
  const files = [
    file(
      "0000_m0",
      1_000,
      `CREATE TABLE big (id int primary key, a int, at timestamptz default '2024-02-01 00:00+00',
        local timestamptz default '2024-07-01 12:30', iv interval default '-1 day +02:03:00', f float8 default 0.1,
        b bytea default '\\xdead', CHECK (at > '2001-02-03 04:05:06.789'))`,
    ),
    file(
      "0001_m1",
      2_000,
      "CREATE INDEX big_a ON big (a) WHERE at > '2024-01-02'",
      "CREATE VIEW big_v AS SELECT id FROM big WHERE at > '2024-01-02' AND local < '2024-07-01'",
      "CREATE POLICY p ON big USING (at > '2030-01-01')",
      "ALTER TABLE big ADD COLUMN d date DEFAULT '2024-03-04'",
    ),
  ];

  it("make no difference, and end no session that waits", async () => {
    const [wanted, database] = [await createDatabase("empty"), await createDatabase("empty")];
    const folder = write(files);
    for (const one of [wanted, database]) {
      await set(one, settings);
      await applyWithDrizzle(one, write(files.slice(0, 1)));
    }
    await applyWithDrizzle(wanted, folder);
    const project = await projectOf(folder);
    expect((await baseline(project, database.url)).outcome).toBe("already adopted");
    const confirm = async () => {
      // For as long as it takes until another session of the same settings is ended for being idle.
      await connect(wanted.url, { applicationName: "idle" });
      await vi.waitFor(
        async () =>
          expect(await wanted.sql`select from pg_stat_activity where application_name = 'idle'`).toHaveLength(
            0,
          ),
        { timeout: 60_000, interval: 100 },
      );
      return {};
    };
    expect(await deployTo(database, project, { confirm })).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
    expect(await rollback(project, database.url, { scope: "all", approvedBy: "Ana" })).toMatchObject({
      ok: true,
    });
    expect(await deployTo(database, project)).toEqual(done);
    expect(await differences(wanted, database)).toEqual([]);
  });

  it("do not hide another time than the migration's", async () => {
    const database = await createDatabase("empty");
    await set(database, { timezone: "America/Sao_Paulo" });
    const project = await projectOf(write(files));
    expect(await deployTo(database, project)).toEqual(done);
    const expected = project.expectedCatalog("0001_m1");
    const sql = await connect(database.url);
    onTestFinished(() => sql.end());
    const differ = async () =>
      compareCatalogs(expected, await readCatalog(sql, { schemas: ["public"] })).map(
        ({ object }) => object.label,
      );
    expect(await differ()).toEqual([]);
    await database.sql.unsafe(
      "create or replace view big_v as select id from big where at > '2024-01-02 01:00'",
    );
    expect(await differ()).toEqual(["public.big_v"]);
  });
});

describe("schemas", () => {
  it.each([[["app", "public"]], [["public", "app"]]] as const)(
    "are made of what has none in public, as Drizzle does, with %j",
    async (schemas) => {
      const all = ["app", "public"];
      const start = [file("0000_m0", 1_000, "CREATE SCHEMA app", "CREATE TABLE app.t (id int primary key)")];
      const folder = write([
        ...start,
        file(
          "0001_m1",
          2_000,
          "CREATE TYPE kind AS ENUM ('a')",
          `CREATE TABLE "Mixed" (id int primary key, k kind DEFAULT 'a')`,
          "CREATE TABLE app.u (id int primary key, k public.kind)",
          "CREATE VIEW v AS SELECT id FROM app.u",
          'CREATE INDEX mixed_k ON "Mixed" (k)',
        ),
      ]);
      const [wanted, database, path] = [
        await createDatabase("empty"),
        await createDatabase("empty"),
        await createDatabase("empty"),
      ];
      await applyWithDrizzle(wanted, folder);
      await applyWithDrizzle(database, write(start));
      const project = await projectOf(folder, { schemas: [...schemas] });
      expect(await deployTo(database, project)).toEqual(done);
      expect(await differences(wanted, database, all)).toEqual([]);
      await path.sql.unsafe((await exportScript(project, "supabase")).sql).simple();
      expect(await differences(wanted, path, all)).toEqual([]);
      await rollback(project, database.url, { scope: "all", approvedBy: "Ana" });
      expect(await deployTo(database, project)).toEqual(done);
      expect(await differences(wanted, database, all)).toEqual([]);
    },
  );
});

describe("a role that a migration makes", () => {
  it("is made where it is deployed, however often the folder was read", async () => {
    const folder = write([
      file(
        "0000_m0",
        1_000,
        "CREATE ROLE folder_app_user",
        "CREATE TABLE one (id int primary key)",
        "GRANT SELECT ON one TO folder_app_user",
      ),
      file(
        "0001_m1",
        2_000,
        "ALTER TABLE one ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON one FOR ALL TO folder_app_user USING (true)",
      ),
    ]);
    const database = await createDatabase("empty");
    const other = await createDatabase("empty");
    onTestFinished(async () => {
      await database.drop();
      await other.sql`drop role if exists folder_app_user`;
    });
    await projectOf(folder);
    const project = await projectOf(folder);
    const roles = () => other.sql`select from pg_roles where rolname = 'folder_app_user'`;
    expect(await roles()).toHaveLength(0);
    expect(await deployTo(database, project)).toEqual(done);
    expect(await roles()).toHaveLength(1);
    await projectOf(folder);
    expect(await roles()).toHaveLength(1);
    expect(await deployTo(database, await projectOf(folder))).toEqual(done);
  });
});
