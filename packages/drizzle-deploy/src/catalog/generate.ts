import type postgres from "postgres";
import { z } from "zod";
import type { Migration } from "../migrations/index.ts";
import { keysOf, loadHistory, type Surroundings, saveHistory } from "./cache.ts";
import { type Catalog, withoutObjects } from "./catalog.ts";
import { compareCatalogs } from "./compare.ts";
import { followCatalog } from "./follow.ts";
import { CatalogHistory } from "./pool.ts";
import { catalogQuery } from "./query.ts";
import { pinnedSettings, readCatalog } from "./read.ts";
import { openSession, runOnScratch } from "./scratch.ts";

/** What catalogs are generated from. */
export interface Generation {
  readonly migrations: readonly Migration[];
  readonly schemas: readonly string[];
  /** Where what was read is kept, so that it is read once; null, the default, keeps nothing. */
  readonly cacheFolder?: string | null | undefined;
  /** What else the catalogs depend on, that the server cannot tell. */
  readonly besides?: Surroundings | undefined;
  /**
   * What there is to say of a server that is always the same, so that it need not be asked, nor be there at all where
   * everything is kept: see `keptExpected`. Default: the server is asked.
   */
  readonly server?: Surroundings | undefined;
}

const serverSchema = z.tuple([z.object({ text: z.string() })]);

/** What the server, the role and its settings may do to what migrations make. */
const surroundingsQuery = `select json_build_array(version(), current_user,
  (select json_agg(json_build_array(name, setting) order by name) from pg_catalog.pg_settings
   where source in ('database', 'user', 'database user', 'global', 'client', 'session')
     and name not in ('application_name', 'client_encoding')
   or name in ('TimeZone', 'DateStyle', 'IntervalStyle', 'search_path', 'lc_messages')))::text as text`;

async function askServer(
  connection: Pick<postgres.ReservedSql, "unsafe">,
  empty: Catalog,
): Promise<Surroundings> {
  const [{ text }] = serverSchema.parse([...(await connection.unsafe(surroundingsQuery))]);
  return [text, empty];
}

const namesOf = ({ migrations, schemas, besides = [] }: Generation, server: Surroundings): string[] =>
  keysOf(migrations, [...server, schemas, catalogQuery(schemas), pinnedSettings(schemas), ...besides]);

const byTag = (migrations: readonly Migration[], history: CatalogHistory): Map<string, Catalog> => {
  const catalogs = history.catalogs();
  return new Map(migrations.flatMap(({ tag }, at) => (catalogs[at] ? [[tag, catalogs[at]] as const] : [])));
};

/**
 * The catalogs that `generateExpected` kept of a server of which everything is known; null where one of them is not kept.
 */
export function keptExpected(
  generation: Generation & { readonly server: Surroundings },
): Map<string, Catalog> | null {
  const { migrations, cacheFolder, server } = generation;
  if (typeof cacheFolder !== "string") return null;
  const history = loadHistory(cacheFolder, namesOf(generation, server));
  return history?.length === migrations.length ? byTag(migrations, history) : null;
}

/**
 * Applies migrations to an empty database as Drizzle does, each in a transaction but for what runs in none
 * (`CREATE INDEX CONCURRENTLY`), and reads the catalog after each: what a database has to look like there, by tag and in
 * order. The database is left as the last migration makes it, but for the roles that were made meanwhile: those go. Where
 * all is kept from an earlier time, the migrations are not run, and the database is left as it is.
 *
 * Throws `STATEMENT_FAILED` for a statement that the server refuses, and what `readCatalog` throws.
 */
export async function generateExpected(
  sql: Pick<postgres.Sql, "reserve">,
  generation: Generation,
): Promise<Map<string, Catalog>> {
  const { migrations, schemas, cacheFolder = null } = generation;
  const connection = await sql.reserve();
  try {
    await openSession(connection);
    const empty = await readCatalog(connection, { schemas });
    const keys =
      cacheFolder === null
        ? []
        : namesOf(generation, generation.server ?? (await askServer(connection, empty)));
    const known = cacheFolder === null ? null : loadHistory(cacheFolder, keys);
    const history = known ?? new CatalogHistory(withoutObjects(empty));
    const had = history.length;
    if (had < migrations.length) {
      let at = 0;
      const read = followCatalog(connection, schemas);
      await runOnScratch(connection, migrations, async () => {
        at += 1;
        if (at > had) history.add(await read());
      });
      if (cacheFolder !== null) saveHistory(cacheFolder, keys, history, had);
    }
    return byTag(migrations, history);
  } finally {
    connection.release();
  }
}

/**
 * Runs something in a transaction of a scratch database that stands at the last of the migrations, with its catalog there,
 * and takes it back: the database is left as it was found, or brought to the last migration where it was empty.
 *
 * Throws `STATEMENT_FAILED` for a statement of a migration that the server refuses, and what `readCatalog` throws.
 */
export async function tryOnScratch<T>(
  sql: Pick<postgres.Sql, "reserve">,
  { migrations, schemas }: Pick<Generation, "migrations" | "schemas">,
  run: (connection: Pick<postgres.ReservedSql, "unsafe">, catalog: Catalog) => Promise<T>,
): Promise<T> {
  const connection = await sql.reserve();
  try {
    await openSession(connection);
    const found = await readCatalog(connection, { schemas });
    const isEmpty = compareCatalogs(withoutObjects(found), found).every(
      ({ object }) => object.kind === "schema",
    );
    if (isEmpty) await runOnScratch(connection, migrations, async () => {});
    const catalog = isEmpty ? await readCatalog(connection, { schemas }) : found;
    await openSession(connection);
    await connection.unsafe("begin");
    try {
      return await run(connection, catalog);
    } finally {
      await connection.unsafe("rollback");
    }
  } finally {
    connection.release();
  }
}
