import { z } from "zod";
import { type TableSize, tableSizeSchema } from "../model/deployment-report.ts";
import type { Queryable } from "../postgres/index.ts";

/** What the tables of some schemas weigh now. PostgreSQL 17 manual, 9.28.7 "Database Object Management Functions". */
export async function tableSizes(sql: Queryable, schemas: readonly string[]): Promise<TableSize[]> {
  const rows = await sql.unsafe(
    `select n.nspname as schema, c.relname as name, pg_catalog.pg_table_size(c.oid)::float8 as "tableBytes",
       pg_catalog.pg_indexes_size(c.oid)::float8 as "indexBytes", c.reltuples::float8 as rows
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname in (select json_array_elements_text($1::text::json))
     order by 1, 2`,
    [JSON.stringify(schemas)],
  );
  return z.array(tableSizeSchema).parse([...rows]);
}
