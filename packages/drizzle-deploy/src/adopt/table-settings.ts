import { z } from "zod";
import type { Catalog } from "../catalog/index.ts";
import type { CheckId } from "../findings/check-ids.ts";
import type { Finding } from "../findings/finding.ts";
import type { Queryable } from "../postgres/index.ts";

const rowsSchema = z.array(
  z.object({ schema: z.string(), table: z.string(), object: z.string(), setting: z.string() }),
);

/* PostgreSQL 17 manual, "ALTER TABLE": CLUSTER ON. */
const query = `
select n.nspname as schema, t.relname as "table", n.nspname || '.' || t.relname || '.' || c.relname as object,
  'clustered: yes' as setting
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class t on t.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where i.indisclustered and n.nspname in (select json_array_elements_text($1::text::json))
order by 3`;

/**
 * How a hand has set the tables of a catalog beyond what catalogs hold: the index that `CLUSTER` takes. Nothing depends on
 * it, no deployment changes it, and it is worth knowing.
 */
export async function tableSettingFindings(
  sql: Queryable,
  { tables }: Catalog,
  schemas: readonly string[],
): Promise<Finding[]> {
  const rows = rowsSchema.parse([...(await sql.unsafe(query, [JSON.stringify(schemas)]))]);
  const isOurs = (row: (typeof rows)[number]): boolean =>
    tables.some(({ schema, name }) => schema === row.schema && name === row.table);
  return rows.filter(isOurs).map(({ object, setting }) => ({
    check: "adoption.untouched" satisfies CheckId,
    severity: "info",
    object,
    expected: null,
    actual: setting,
    remedy: "Nothing: it stays as it is; no migration sets it.",
  }));
}
