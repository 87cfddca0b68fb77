import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { createDatabase } from "../../support/database.ts";
import { drizzleKitGenerate, drizzleKitMigrate } from "../../support/drizzle-kit.ts";
import { engineCli, eventually, isAlive, scratchFolder } from "../../support/processes.ts";
import { projectFolder } from "../../support/states.ts";

/* A project that somebody begins in an empty folder with drizzle-kit, and the engine's command line in it. */

const tables = (columns: string, more = "") => `
import { integer, pgSchema, pgTable, serial, text, varchar } from "drizzle-orm/pg-core";
export const audit = pgSchema("audit");
export const users = pgTable("users", { id: serial().primaryKey(), email: text().notNull().unique()${columns} });
export const visits = audit.table("visits", {
  id: serial().primaryKey(),
  userId: integer().notNull().references(() => users.id),
});
${more}`;

const configuration = `
import { defineConfig } from "drizzle-kit";
export default defineConfig({
  dialect: "postgresql",
  schema: "./schema.ts",
  out: "./migrations",
  migrations: { table: "history", schema: "kit" },
  dbCredentials: { url: process.env["DATABASE_URL"] ?? "" },
});
`;

/** Makes a folder with a configuration. */
function makeFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "configured-"));
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", private: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A project with one migration, a database for it, and its command line. */
async function begin() {
  const database = await createDatabase("empty");
  const folder = makeFolder({
    "schema.ts": tables(""),
    "drizzle.config.ts": configuration,
    ".env": `DATABASE_URL="${database.url}"\n`,
  });
  await drizzleKitGenerate(folder, "first");
  /** Runs a command in the folder, and returns all that it printed; none of it is the password. */
  const drizzleDeploy = async (args: string[], expected = 0): Promise<string> => {
    const { status, out, err } = await engineCli(args, { cwd: folder }).end;
    expect({ status, err }).toEqual({ status: expected, err: expected === 2 ? err : "" });
    expect(out + err).not.toContain(decodeURIComponent(new URL(database.url).password));
    return out + err;
  };
  return { database, folder, drizzleDeploy };
}

const unasked = ["--mode", "quick", "--backup-id", "none"];

describe("a project in a folder of its own", { timeout: 400_000 }, () => {
  test("is looked at, rehearsed, deployed and checked with no line of code", async () => {
    const { database, folder, drizzleDeploy } = await begin();
    expect(await drizzleDeploy(["status"])).toMatch(/0000_first +pending/);
    expect(await drizzleDeploy(["plan"])).toContain("audit.visits");
    expect(await drizzleDeploy(["preflight", ...unasked])).toContain("Ready");
    expect(await drizzleDeploy(["export", "--for", "editor"])).toContain('CREATE TABLE "audit"."visits"');
    expect(await drizzleDeploy(["rehearse"])).toContain("there, back and there again");
    const deployed = await drizzleDeploy(["deploy", ...unasked]);
    expect(deployed).toContain("Deployed: the database is as the migrations make it.");
    expect(await drizzleDeploy(["check"])).toContain("Everything holds.");
    expect(await drizzleDeploy(["log"])).toContain("0000_first");
    // Nothing is left for drizzle-kit, with its journal where the configuration has it.
    await drizzleKitMigrate(folder, database.url);
    const [journal] = await database.sql`select count(*)::int as rows from kit.history`;
    expect(journal).toEqual({ rows: 1 });
  });

  test("is taken back, and deployed again", async () => {
    const { folder, drizzleDeploy } = await begin();
    await drizzleDeploy(["deploy", ...unasked]);
    const notes = 'export const notes = audit.table("notes", { id: serial().primaryKey() });';
    writeFileSync(join(folder, "schema.ts"), tables(", age: integer()", notes));
    await drizzleKitGenerate(folder, "second");
    expect(await drizzleDeploy(["rehearse"])).toContain("0000_first → 0001_second: there, back and");
    await drizzleDeploy(["deploy", ...unasked]);
    const back = ["rollback", "--scope", "all", "--approved-by", "Ana", "--yes"];
    expect(await drizzleDeploy(back)).toContain("Rolled back");
    expect(await drizzleDeploy(["check"])).toContain("1 migration pending");
    await drizzleDeploy(["deploy", ...unasked]);
    expect(await drizzleDeploy(["status"])).toContain("Every migration is applied.");
  });

  test("is checked for what somebody changed by hand", async () => {
    const { database, drizzleDeploy } = await begin();
    await drizzleDeploy(["deploy", ...unasked]);
    await database.sql.unsafe("create table audit.strange (id integer)");
    expect(await drizzleDeploy(["check"])).toContain("audit.strange");
    await database.sql.unsafe('alter table audit.visits alter column "userId" drop not null');
    const out = await drizzleDeploy(["check"], 1);
    expect(out).toContain("audit.visits.userId");
    expect(out).toContain("1 thing does not hold.");
  });

  test("is found by --config, and its database by --database-url", async () => {
    const { folder, drizzleDeploy } = await begin();
    writeFileSync(join(folder, "other.json"), JSON.stringify({ dialect: "postgresql", out: "nowhere" }));
    const out = await drizzleDeploy(["status", "--config", "other.json"], 2);
    expect(out).toContain("FILE_MISSING");
    expect(out).toContain("nowhere");
    const named = await drizzleDeploy(["status", "--database-url", "mysql://x:s3cret@h/d"], 2);
    expect(named).toContain("URL_INVALID");
    expect(named).not.toContain("s3cret");
  });

  test("takes scratch databases from a server that is named, and leaves none", async () => {
    const { database, drizzleDeploy } = await begin();
    expect(await drizzleDeploy(["status", "--scratch-url", database.url])).toContain("0000_first");
    const left = await database.sql`
      select datname from pg_catalog.pg_database where datname like 'drizzle\\_deploy\\_scratch\\_%'`;
    expect(left).toEqual([]);
  });
});

test("a database that Drizzle has never seen is adopted", async () => {
  const { database, folder } = await begin();
  const [file = ""] = readdirSync(join(folder, "migrations")).filter((name) => name.endsWith(".sql"));
  await database.sql.unsafe(readFileSync(join(folder, "migrations", file), "utf8"));
  const { status, out } = await engineCli(["baseline", "--yes"], { cwd: folder }).end;
  expect({ status, out }).toMatchObject({ status: 0, out: expect.stringContaining("0000_first") });
  const checked = await engineCli(["check"], { cwd: folder }).end;
  expect(checked).toMatchObject({ status: 0, err: "" });
});

test("a project may say what its folder does not, and what its migrations take for given", async () => {
  const database = await createDatabase("empty");
  await database.sql.unsafe("create schema base; create table base.given (id integer primary key)");
  const folder = makeFolder({
    "drizzle.config.json": JSON.stringify({
      dialect: "postgresql",
      dbCredentials: { url: database.url },
      deploy: { name: "stock", project: "./project.ts", scratchSetup: "./given.sql" },
    }),
    "given.sql": "create schema base; create table base.given (id integer primary key);",
    "project.ts": `
      import type { Project } from "drizzle-deploy/project";
      const validate: Project["validate"] = async () => [{
        check: "stock.rule", severity: "error", object: "public.taken", expected: "a rule", actual: null,
        remedy: "Make it.",
      }];
      export default { validate };`,
  });
  mkdirSync(join(folder, "drizzle", "meta"), { recursive: true });
  writeFileSync(
    join(folder, "drizzle", "0000_taken.sql"),
    "create table taken (id integer references base.given);",
  );
  writeFileSync(
    join(folder, "drizzle", "meta", "_journal.json"),
    JSON.stringify({ dialect: "postgresql", entries: [{ idx: 0, when: 1, tag: "0000_taken" }] }),
  );
  const { status, out } = await engineCli(["deploy", "--mode", "quick", "--backup-id", "none"], {
    cwd: folder,
  }).end;
  expect(status).toBe(1);
  expect(out).toContain("stock.rule");
});

test("a scratch server ends with its command, however that ends", async () => {
  const folder = makeFolder({
    "drizzle.config.json": JSON.stringify({ dialect: "postgresql" }),
  });
  mkdirSync(join(folder, "drizzle", "meta"), { recursive: true });
  writeFileSync(join(folder, "drizzle", "0000_slow.sql"), "select pg_sleep(600);");
  writeFileSync(
    join(folder, "drizzle", "meta", "_journal.json"),
    JSON.stringify({ dialect: "postgresql", entries: [{ idx: 0, when: 1, tag: "0000_slow" }] }),
  );
  const { path: places, remove } = scratchFolder();
  onTestFinished(remove);
  const { child, end } = engineCli(["status", "--database-url", "postgresql://u@127.0.0.1:1/d"], {
    cwd: folder,
    env: { TMPDIR: places, TMP: places, TEMP: places },
  });
  const pidFile = () =>
    readdirSync(places, { recursive: true, encoding: "utf8" }).find((name) =>
      name.endsWith("postmaster.pid"),
    );
  await eventually("the server runs", () => pidFile() !== undefined);
  const pid = Number(readFileSync(join(places, pidFile() ?? ""), "utf8").split("\n")[0]);
  child.kill("SIGKILL");
  await end;
  await eventually("the server has ended", () => !isAlive(pid));
  await eventually("its folder is gone", () => readdirSync(places).length === 0);
});
