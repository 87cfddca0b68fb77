import type postgres from "postgres";
import { z } from "zod";
import type { Migration } from "../migrations/index.ts";
import { openSession, runOnScratch } from "./scratch.ts";

/** Everything that stands in a schema, as its schema and its number; what an extension brings along is the extension's. */
const objectsQuery = `select n.nspname::text as schema, o.class || ' ' || o.oid as object
from (
  select oid as namespace, 'schema' as class, oid from pg_catalog.pg_namespace
  union all select relnamespace, 'relation', oid from pg_catalog.pg_class where relkind <> 't'
  union all select typnamespace, 'type', oid from pg_catalog.pg_type
  union all select pronamespace, 'routine', oid from pg_catalog.pg_proc
) o
join pg_catalog.pg_namespace n on n.oid = o.namespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (
    select from pg_catalog.pg_depend d
    where d.deptype = 'e' and d.objid = o.oid
      and d.classid in ('pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_class'::regclass,
        'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_proc'::regclass))`;

const objectsSchema = z.array(z.object({ schema: z.string(), object: z.string() }));

/**
 * The schemas in which migrations make something, at any point of their history, sorted: they are run in an empty
 * database, as `generateExpected` does, and what is new after each is looked at.
 *
 * Throws `STATEMENT_FAILED` for a statement that the server refuses.
 */
export async function schemasMadeBy(
  sql: Pick<postgres.Sql, "reserve">,
  migrations: readonly Migration[],
): Promise<string[]> {
  const connection = await sql.reserve();
  const look = async () => objectsSchema.parse([...(await connection.unsafe(objectsQuery))]);
  try {
    await openSession(connection);
    const before = new Set((await look()).map(({ object }) => object));
    const made = new Set<string>();
    await runOnScratch(connection, migrations, async () => {
      for (const { schema, object } of await look()) if (!before.has(object)) made.add(schema);
    });
    return [...made].sort();
  } finally {
    connection.release();
  }
}
