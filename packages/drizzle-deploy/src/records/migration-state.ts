import { z } from "zod";
import { type Catalog, readCatalog } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasRecords, recordTables } from "./records.ts";
import { halfTakenBack } from "./unfinished-rollback.ts";

/** Which of a project's migrations a database has had. */
export interface MigrationState {
  /** In order. */
  readonly applied: readonly Migration[];
  /** In order; those that a deployment would apply. */
  readonly pending: readonly Migration[];
}

/** A row of Drizzle's journal table. */
export interface JournalRow {
  readonly hash: string;
  readonly when: number;
}

const existsSchema = z.tuple([z.object({ present: z.boolean() })]);
const rowsSchema = z.array(z.object({ hash: z.string(), when: z.coerce.number().int() }));

/** Drizzle's journal in its order; empty where Drizzle was never there. */
export async function readJournal(sql: Queryable): Promise<JournalRow[]> {
  const [{ present }] = existsSchema.parse([
    ...(await sql.unsafe(
      `select pg_catalog.to_regclass('drizzle.__drizzle_migrations') is not null as present`,
    )),
  ]);
  if (!present) return [];
  return rowsSchema.parse([
    ...(await sql.unsafe(
      `select hash, created_at as "when" from drizzle.__drizzle_migrations order by created_at, id`,
    )),
  ]);
}

/**
 * Holds a journal against a migrations folder.
 * @throws DeployError MIGRATION_MISSING for an applied migration without a file, MIGRATION_CHANGED where its file has
 * changed since, MIGRATION_OUT_OF_ORDER for a pending migration that is older than an applied one
 */
export function holdJournal(
  journal: readonly JournalRow[],
  migrations: readonly Migration[],
): MigrationState {
  const applied = new Set<Migration>();
  for (const { hash, when } of journal) {
    const migration = migrations.find((one) => one.when === when);
    if (!migration) {
      throw new DeployError(
        "MIGRATION_MISSING",
        `the database had a migration made at ${new Date(when).toISOString()} that is not in the folder`,
        "Use the version of the folder that was deployed last, or a later one. Nothing was changed.",
      );
    }
    if (migration.hash !== hash) {
      throw new DeployError(
        "MIGRATION_CHANGED",
        `${migration.tag}.sql was changed after it was applied`,
        "Restore the file from version control, and put the change into a new migration. Nothing was changed.",
      );
    }
    applied.add(migration);
  }
  const pending = migrations.filter((migration) => !applied.has(migration));
  const latest = Math.max(...[...applied].map(({ when }) => when));
  const late = pending.find(({ when }) => when < latest);
  if (late) {
    const after = [...applied].find(({ when }) => when === latest);
    throw new DeployError(
      "MIGRATION_OUT_OF_ORDER",
      `${late.tag} was never applied, and ${after?.tag}, which is later, was`,
      "Generate the migration again, so that it comes last. Nothing was changed.",
    );
  }
  return { applied: migrations.filter((migration) => applied.has(migration)), pending };
}

/**
 * Reads where a database stands in a project's migrations. Changes nothing.
 * @throws DeployError as `holdJournal`, and NOT_ADOPTED for a database that has the project's tables and no journal
 */
export async function readState(
  sql: Queryable,
  project: Project,
  catalog?: Catalog,
): Promise<MigrationState> {
  const migrations = readMigrations(project.migrationsFolder);
  const journal = await readJournal(sql);
  // What a deployment began, or a rollback took out of the journal, is no stranger.
  const isKnown =
    journal.length > 0 || (await hasDeployed(sql, project)) || (await wasAdoptedAsUnbegun(sql, project));
  if (!isKnown) {
    requireEmpty(project, migrations, catalog ?? (await readCatalog(sql, { schemas: project.schemas })));
  }
  const { applied, pending } = holdJournal(journal, migrations);
  const takenBack = await halfTakenBack(sql, project, migrations);
  return {
    applied: applied.filter((one) => !takenBack.includes(one)),
    pending: migrations.filter((one) => pending.includes(one) || takenBack.includes(one)),
  };
}

async function hasDeployed(sql: Queryable, project: Pick<Project, "name" | "names">): Promise<boolean> {
  if (!(await hasRecords(sql, project.names))) return false;
  const rows = await sql.unsafe(
    `select exists (select from ${recordTables(project.names).deployments} where kind = 'deploy' and project = $1) as present`,
    [project.name],
  );
  return existsSchema.parse([...rows])[0].present;
}

/** Whether a database was adopted as one that had none of the migrations as a whole. */
export async function wasAdoptedAsUnbegun(
  sql: Queryable,
  project: Pick<Project, "name" | "names">,
): Promise<boolean> {
  if (!(await hasRecords(sql, project.names))) return false;
  const rows = await sql.unsafe(
    `select coalesce((select details ->> 'point' is null from ${recordTables(project.names).deployments}
       where kind = 'baseline' and outcome = 'completed' and project = $1
       order by started_at desc limit 1), false) as present`,
    [project.name],
  );
  return existsSchema.parse([...rows])[0].present;
}

function requireEmpty(project: Project, migrations: readonly Migration[], catalog: Catalog): void {
  const first = migrations[0];
  if (!first) return;
  const ours = project.expectedCatalog(project.baselineTag ?? first.tag).tables;
  const found = catalog.tables.find((table) =>
    ours.some(({ schema, name }) => schema === table.schema && name === table.name),
  );
  if (!found) return;
  throw new DeployError(
    "NOT_ADOPTED",
    `the database has ${found.schema}.${found.name} already, and no record of which migrations it had`,
    `Run ${project.names.command} baseline first: it finds where the database stands, and writes that down.`,
  );
}
