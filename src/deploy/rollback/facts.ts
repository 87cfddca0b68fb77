import postgres from "postgres";
import { z } from "zod";
import type { Constraint, Index } from "../../catalog/index.ts";
import { quoteIdentifier, quoteQualified } from "../../sql.ts";
import type { Queryable } from "../bookkeeping.ts";
import type { Sizes } from "./draft.ts";

const dependentSchema = z.object({
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
  join pg_catalog.pg_type t on t.oid = e.oid or t.oid = e.typarray where e.typtype in ('e', 'd')
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
) as found
join pg_catalog.pg_namespace n on n.oid = found.namespace
where found.relation is distinct from d.relation
order by 1`;

const rowsSchema = z.array(z.object({ dependent: z.string() }));

/** Has names read and printed as a catalog has them, for the rest of the transaction. */
async function lookThrough(sql: Queryable, schemas: readonly string[]): Promise<void> {
  await sql.unsafe(`select pg_catalog.set_config('search_path', $1, true)`, [
    [...schemas.map(quoteIdentifier), "pg_temp"].join(", "),
  ]);
}

/** Everything that depends on a view, table, index, function or type of the schemas. Inside a transaction. */
export async function readDependents(sql: Queryable, schemas: readonly string[]): Promise<Dependent[]> {
  await lookThrough(sql, schemas);
  return queryDependents(sql, schemas);
}

/** As `readDependents`, with types named as the session's own path has them. */
export async function queryDependents(sql: Queryable, schemas: readonly string[]): Promise<Dependent[]> {
  const rows = rowsSchema.parse([...(await sql.unsafe(dependentsQuery, [JSON.stringify(schemas)]))]);
  return rows.map(({ dependent }) => dependentSchema.parse(JSON.parse(dependent)));
}

const sizesSchema = z.array(
  z.object({ schema: z.string(), name: z.string(), bytes: z.coerce.number(), rows: z.coerce.number() }),
);

/** The tables' sizes, by `schema.name`. */
export async function readSizes(sql: Queryable, schemas: readonly string[]): Promise<Sizes> {
  const rows = await sql.unsafe(
    `select n.nspname as schema, c.relname as name, pg_catalog.pg_total_relation_size(c.oid) as bytes,
       greatest(c.reltuples, 0)::bigint as rows
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join json_array_elements_text($1::text::json) as wanted (name) on wanted.name = n.nspname
     where c.relkind in ('r', 'p')`,
    [JSON.stringify(schemas)],
  );
  return new Map(
    sizesSchema
      .parse([...rows])
      .map(({ schema, name, bytes, rows: count }) => [`${schema}.${name}`, { bytes, rows: count }]),
  );
}

/** An open transaction. */
export type Transaction = postgres.TransactionSql<Record<never, never>>;

type Relation = { readonly schema: string; readonly name: string };

/** A query that finds a row which a constraint would refuse; null where none can be written. */
function offence({ schema, name }: Relation, constraint: Constraint): string | null {
  const table = quoteQualified(schema, name);
  if (constraint.type === "c") {
    const expression = /^CHECK (\(.*\))(?: NO INHERIT)?(?: NOT VALID)?$/s.exec(constraint.definition)?.[1];
    return expression ? `select from ${table} where not ${expression}` : null;
  }
  const { references, columns } = constraint;
  if (constraint.type !== "f" || !references) return null;
  const pairs = columns.map((column, at) => [column, references.columns[at] ?? column] as const);
  const present = columns.map((column) => `r.${quoteIdentifier(column)} is not null`).join(" and ");
  const match = pairs
    .map(([from, to]) => `o.${quoteIdentifier(to)} = r.${quoteIdentifier(from)}`)
    .join(" and ");
  return `select from ${table} r where ${present} and not exists (select from ${quoteQualified(references.schema, references.table)} o where ${match})`;
}

/** A query that finds rows which are the same to a unique index; null for any other. */
function repetition({ schema, name }: Relation, index: Index): string | null {
  if (!index.unique) return null;
  const keys = index.keys.map(({ expression }) => expression);
  const conditions = [
    ...(index.predicate === null ? [] : [`(${index.predicate})`]),
    // Nulls are not the same as each other, unless the index says so.
    ...(index.nullsNotDistinct ? [] : keys.map((key) => `(${key}) is not null`)),
  ];
  return `select from ${quoteQualified(schema, name)} where ${["true", ...conditions].join(" and ")} group by ${keys.map((key) => `(${key})`).join(", ")} having count(*) > 1`;
}

const foundSchema = z.tuple([z.object({ found: z.boolean() })]);

/** Whether a query finds anything; false where what it reads is not there any more. */
async function finds(sql: Transaction, query: string | null, schemas: readonly string[]): Promise<boolean> {
  if (query === null) return false;
  try {
    return await sql.savepoint(async (attempt) => {
      await lookThrough(attempt, schemas);
      return foundSchema.parse([...(await attempt.unsafe(`select exists (${query}) as found`))])[0].found;
    });
  } catch (error) {
    if (error instanceof postgres.PostgresError && isAboutForm(error.code)) return false;
    throw error;
  }
}

/** Class 42: a column that was dropped, or has another type now. PostgreSQL 17 manual, appendix A. */
const isAboutForm = (code: string): boolean => code.startsWith("42") && code !== "42501";

/** Whether rows are there that a constraint would refuse; false where that cannot be told. */
export async function isViolated(
  sql: Transaction,
  {
    table,
    constraint,
    index,
    schemas,
  }: {
    table: Relation;
    constraint: Constraint;
    /** What implements it. */
    index: Index | undefined;
    schemas: readonly string[];
  },
): Promise<boolean> {
  return finds(sql, index ? repetition(table, index) : offence(table, constraint), schemas);
}

/** Whether rows are there that a unique index would refuse. */
export async function isRepeated(
  sql: Transaction,
  { table, index, schemas }: { table: Relation; index: Index; schemas: readonly string[] },
): Promise<boolean> {
  return finds(sql, repetition(table, index), schemas);
}

/** `schema.table.name` of a constraint. */
export const constraintLabel = (table: { schema: string; name: string }, name: string): string =>
  `${table.schema}.${table.name}.${name}`;
