import { z } from "zod";
import { type Catalog, readCatalog } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { visible } from "../findings/text.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { areNamed, fileOf } from "../migrations/names.ts";
import { drizzleJournal, type JournalTable, journalTableOf } from "../model/journal-table.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { insertionOf, namesOfRows } from "./journal.ts";
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
  /**
   * Of a table of Drizzle 1.0: the name of the migration, null where Drizzle 0.45 wrote the row. To a folder of 1.0 a table
   * of 0.45 is as if it were upgraded: the name of the migration that Drizzle would take the row for, null for none.
   */
  readonly name?: string | null | undefined;
}

/** Drizzle's journal: by the rows' times, and for a folder of Drizzle 1.0 as they were written. */
export interface Journal {
  /** The project's own rows, and those of nobody that is known. */
  readonly rows: readonly JournalRow[];
  /** Those of other projects that keep theirs in the same table. */
  readonly foreign: readonly JournalRow[];
}

const existsSchema = z.tuple([z.object({ present: z.boolean() })]);
const tableSchema = z.tuple([z.object({ present: z.boolean(), named: z.boolean() })]);
const rowsSchema = z.array(
  z.object({ hash: z.string(), when: z.coerce.number().int(), name: z.string().nullish() }),
);

/** What of a project tells which rows of a journal are its own. */
export type JournalOwner = Pick<
  Project,
  "name" | "names" | "schemas" | "migrationsFolder" | "migrationsTable" | "migrationsSchema" | "sharesJournal"
>;

/**
 * Drizzle's journal in its order; empty where Drizzle was never there. A row that belongs to no file of the folder is
 * another project's where the project says that it shares the table, or where the records say who applied it, and that
 * what they knew of its schemas has none in common with this project's.
 */
export async function readJournal(sql: Queryable, project: JournalOwner): Promise<Journal> {
  const journal = journalTableOf(project);
  const table = quoteQualified(journal.schema, journal.name);
  const [{ present, named }] = tableSchema.parse([
    ...(await sql.unsafe(
      `select pg_catalog.to_regclass($1) is not null as present, exists (select from pg_catalog.pg_attribute
         where attrelid = pg_catalog.to_regclass($1) and attname = 'name' and not attisdropped) as named`,
      [table],
    )),
  ]);
  if (!present) return { rows: [], foreign: [] };
  const migrations = readMigrations(project.migrationsFolder);
  const isOfNames = areNamed(migrations);
  const isToUpgrade = isOfNames && !named;
  const all = rowsSchema.parse([
    ...(await sql.unsafe(
      `select hash, created_at as "when"${named ? ", name" : isToUpgrade ? ", n.name" : ""} from ${table} j
       ${isToUpgrade ? `join (${namesOfRows(migrations, journal)}) n on n.id = j.id` : ""}
       order by ${isOfNames ? "" : "created_at, "}j.id`,
    )),
  ]);
  const files = new Set(migrations.map(({ hash }) => hash));
  const times = new Set(migrations.map(({ when }) => when));
  const names = new Set(migrations.map(({ tag }) => tag));
  const isOwn = ({ hash, name }: JournalRow): boolean =>
    files.has(hash) || (isOfNames && typeof name === "string" && names.has(name));
  // Drizzle 1.0 upgrades no table that has the rows of others.
  if (isToUpgrade || all.every(isOwn)) return { rows: all, foreign: [] };
  const others = await othersMigrations(sql, project);
  const isForeign = (row: JournalRow): boolean =>
    !isOwn(row) &&
    (others.has(`${row.hash} ${row.when}`) ||
      (project.sharesJournal === true && (isOfNames || !times.has(row.when))));
  return { rows: all.filter((row) => !isForeign(row)), foreign: all.filter(isForeign) };
}

/** What other projects applied, by the records, as `hash when`: those whose objects are in none of this one's schemas. */
async function othersMigrations(
  sql: Queryable,
  { name, names, schemas }: JournalOwner,
): Promise<ReadonlySet<string>> {
  if (!(await hasRecords(sql, names))) return new Set();
  const rows = await sql.unsafe(
    `with ours as materialized (select json_array_elements_text($2::text::json) as name)
     select m.hash, m."when" from ${recordTables(names).deployments} d,
       jsonb_to_recordset(coalesce(d.plan -> 'migrations', d.details -> 'migrations')) as m (hash text, "when" bigint)
     where d.kind in ('deploy', 'baseline') and d.project <> $1
       and not exists (select from jsonb_array_elements(d.before -> 'schemas') s, ours where s ->> 'name' = ours.name)
       and not exists (select from jsonb_array_elements(d.plan -> 'steps') s, ours
         where ours.name in (s -> 'target' ->> 'schema', s -> 'target' ->> 'name') )`,
    [name, JSON.stringify(schemas)],
  );
  return new Set(rowsSchema.parse([...rows]).map(({ hash, when }) => `${hash} ${when}`));
}

/**
 * Holds a journal against a migrations folder, as Drizzle of the folder's generation does: which migrations are applied,
 * and which are pending.
 *
 * Of Drizzle 1.0 a migration is applied where a row has its name, whatever was applied since; the applied ones are in the
 * order in which they were. Of 0.45 a row is of the file with its hash, whatever time that has in the folder now; where
 * several files have it, of the one with its time.
 * @throws DeployError MIGRATION_MISSING for an applied migration without a file, MIGRATION_CHANGED where its file has
 * changed since; of 0.45 MIGRATION_OUT_OF_ORDER for a pending migration that Drizzle would pass over, or run after one that
 * is behind it in the folder; of 1.0 MIGRATION_UNNAMED for an applied one that Drizzle would run again
 */
export function holdJournal(
  journal: readonly JournalRow[],
  migrations: readonly Migration[],
  table: JournalTable = drizzleJournal,
): MigrationState {
  return areNamed(migrations)
    ? holdNames(journal, migrations, table)
    : holdHashes(journal, migrations, table);
}

/**
 * Which migrations of Drizzle 1.0 have a row in a journal, in the order in which they were applied, and which have none;
 * without asking whether the journal agrees with the folder.
 */
export function matchNames(journal: readonly JournalRow[], migrations: readonly Migration[]): MigrationState {
  const rows = journal.flatMap(({ name }) => migrations.find(({ tag }) => tag === name) ?? []);
  const applied = [...new Set(rows)];
  return { applied, pending: migrations.filter((migration) => !applied.includes(migration)) };
}

const missing = (what: string): DeployError =>
  new DeployError(
    "MIGRATION_MISSING",
    `the database had ${what}`,
    "Use the version of the folder that was deployed last, or a later one. Where it is of another project that keeps its journal in the same table, say sharesJournal of this one. Nothing was changed.",
  );

const changed = (migration: Migration): DeployError =>
  new DeployError(
    "MIGRATION_CHANGED",
    `${fileOf(migration)} was changed after it was applied`,
    "Restore the file from version control, and put the change into a new migration. Nothing was changed.",
  );

const madeAt = (when: number): string => `a migration made at ${new Date(when).toISOString()}`;

function holdNames(
  journal: readonly JournalRow[],
  migrations: readonly Migration[],
  table: JournalTable,
): MigrationState {
  const { applied, pending } = matchNames(journal, migrations);
  for (const { hash, when, name } of journal) {
    const file = applied.find(({ tag }) => tag === name);
    if (file && file.hash !== hash) throw changed(file);
    if (file) continue;
    const again = pending.find((one) => one.hash === hash);
    if (typeof name === "string")
      throw missing(
        `${visible(name)}, which is not in the folder${again ? `; ${again.tag} is the same, and Drizzle would run it again` : ""}`,
      );
    if (again)
      throw new DeployError(
        "MIGRATION_UNNAMED",
        `${again.tag} was applied, and the journal has no name of it: Drizzle 1.0 would run it again`,
        `Drizzle 0.45 applied it after the journal had been upgraded. Say its name: UPDATE ${quoteQualified(table.schema, table.name)} SET name = ${quoteLiteral(again.tag)} WHERE name IS NULL AND hash = ${quoteLiteral(hash)} AND created_at = ${when}; Nothing was changed.`,
      );
    if (!migrations.some((one) => one.hash === hash))
      throw missing(`${madeAt(when)} that is not in the folder`);
  }
  return { applied, pending };
}

function holdHashes(
  journal: readonly JournalRow[],
  migrations: readonly Migration[],
  table: JournalTable,
): MigrationState {
  const isOf =
    (row: JournalRow) =>
    ({ hash, when }: Migration): boolean =>
      hash === row.hash && when === row.when;
  const applied = new Set(journal.flatMap((row) => migrations.find(isOf(row)) ?? []));
  for (const row of journal.filter((one) => !migrations.some(isOf(one)))) {
    const { hash, when } = row;
    const alike = migrations.filter((one) => one.hash === hash);
    const moved = alike.find((one) => !applied.has(one));
    if (moved) applied.add(moved);
    if (alike.length > 0) continue;
    const file = migrations.find((one) => one.when === when && !applied.has(one));
    throw file ? changed(file) : missing(`${madeAt(when)} that is not in the folder`);
  }
  const pending = migrations.filter((migration) => !applied.has(migration));
  requireOrder({ journal, migrations, applied, table });
  return { applied: migrations.filter((migration) => applied.has(migration)), pending };
}

/** @throws DeployError MIGRATION_OUT_OF_ORDER */
function requireOrder({
  journal,
  migrations,
  applied,
  table,
}: {
  journal: readonly JournalRow[];
  migrations: readonly Migration[];
  applied: ReadonlySet<Migration>;
  table: JournalTable;
}): void {
  const newest = Math.max(...journal.map(({ when }) => when));
  const last = migrations.findLastIndex((migration) => applied.has(migration));
  const at = migrations.findIndex(
    (migration, place) => !applied.has(migration) && (migration.when <= newest || place < last),
  );
  const late = migrations[at];
  if (!late) return;
  const isPassedOver = late.when <= newest;
  const before = migrations[last]?.tag ?? "a migration of another folder";
  throw new DeployError(
    "MIGRATION_OUT_OF_ORDER",
    isPassedOver
      ? `${late.tag} was never applied, and what was is not older: Drizzle skips it without a message`
      : `${late.tag} was never applied, and ${before}, which is behind it in the folder, was`,
    `Generate the migration again, so that it comes last; or put its entry last in meta/_journal.json${isPassedOver ? `, with a "when" above ${newest}` : ""}. Where its work was done by hand, take it as applied: ${insertionOf(late, table)}; Nothing was changed.`,
  );
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
  const { rows } = await readJournal(sql, project);
  // What a deployment began, or a rollback took out of the journal, is no stranger.
  const isKnown =
    rows.length > 0 || (await hasDeployed(sql, project)) || (await wasAdoptedAsUnbegun(sql, project));
  if (!isKnown) {
    requireEmpty(project, migrations, catalog ?? (await readCatalog(sql, { schemas: project.schemas })));
  }
  const { applied, pending } = holdJournal(rows, migrations, journalTableOf(project));
  const takenBack = await halfTakenBack(sql, project, [...applied, ...pending], migrations);
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
