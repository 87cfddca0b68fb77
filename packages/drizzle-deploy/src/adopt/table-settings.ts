import { z } from "zod";
import type { Catalog } from "../catalog/index.ts";
import type { CheckId } from "../findings/check-ids.ts";
import type { Finding } from "../findings/finding.ts";
import type { Queryable } from "../postgres/index.ts";

const rowsSchema = z.array(
  z.object({ schema: z.string(), table: z.string(), object: z.string(), setting: z.string() }),
);

/*
 * PostgreSQL 17 manual, "ALTER TABLE": SET STORAGE, SET COMPRESSION, SET STATISTICS, REPLICA IDENTITY, CLUSTER ON. Only
 * what differs from what a new table has.
 */
const query = `
with tables as (
  select c.oid, n.nspname as schema, c.relname as name, c.relreplident
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname in (select json_array_elements_text($1::text::json))
)
select schema, name as "table", schema || '.' || name as object,
  'replica identity: ' || case relreplident when 'f' then 'full' when 'n' then 'nothing' else 'an index' end as setting
from tables where relreplident <> 'd'
union all
select t.schema, t.name, t.schema || '.' || t.name || '.' || a.attname, s.setting
from tables t join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type y on y.oid = a.atttypid
  cross join lateral (values
    (case when a.attstorage <> y.typstorage then 'storage: ' || case a.attstorage when 'p' then 'plain'
      when 'e' then 'external' when 'm' then 'main' else 'extended' end end),
    (case when a.attcompression <> '' then 'compression: ' ||
      case a.attcompression when 'l' then 'lz4' else 'pglz' end end),
    (case when coalesce(a.attstattarget, -1) >= 0 then 'statistics target: ' || a.attstattarget end)) as s (setting)
where s.setting is not null
union all
select t.schema, t.name, t.schema || '.' || t.name || '.' || c.relname, 'clustered: yes'
from tables t join pg_catalog.pg_index i on i.indrelid = t.oid and i.indisclustered
  join pg_catalog.pg_class c on c.oid = i.indexrelid
order by 3, 4`;

/**
 * How a hand has set the tables of a catalog beyond what catalogs hold: storage, statistics, replica identity and the
 * like. Nothing depends on it, no deployment changes it, and it is worth knowing.
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
