import { z } from "zod";
import type { Queryable } from "../postgres/index.ts";

/** A dependent, as it is read. */
export const dependentSchema = z.object({
  on: z.object({
    kind: z.enum(["view", "table", "index", "function", "type"]),
    schema: z.string(),
    name: z.string(),
  }),
  kind: z.enum(["view", "table", "trigger", "policy", "column", "constraint", "index", "function"]),
  schema: z.string(),
  name: z.string(),
  /** The table or view that it belongs to. */
  table: z.string().nullable(),
});

/** Something that is there only as long as something else is. */
export type Dependent = z.infer<typeof dependentSchema>;

/** PostgreSQL 17 manual, 51.18 "pg_depend"; a view depends on what it reads through its rule. */
const dependentsQuery = `
with managed as (
  select n.oid, n.nspname from pg_catalog.pg_namespace n
  join json_array_elements_text($1::text::json) as wanted (name) on wanted.name = n.nspname
), referenced as (
  select 'pg_catalog.pg_class'::regclass as class, c.oid as object, m.nspname as schema, c.relname::text as name,
    case when c.relkind in ('v', 'm') then 'view' when c.relkind in ('i', 'I') then 'index' else 'table' end as kind,
    c.oid as relation
  from pg_catalog.pg_class c join managed m on m.oid = c.relnamespace where c.relkind in ('v', 'm', 'i', 'I', 'r', 'p')
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, m.nspname, c.relname::text, 'view', c.oid
  from pg_catalog.pg_class c join managed m on m.oid = c.relnamespace
  join pg_catalog.pg_type t on c.reltype in (t.oid, t.typelem) where c.relkind in ('v', 'm')
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, m.nspname, p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
    'function', null
  from pg_catalog.pg_proc p join managed m on m.oid = p.pronamespace
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, m.nspname, e.typname::text, 'type', null
  from pg_catalog.pg_type e join managed m on m.oid = e.typnamespace
  left join pg_catalog.pg_range g on g.rngtypid = e.oid
  join pg_catalog.pg_type t on t.oid in (e.oid, e.typarray, g.rngmultitypid)
  where e.typtype in ('e', 'd', 'r')
    or exists (select from pg_catalog.pg_class c where c.oid = e.typrelid and c.relkind = 'c')
), dependent as (
  select distinct r.kind as on_kind, r.schema as on_schema, r.name as on_name, r.relation, d.classid, d.objid, d.objsubid
  from pg_catalog.pg_depend d join referenced r on r.class = d.refclassid and r.object = d.refobjid
  where d.deptype in ('n', 'a')
)
select json_build_object(
    'on', json_build_object('kind', d.on_kind, 'schema', d.on_schema, 'name', d.on_name),
    'kind', found.kind, 'schema', n.nspname, 'name', found.name, 'table', found.on_table)::text as dependent
from dependent d
cross join lateral (
  select case when c.relkind in ('v', 'm') then 'view' else 'table' end as kind, c.relnamespace as namespace,
    c.relname::text as name, null::text as on_table, c.oid as relation
  from pg_catalog.pg_rewrite w join pg_catalog.pg_class c on c.oid = w.ev_class
  where d.classid = 'pg_catalog.pg_rewrite'::regclass and w.oid = d.objid
  union all
  select 'trigger', c.relnamespace, t.tgname, c.relname, c.oid
  from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
  where d.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = d.objid and not t.tgisinternal
  union all
  select 'policy', c.relnamespace, p.polname, c.relname, c.oid
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
  where d.classid = 'pg_catalog.pg_policy'::regclass and p.oid = d.objid
  union all
  select 'column', c.relnamespace, a.attname, c.relname, c.oid
  from pg_catalog.pg_attrdef f join pg_catalog.pg_class c on c.oid = f.adrelid
  join pg_catalog.pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
  where d.classid = 'pg_catalog.pg_attrdef'::regclass and f.oid = d.objid
  union all
  select 'constraint', c.relnamespace, k.conname, c.relname, c.oid
  from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
  where d.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = d.objid
  union all
  select 'column', c.relnamespace, a.attname, c.relname, c.oid
  from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
  where d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid and a.attnum = d.objsubid and d.objsubid > 0
  union all
  select 'index', c.relnamespace, c.relname, t.relname, t.oid
  from pg_catalog.pg_class c join pg_catalog.pg_index i on i.indexrelid = c.oid
  join pg_catalog.pg_class t on t.oid = i.indrelid
  where d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid and d.objsubid = 0
  union all
  select 'function', p.pronamespace, p.proname || '(' || oidvectortypes(p.proargtypes) || ')', null, null
  from pg_catalog.pg_proc p where d.classid = 'pg_catalog.pg_proc'::regclass and p.oid = d.objid
    and not exists (select from pg_catalog.pg_depend i
      where i.classid = 'pg_catalog.pg_proc'::regclass and i.objid = p.oid and i.deptype = 'i')
) as found
join pg_catalog.pg_namespace n on n.oid = found.namespace
where found.relation is distinct from d.relation
order by 1`;

const rowsSchema = z.array(z.object({ dependent: z.string() }));

/**
 * Everything that depends on a view, table, index, function or type of the schemas; types are named as the session's own
 * search path has them.
 */
export async function queryDependents(sql: Queryable, schemas: readonly string[]): Promise<Dependent[]> {
  const rows = rowsSchema.parse([...(await sql.unsafe(dependentsQuery, [JSON.stringify(schemas)]))]);
  return rows.map(({ dependent }) => dependentSchema.parse(JSON.parse(dependent)));
}
