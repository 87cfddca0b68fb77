import { z } from "zod";
import { type Catalog, readCatalog, withoutObjects } from "../catalog/index.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { findMigration } from "../migrations/names.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { Target } from "../model/step.ts";
import { formatStepId, parseStepId } from "../model/step-id.ts";
import type { Queryable } from "../postgres/index.ts";
import { type BegunBatches, begunBatches } from "../records/batches.ts";
import { type JournalRow, type MigrationState, readJournal, readState } from "../records/migration-state.ts";
import { inOrder } from "../records/order.ts";
import { type Origin, readOrigin } from "../records/origin.ts";
import { doneSteps, stepsSinceCompletion, undoneSteps } from "../records/records.ts";
import { type QualifiedName, qualifiedNameSchema } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { names } from "../sql/tree.ts";
import { parseMigration } from "../statements/parse.ts";
import { resolveName } from "../statements/resolve.ts";
import { madeBy } from "./begun.ts";
import { type Dependent, queryDependents } from "./dependents.ts";

const relationSchema = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(["table", "view", "sequence", "index"]),
  /** With indexes and TOAST. */
  bytes: z.number(),
  /** As the statistics have it; of a table that was never analysed, as many as its pages could hold. */
  rows: z.number(),
  /** Of an index. */
  table: z.string().nullable(),
});

const columnSchema = z.object({
  schema: z.string(),
  table: z.string(),
  name: z.string(),
  /** Mean, in bytes. */
  width: z.number(),
  /** Share of nulls, from 0 to 1. */
  nulls: z.number(),
});

const volatilitySchema = z.enum(["immutable", "stable", "volatile"]);

const functionSchema = z.object({
  schema: z.string(),
  name: z.string(),
  /** The most restless of the overloads. */
  volatility: volatilitySchema,
});

const dependencySchema = z.object({
  /** The view that depends. */
  view: qualifiedNameSchema,
  on: z.object({ schema: z.string(), name: z.string(), column: z.string().nullable() }),
});

/** What is around the managed objects, as it is read. */
export const serverFactsSchema = z.object({
  /** Domains that not every value is allowed in. */
  domains: z.array(qualifiedNameSchema),
  /** Types of every sort but those of tables' rows, also those that no catalog shows. */
  types: z.array(qualifiedNameSchema),
  relations: z.array(relationSchema),
  columns: z.array(columnSchema),
  functions: z.array(functionSchema),
  dependencies: z.array(dependencySchema),
  schemas: z.array(z.string()),
  /** Of the server, whoever's they are. */
  roles: z.array(z.string()),
  /** Views with rules, or defaults of columns, of their own, and tables with rules: no catalog shows them. */
  ruled: z.array(qualifiedNameSchema),
  /** Which table inherits from which; partitions too. */
  inheritance: z.array(
    z.object({
      parent: qualifiedNameSchema,
      child: qualifiedNameSchema,
    }),
  ),
  /** Privileges on tables and views that somebody else than the owner gave. */
  passedOn: z.array(
    z.object({
      schema: z.string(),
      name: z.string(),
      grantor: z.string(),
      grantee: z.string(),
      privileges: z.array(z.string()),
    }),
  ),
  /** Names of functions that are aggregates, or look through a window. */
  aggregates: z.array(z.string()),
  /** Names of operators that are volatile functions'. */
  volatileOperators: z.array(z.string()),
  /** Which table refers to which. */
  references: z.array(z.object({ from: qualifiedNameSchema, to: qualifiedNameSchema })),
  /** Those that may do everything. */
  superusers: z.array(z.string()),
  /** Those whose objects the session's role may change as its own. */
  memberOf: z.array(z.string()),
});

/** What is around the managed objects, and how large they are. */
export type ServerFacts = z.infer<typeof serverFactsSchema>;

/** Everything that a plan is made from, read from a live database. Plain data. */
export interface Facts extends ServerFacts {
  /** Of the project. */
  readonly names: Names;
  readonly catalog: Catalog;
  /** What is there only as long as something of the managed schemas is. */
  readonly dependents: readonly Dependent[];
  /** Columns, as `schema.table.column`, that the last migration wants filled and that are empty in some row. */
  readonly nulls: readonly string[];
  /** Of the session. */
  readonly timeZone: string;
  /**
   * Small tables that the pending migrations drop and that have no row, as `schema.table`; and small tables' columns
   * among `begun`, as `schema.table.column`, that have no value but their default in any.
   */
  readonly empty: readonly string[];
  /** What deployments of the project have made since the last one that completed: the next one continues them. */
  readonly begun: readonly Target[];
  /** The tables that a rollback put aside. */
  readonly archive: Catalog;
  readonly journal: readonly JournalRow[];
  /** What other projects have in the same table; absent where there is nothing of theirs. */
  readonly foreignJournal?: readonly JournalRow[];
  readonly state: MigrationState;
  /** As the project met the database: what no pending migration changes is expected to be as it was. */
  readonly origin: Origin | null;
  /** Steps that earlier deployments did, by the hash of their migration and their id. */
  readonly done: readonly { readonly migration: string; readonly step: string }[];
  /** Steps that earlier deployments began in batches and did not end: they are continued so. Absent where there are none. */
  readonly batches?: readonly BegunBatches[];
  /** Steps that earlier deployments did, and that a rollback has taken back since: see `History`. */
  readonly undone: Facts["done"];
}

// Statistics are read where the role may: without them the estimates are coarser, and nothing else differs. To measure
// a relation is to lock it: of one that somebody holds as a whole, or waits to, the last known size has to do.
const serverFactsQuery = `
with others as (
  select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
),
held as materialized (
  select l.relation from pg_locks l
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid is distinct from pg_backend_pid()
    and l.database = (select oid from pg_database where datname = current_database())
),
unmeasurable as materialized (
  select relation as oid from held
  union select i.indrelid from pg_index i join held on held.relation = i.indexrelid
  union select c.oid from pg_class c join held on held.relation = c.reltoastrelid
)
select json_build_object(
  'domains', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', t.typname)), '[]')
    from pg_type t join others n on n.oid = t.typnamespace where t.typtype = 'd'
      and (t.typnotnull or exists (select from pg_constraint k where k.contypid = t.oid))),
  'types', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', t.typname)), '[]')
    from pg_type t join others n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
    where (t.typtype in ('b', 'd', 'e', 'm', 'r') and t.typcategory <> 'A') or c.relkind = 'c'),
  'schemas', (select coalesce(json_agg(nspname order by nspname), '[]') from others),
  'roles', (select json_agg(rolname order by rolname) from pg_roles),
  'ruled', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname)), '[]')
    from pg_class c join others n on n.oid = c.relnamespace where c.relkind in ('v', 'r', 'p')
      and (exists (select from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN')
        or (c.relkind = 'v' and exists (select from pg_attrdef d where d.adrelid = c.oid)))),
  'aggregates', (select coalesce(json_agg(distinct p.proname), '[]') from pg_proc p where p.prokind in ('a', 'w')),
  'volatileOperators', (select coalesce(json_agg(distinct o.oprname), '[]')
    from pg_operator o join others n on n.oid = o.oprnamespace join pg_proc p on p.oid = o.oprcode
    where p.provolatile = 'v'),
  'references', (select coalesce(json_agg(distinct jsonb_build_object(
      'from', jsonb_build_object('schema', fn.nspname, 'name', f.relname),
      'to', jsonb_build_object('schema', tn.nspname, 'name', t.relname))), '[]')
    from pg_constraint k join pg_class f on f.oid = k.conrelid join others fn on fn.oid = f.relnamespace
      join pg_class t on t.oid = k.confrelid join others tn on tn.oid = t.relnamespace where k.contype = 'f'),
  'inheritance', (select coalesce(json_agg(json_build_object(
      'parent', json_build_object('schema', pn.nspname, 'name', p.relname),
      'child', json_build_object('schema', cn.nspname, 'name', c.relname))), '[]')
    from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
      join others pn on pn.oid = p.relnamespace join others cn on cn.oid = c.relnamespace where p.relkind in ('r', 'p')),
  'passedOn', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname,
      'grantor', pg_get_userbyid(g.grantor), 'privileges', g.privileges,
      'grantee', case g.grantee when 0 then 'PUBLIC' else pg_get_userbyid(g.grantee)::text end)), '[]')
    from pg_class c join others n on n.oid = c.relnamespace
      cross join lateral (select a.grantor, a.grantee, json_agg(a.privilege_type) as privileges
        from aclexplode(c.relacl) a where a.grantor <> c.relowner group by 1, 2) g),
  'superusers', (select json_agg(rolname order by rolname) from pg_roles where rolsuper),
  'memberOf', (select json_agg(rolname order by rolname) from pg_roles where pg_has_role(oid, 'USAGE')),
  'relations', (select coalesce(json_agg(json_build_object(
      'schema', n.nspname, 'name', c.relname,
      'kind', case when c.relkind in ('r', 'p', 'f') then 'table' when c.relkind in ('v', 'm') then 'view'
        when c.relkind = 'S' then 'sequence' else 'index' end,
      'bytes', case when c.relkind in ('v', 'f') then 0
        when c.oid in (select oid from unmeasurable)
          then c.relpages::bigint * current_setting('block_size')::int
        else coalesce(pg_total_relation_size(c.oid), 0) end,
      'rows', case when c.reltuples >= 0 then c.reltuples
        when c.relkind in ('r', 'm', 't') and c.oid not in (select oid from unmeasurable)
          then round(pg_relation_size(c.oid) / 100.0) else 0 end,
      'table', (select t.relname from pg_index i join pg_class t on t.oid = i.indrelid where i.indexrelid = c.oid))
      order by n.nspname, c.relname), '[]')
    from others n join pg_class c on c.relnamespace = n.oid where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')),
  'columns', (select coalesce(json_agg(json_build_object('schema', s.schemaname, 'table', s.tablename,
      'name', s.attname, 'width', s.avg_width, 'nulls', s.null_frac)), '[]')
    from pg_stats s join others n on n.nspname = s.schemaname where not s.inherited),
  'functions', (select coalesce(json_agg(json_build_object('schema', f.nspname, 'name', f.proname,
      'volatility', case f.rank when 2 then 'volatile' when 1 then 'stable' else 'immutable' end)), '[]')
    from (select n.nspname, p.proname,
        max(case p.provolatile when 'v' then 2 when 's' then 1 else 0 end) as rank
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'pg_catalog' or n.oid in (select oid from others) group by 1, 2) f
    where f.nspname <> 'pg_catalog' or f.rank > 0),
  'dependencies', (select coalesce(json_agg(distinct jsonb_build_object(
      'view', jsonb_build_object('schema', vn.nspname, 'name', v.relname),
      'on', jsonb_build_object('schema', n.nspname, 'name', c.relname, 'column', a.attname))), '[]')
    from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class
      join pg_namespace vn on vn.oid = v.relnamespace
      join pg_class c on c.oid = d.refobjid join others n on n.oid = c.relnamespace
      left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid and d.refobjsubid > 0
    where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and v.oid <> c.oid)
)::text as facts`;

const rowSchema = z.tuple([z.object({ facts: z.string() })]);

async function readServerFacts(sql: Queryable): Promise<ServerFacts> {
  const [row] = rowSchema.parse([...(await sql.unsafe(serverFactsQuery))]);
  return serverFactsSchema.parse(JSON.parse(row.facts));
}

/** The tables that a rollback put aside, printed as they will be when they are back among the managed schemas. */
export async function readArchive(
  sql: Queryable,
  { schemas, names: { archiveSchema } }: Pick<Project, "schemas" | "names">,
): Promise<Catalog> {
  const both = await readCatalog(sql, { schemas: [...schemas, archiveSchema] });
  const isArchived = ({ schema }: { schema: string }): boolean => schema === archiveSchema;
  return {
    ...both,
    schemas: both.schemas.filter(({ name }) => name === archiveSchema),
    tables: both.tables.filter(isArchived),
    views: both.views.filter(isArchived),
    functions: both.functions.filter(isArchived),
    enums: both.enums.filter(isArchived),
    domains: both.domains.filter(isArchived),
    structures: both.structures?.filter(isArchived) ?? [],
    sequences: both.sequences.filter(isArchived),
    objects: [],
  };
}

/** A table no larger than this is read in the blink of an eye, in bytes. */
export const smallTable = 1024 * 1024;

const zoneSchema = z.tuple([z.object({ zone: z.string() })]);

async function readTimeZone(sql: Queryable): Promise<string> {
  const [{ zone }] = zoneSchema.parse([
    ...(await sql.unsafe(`select pg_catalog.current_setting('TimeZone') as zone`)),
  ]);
  return zone;
}

/** The tables that a `DROP TABLE` of the migrations names. */
function droppedTables(pending: readonly Migration[]): QualifiedName[] {
  return pending
    .filter(({ statements }) => statements.some((text) => /\bdrop\s+table\b/i.test(text)))
    .flatMap(parseMigration)
    .flatMap(({ node }) =>
      "DropStmt" in node && node.DropStmt.removeType === "OBJECT_TABLE" ? (node.DropStmt.objects ?? []) : [],
    )
    .flatMap((object) => ("List" in object ? [resolveName(names(object.List.items))] : []));
}

/** Looks into small tables for whether there is anything in what is to be dropped. */
async function findEmpty(
  sql: Queryable,
  {
    catalog,
    server,
    begun,
    pending,
    last,
  }: {
    catalog: Catalog;
    server: ServerFacts;
    begun: readonly Target[];
    pending: readonly Migration[];
    /** As the last migration leaves it. */
    last: Catalog;
  },
): Promise<string[]> {
  const dropped = droppedTables(pending);
  const isDropped = (one: QualifiedName): boolean =>
    dropped.length > 0 &&
    (dropped.some((table) => table.schema === one.schema && table.name === one.name) ||
      // It may get another name before.
      !last.tables.some((table) => table.schema === one.schema && table.name === one.name) ||
      begun.some(({ kind, schema, name }) => kind === "table" && schema === one.schema && name === one.name));
  const found: string[] = [];
  for (const table of catalog.tables) {
    const { schema, name, forceRowSecurity } = table;
    const isIt = (one: QualifiedName): boolean => one.schema === schema && one.name === name;
    const size = server.relations.find((one) => isIt(one) && one.kind === "table")?.bytes ?? 0;
    // Where policies hold for the owner too, nobody knows what they hide.
    if (size > smallTable || forceRowSecurity || !server.memberOf.includes(table.owner)) continue;
    const isWithout = async (condition: string): Promise<boolean> => {
      const [{ empty }] = emptySchema.parse([
        ...(await sql.unsafe(
          `select not exists (select from ${quoteQualified(schema, name)}${condition}) as empty`,
        )),
      ]);
      return empty;
    };
    if (isDropped(table) && (await isWithout(""))) found.push(`${schema}.${name}`);
    for (const column of table.columns) {
      const isBegun = begun.some(
        (one) =>
          one.schema === schema &&
          ((one.kind === "column" && one.table === name && one.name === column.name) ||
            (one.kind === "table" && one.name === name)),
      );
      // A default that calls a function is another each time.
      if (!isBegun || column.default?.includes("(") || column.generated !== null || column.identity !== null)
        continue;
      const condition = ` where ${quoteIdentifier(column.name)} is distinct from ${column.default ?? "null"}`;
      if (await isWithout(condition)) found.push(`${schema}.${name}.${column.name}`);
    }
  }
  return found;
}

const emptySchema = z.tuple([z.object({ empty: z.boolean() })]);

/** Looks into the small tables, of which a step that asks for a value in every row may be run. */
async function findNulls(
  sql: Queryable,
  { tables: wanted }: Catalog,
  catalog: Catalog,
  { relations, memberOf }: ServerFacts,
): Promise<string[]> {
  const found: string[] = [];
  for (const table of catalog.tables) {
    const { schema, name } = table;
    const to = wanted.find((one) => one.schema === schema && one.name === name);
    const size = relations.find((one) => one.schema === schema && one.name === name)?.bytes ?? 0;
    if (!to || size > smallTable || !memberOf.includes(table.owner)) continue;
    for (const column of table.columns) {
      const isRelaxed =
        column.nullable && to.columns.some((one) => one.name === column.name && !one.nullable);
      if (!isRelaxed) continue;
      const [{ empty }] = emptySchema.parse([
        ...(await sql.unsafe(
          `select exists (select from ${quoteQualified(schema, name)} where ${quoteIdentifier(column.name)} is null) as empty`,
        )),
      ]);
      if (empty) found.push(`${schema}.${name}.${column.name}`);
    }
  }
  return found;
}

/**
 * Reads from a live database what a plan for it is made from. Changes nothing, and takes no lock that stops anybody.
 *
 * @param assumed where the database stands, whatever its journal says: for one that has none yet
 * @throws DeployError as `readState` and `readCatalog`
 */
export async function gatherFacts(
  sql: Queryable,
  project: Project,
  assumed?: MigrationState,
): Promise<Facts> {
  const catalog = await readCatalog(sql, { schemas: project.schemas });
  const state = assumed ?? (await readState(sql, project, catalog));
  const here = inOrder(project, state);
  const serverFacts = await readServerFacts(sql);
  const { rows: journal, foreign } = await readJournal(sql, project);
  // What was met without a journal is met anew, whatever was recorded of it before.
  const recorded = journal.length > 0 || assumed === undefined ? await readOrigin(sql, project) : null;
  const last = state.applied.at(-1);
  const lastTag = (state.pending.at(-1) ?? last)?.tag;
  const expectedLast = lastTag === undefined ? catalog : here.expectedCatalog(lastTag);
  const migrations = readMigrations(project.migrationsFolder);
  // What was done under the tag that a migration had is done.
  const currentStep = ({ migration, step }: Facts["done"][number]): Facts["done"][number] => {
    const { migration: tag, parts } = parseStepId(step);
    const now = findMigration(migrations, tag);
    return now?.hash === migration
      ? { migration, step: formatStepId({ migration: now.tag, parts }) }
      : { migration, step };
  };
  const begun = madeBy(await stepsSinceCompletion(sql, project));
  return {
    ...serverFacts,
    catalog,
    state,
    dependents: await queryDependents(sql, project.schemas),
    nulls: await findNulls(sql, expectedLast, catalog, serverFacts),
    timeZone: await readTimeZone(sql),
    begun,
    empty: await findEmpty(sql, {
      catalog,
      server: serverFacts,
      begun,
      pending: state.pending,
      last: expectedLast,
    }),
    origin: recorded ?? (last ? { tag: last.tag, catalog } : null),
    archive: serverFacts.schemas.includes(project.names.archiveSchema)
      ? await readArchive(sql, project)
      : withoutObjects(catalog),
    journal,
    ...(foreign.length > 0 ? { foreignJournal: foreign } : {}),
    done: (await doneSteps(sql, project.names)).map(currentStep),
    undone: (await undoneSteps(sql, project.names)).map(currentStep),
    batches: await begunBatches(sql, project.names),
    names: project.names,
  };
}
