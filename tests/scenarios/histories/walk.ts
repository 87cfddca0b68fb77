import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { drizzle as drizzle1 } from "drizzle-orm-1/postgres-js";
import { migrate as migrate1 } from "drizzle-orm-1/postgres-js/migrator";
import postgres from "postgres";
import { inject } from "vitest";
import { z } from "zod";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import { baseline, deploy, type Project, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import type { DatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";

/** Whose folders and journal a history has. */
export type Generation = "0.45" | "1.0";

/** A history of migrations that another project may have, and how far a database of it has come. */
export interface History {
  readonly name: string;
  /** `//` separates migrations, a line `--` or `;;` separates statements. */
  readonly migrations: readonly (readonly string[])[];
  /** How many of them Drizzle's own migrator has applied. Default 1. */
  readonly applied?: number;
  /** What is in the tables by then. */
  readonly rows?: readonly string[];
  readonly schemas?: Project["schemas"];
  /** What clients of before write: it has to work again when the deployment is taken back. */
  readonly works?: readonly string[];
  /** Default 0.45. */
  readonly generation?: Generation;
  /** What a rollback leaves as the deployment made it, where that is all that it may leave. */
  readonly kept?: readonly string[];
}

/** The tag of a migration by its place in a history. */
const tagOf = (idx: number, generation: Generation): string =>
  generation === "1.0" ? `${20_260_101_000_000 + idx}_m${idx}` : `${String(idx).padStart(4, "0")}_m${idx}`;

const textOf = (statements: readonly string[]): string =>
  statements.map((one) => `${one};`).join("\n--> statement-breakpoint\n");

/** Writes migrations as drizzle-kit does. */
export function writeMigrations(
  migrations: readonly (readonly string[])[],
  generation: Generation = "0.45",
): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "history-"));
  if (generation === "1.0") {
    for (const [idx, statements] of migrations.entries()) {
      const path = join(folder, tagOf(idx, generation));
      mkdirSync(path);
      writeFileSync(join(path, "migration.sql"), textOf(statements));
    }
    return folder;
  }
  mkdirSync(join(folder, "meta"));
  const entries = migrations.map((statements, idx) => {
    const tag = tagOf(idx, generation);
    writeFileSync(join(folder, `${tag}.sql`), textOf(statements));
    return { idx, version: "7", when: 1_780_000_000_000 + idx, tag, breakpoints: true };
  });
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  return folder;
}

/** Runs Drizzle's own migrator; returns why it failed, or null. */
export async function applyWithDrizzle(
  url: DatabaseUrl,
  folder: string,
  generation: Generation = "0.45",
): Promise<string | null> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    if (generation === "1.0") await migrate1(drizzle1({ client: sql }), { migrationsFolder: folder });
    else await migrate(drizzle(sql), { migrationsFolder: folder });
    return null;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  } finally {
    await sql.end();
  }
}

const rowsSchema = z.array(z.object({ line: z.string() }));

/** The rows of every table of the schemas, by table. */
export async function rowsOf(
  { sql }: TestDatabase,
  schemas: readonly string[],
): Promise<Record<string, string[]>> {
  const { tables } = await readCatalog(sql, { schemas });
  const rows: Record<string, string[]> = {};
  for (const { schema, name } of tables) {
    const found = await sql`select to_jsonb(t)::text as line from ${sql(schema)}.${sql(name)} t order by 1`;
    // What is random differs between two databases, and so do moments.
    rows[`${schema}.${name}`] = rowsSchema
      .parse([...found])
      .map(({ line }) =>
        line
          .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "uuid")
          .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+(\+\d\d:\d\d)?/g, "moment"),
      )
      .sort();
  }
  return rows;
}

const tell = (error: unknown): string =>
  error instanceof Error
    ? `${"code" in error ? String(error.code) : error.name}: ${error.message}`
    : String(error);

/** A folder of migrations, how far a database of it has come, and what is in that. */
export interface FolderHistory extends Omit<History, "name" | "migrations"> {
  readonly folder: string;
  /** The same with no more than those that are applied. */
  readonly start: string;
  readonly tags: readonly string[];
}

/** Walks a history there, back and there again; what went wrong, in a line each. */
export async function walk({ migrations, ...history }: History): Promise<string[]> {
  const { applied = 1, generation = "0.45" } = history;
  return await walkFolder({
    ...history,
    start: writeMigrations(migrations.slice(0, applied), generation),
    folder: writeMigrations(migrations, generation),
    tags: migrations.map((_, idx) => tagOf(idx, generation)),
  });
}

/** As `walk`, of a folder that is there. */
export async function walkFolder({
  folder,
  start,
  tags,
  applied = 1,
  rows = [],
  schemas = ["public"],
  works = [],
  generation = "0.45",
  kept: expectedKept,
}: FolderHistory): Promise<string[]> {
  const wrong: string[] = [];
  const make = async () => {
    const database = await createDatabase("empty");
    const failed = applied > 0 ? await applyWithDrizzle(database.url, start, generation) : null;
    if (failed !== null) throw new Error(`the history itself fails: ${failed}`);
    for (const row of rows) await database.sql.unsafe(row);
    return database;
  };
  const catalog = ({ sql }: TestDatabase) => readCatalog(sql, { schemas });
  const wanted = await make();
  const failure = await applyWithDrizzle(wanted.url, folder, generation);
  const database = await make();
  let project: Project;
  try {
    project = await projectIn(folder, schemas, "history");
  } catch (error) {
    return [`the folder cannot be read: ${tell(error)}`];
  }
  const differ = async (title: string, from: Awaited<ReturnType<typeof catalog>>) => {
    const found = compareCatalogs(from, await catalog(database), { owners: true });
    for (const { kind, object, ...more } of found)
      wrong.push(`${title}: ${kind} ${object.kind} ${object.label} ${JSON.stringify(more)}`);
  };
  const before = await catalog(database);
  const deployAgain = async () => {
    const options = { mode: "quick", backupId: "none", allow: tags } as const;
    try {
      return await deploy(project, database.url, options);
    } catch (error) {
      return { ok: false, error: { code: "", message: tell(error) } } as const;
    }
  };
  if (applied > 0) {
    try {
      const adopted = await baseline(project, database.url);
      if (adopted.point !== tags[applied - 1]) wrong.push(`adopted at ${adopted.point}`);
    } catch (error) {
      return [...wrong, `adoption: ${tell(error)}`];
    }
  }
  const first = await deployAgain();
  if (failure !== null) {
    if (first.ok) wrong.push(`deployed, though Drizzle says: ${failure}`);
    const found = compareCatalogs(before, await catalog(database), { owners: true });
    // What was built beside stands in nobody's way, and the next deployment goes on with it.
    const isBeside = (label: string) => label.includes(".spfp_db_next_");
    for (const { kind, object } of found)
      if (!isBeside(object.label)) wrong.push(`after the failure: ${kind} ${object.kind} ${object.label}`);
    try {
      await rollback(project, database.url, { scope: "all", approvedBy: "Ana" });
    } catch (error) {
      if (!(error instanceof DeployError && error.code === "NOTHING_TO_ROLL_BACK"))
        wrong.push(`rollback: ${tell(error)}`);
    }
    await differ("taken back after the failure", before);
    return wrong;
  }
  if (!first.ok) {
    wrong.push(`deploy: ${first.error?.code} ${first.error?.message}`);
    const second = await deployAgain();
    if (!second.ok) return [...wrong, `deploy again: ${second.error?.code} ${second.error?.message}`];
  }
  const after = await catalog(wanted);
  const rowsAfter = await rowsOf(wanted, schemas);
  const same = async (title: string) => {
    await differ(title, after);
    const now = await rowsOf(database, schemas);
    if (JSON.stringify(now) !== JSON.stringify(rowsAfter))
      wrong.push(`${title}: rows are ${JSON.stringify(now)}, wanted ${JSON.stringify(rowsAfter)}`);
  };
  await same("deployed");
  const journal = async () =>
    (await database.sql`select hash from drizzle.__drizzle_migrations order by id`).map(({ hash }) => hash);
  const journalled = await journal();
  const again = await applyWithDrizzle(database.url, folder, generation);
  if (again !== null) wrong.push(`Drizzle afterwards: ${again}`);
  if ((await journal()).length !== journalled.length) wrong.push("Drizzle ran something again");
  try {
    const report = await rollback(project, database.url, {
      scope: "all",
      approvedBy: "Ana",
      allow: ["breaks-clients"],
    });
    if (!report.ok) wrong.push(`rollback: ${report.error?.code} ${report.error?.message}`);
    const kept = new Set(report.differences.filter(({ why }) => why === "kept").map(({ object }) => object));
    if (expectedKept && [...kept].sort().join() !== [...expectedKept].sort().join())
      wrong.push(`rolled back: kept are ${[...kept].join(", ")}`);
    const found = compareCatalogs(before, await catalog(database), { owners: true });
    for (const { kind, object, ...more } of found)
      if (!kept.has(`${object.kind} ${object.label}`))
        wrong.push(
          `rolled back: ${kind} ${object.kind} ${object.label} ${JSON.stringify(more)} (${report.differences.map((one) => `${one.object} ${one.why}`).join(", ")})`,
        );
  } catch (error) {
    // Where every statement found what it is for, there is nothing to take back.
    const isUnchanged = compareCatalogs(before, await catalog(database), { owners: true }).length === 0;
    const isEmpty = error instanceof DeployError && error.code === "NOTHING_TO_ROLL_BACK";
    if (!isEmpty || !isUnchanged) wrong.push(`rollback refused: ${tell(error)}`);
    await differ("refused rollback", after);
  }
  for (const statement of works) {
    const outcome = await database.sql
      .begin(async (transaction) => {
        await transaction.unsafe(statement);
        await transaction.unsafe("rollback");
      })
      .catch(tell);
    if (typeof outcome === "string") wrong.push(`rolled back: ${statement}: ${outcome}`);
  }
  const back = await deployAgain();
  if (!back.ok) wrong.push(`deploying again: ${back.error?.code} ${back.error?.message}`);
  else await same("deployed again");
  return wrong;
}
