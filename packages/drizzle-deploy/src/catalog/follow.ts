import type postgres from "postgres";
import { z } from "zod";
import { quoteLiteral } from "../sql/quote.ts";
import type { Catalog } from "./catalog.ts";
import { readCatalog } from "./read.ts";

/*
 * Reading the catalog of a database of which nobody else changes anything, again and again: a table is read where a row
 * that PostgreSQL keeps of it is new, changed or gone. Whatever else may change how another table is printed, a name or
 * a function above all, has all of them read.
 */

type Connection = Pick<postgres.ISql, "unsafe">;

/** Rows as text, whose hash changes with each of them: a changed row has the number of the transaction as its `xmin`. */
const rows = (row: string, from: string): string =>
  `(select md5(coalesce(string_agg(${row}, ',' order by ${row}), '')) from ${from})`;

const ownRows = (catalog: string, where = "oid >= 16384"): string =>
  rows("oid || ' ' || xmin", `pg_catalog.${catalog} where ${where}`);

/** What may change how any table is printed, beside the names of relations and columns. */
const world = [
  ownRows("pg_namespace", "nspname !~ '^pg_(toast|temp)'"),
  ownRows("pg_proc"),
  ownRows("pg_type", "oid >= 16384 and typtype <> 'c' and typcategory <> 'A'"),
  ownRows("pg_enum"),
  ...["operator", "cast", "opclass", "opfamily", "collation", "language", "am", "conversion"].map((name) =>
    ownRows(`pg_${name}`),
  ),
  ...["extension", "event_trigger"].map((name) => ownRows(`pg_${name}`)),
  ownRows("pg_rewrite", "oid >= 16384 and rulename <> '_RETURN'"),
  rows("oid || ' ' || rolname", "pg_catalog.pg_roles"),
  // Comments on what is part of a table, or no relation at all.
  rows(
    "classoid || ' ' || objoid || ' ' || xmin",
    `pg_catalog.pg_description where objoid >= 16384 and not (classoid = 'pg_catalog.pg_class'::regclass
      and objoid in (select oid from pg_catalog.pg_class where relkind in ('r', 'p', 'v', 'm')))`,
  ),
];

const named = "relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')";

/** What PostgreSQL keeps of each table, and of its indexes. */
const parts = `
  select oid as relation, 'c' || xmin as mark from tables
  union all select a.attrelid, 'a' || a.attnum || ' ' || a.xmin from pg_catalog.pg_attribute a join tables t on t.oid = a.attrelid
  union all select d.adrelid, 'd' || d.oid || ' ' || d.xmin from pg_catalog.pg_attrdef d join tables t on t.oid = d.adrelid
  union all select k.conrelid, 'k' || k.oid || ' ' || k.xmin from pg_catalog.pg_constraint k join tables t on t.oid = k.conrelid
  union all select i.indrelid, 'i' || i.indexrelid || ' ' || i.xmin || ' ' || c.xmin
    from pg_catalog.pg_index i join tables t on t.oid = i.indrelid join pg_catalog.pg_class c on c.oid = i.indexrelid
  union all select i.indrelid, 'x' || a.attrelid || ' ' || a.attnum || ' ' || a.xmin
    from pg_catalog.pg_index i join tables t on t.oid = i.indrelid join pg_catalog.pg_attribute a on a.attrelid = i.indexrelid
  union all select p.polrelid, 'p' || p.oid || ' ' || p.xmin from pg_catalog.pg_policy p join tables t on t.oid = p.polrelid
  union all select g.tgrelid, 'g' || g.oid || ' ' || g.xmin from pg_catalog.pg_trigger g join tables t on t.oid = g.tgrelid
    where not g.tgisinternal
  union all select m.objoid, 'm' || m.objsubid || ' ' || m.xmin from pg_catalog.pg_description m join tables t on t.oid = m.objoid
    where m.classoid = 'pg_catalog.pg_class'::regclass
  union all select h.inhrelid, 'h' || h.inhparent || ' ' || h.xmin from pg_catalog.pg_inherits h join tables t on t.oid = h.inhrelid
  union all select h.inhparent, 'H' || h.inhrelid || ' ' || h.xmin from pg_catalog.pg_inherits h join tables t on t.oid = h.inhparent
  union all select r.partrelid, 'r' || r.xmin from pg_catalog.pg_partitioned_table r join tables t on t.oid = r.partrelid
  union all select e.objid, 'e' || e.refobjid from pg_catalog.pg_depend e join tables t on t.oid = e.objid
    where e.classid = 'pg_catalog.pg_class'::regclass and e.deptype = 'e'`;

const stateQuery = (schemas: readonly string[], newest: number): string => `
with tables as materialized (
  select c.oid, c.xmin, n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname in (${schemas.map(quoteLiteral).join(", ")})
)
select json_build_object(
  'world', json_build_array(${world.join(", ")}),
  'names', ${rows("oid || ' ' || relnamespace || ' ' || relname", `pg_catalog.pg_class where oid >= 16384 and ${named}`)},
  'formerNames', ${rows("oid || ' ' || relnamespace || ' ' || relname", `pg_catalog.pg_class where oid >= 16384 and oid <= ${newest} and ${named}`)},
  'newest', (select coalesce(max(oid::bigint), 0) from pg_catalog.pg_class),
  'isAmbiguous', exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in (${schemas.map(quoteLiteral).join(", ")}) and ${named} group by relname having count(*) > 1),
  'tables', (select coalesce(json_agg(json_build_array(oid::bigint, nspname, relname, mark) order by nspname, relname), '[]')
    from tables join (select relation, md5(string_agg(mark, ',' order by mark)) as mark from (${parts}) p group by 1) m
      on m.relation = oid)
)::text as state`;

const stateSchema = z.object({
  world: z.array(z.string()),
  names: z.string(),
  formerNames: z.string(),
  newest: z.number(),
  isAmbiguous: z.boolean(),
  tables: z.array(z.tuple([z.number(), z.string(), z.string(), z.string()])),
});

type State = z.infer<typeof stateSchema>;

const answerSchema = z.tuple([z.object({ state: z.string() })]);

async function readState(connection: Connection, schemas: readonly string[], newest: number): Promise<State> {
  const answer = answerSchema.parse([...(await connection.unsafe(stateQuery(schemas, newest)))]);
  return stateSchema.parse(JSON.parse(answer[0].state));
}

/** Whether the columns that relations had are there as they were, in their order, with others behind them at most. */
function keepColumns(
  before: readonly (Catalog["tables"][number] | Catalog["views"][number])[],
  after: readonly (Catalog["tables"][number] | Catalog["views"][number])[],
): boolean {
  const found = new Map(after.map((one) => [JSON.stringify([one.schema, one.name]), one.columns]));
  return before.every(({ schema, name, columns }) => {
    const now = found.get(JSON.stringify([schema, name]));
    return now !== undefined && columns.every((column, at) => now[at]?.name === column.name);
  });
}

/**
 * Reads the catalog of a database after each change to it, as `readCatalog` does; what it read before and is unchanged is
 * not read again. Only for a database that nobody else changes, read outside of transactions.
 */
export function followCatalog(connection: Connection, schemas: readonly string[]): () => Promise<Catalog> {
  let former: { state: State; catalog: Catalog } | null = null;
  const read = async (state: State): Promise<Catalog> => {
    if (former === null || !isComparable(former.state, state)) return readCatalog(connection, { schemas });
    const known = new Map(former.state.tables.map(([oid, , , mark]) => [oid, mark]));
    const changed = state.tables.filter(([oid, , , mark]) => known.get(oid) !== mark).map(([oid]) => oid);
    const partly = await readCatalog(connection, { schemas, onlyTables: changed });
    const tables = new Map(
      [...former.catalog.tables, ...partly.tables].map((one) => [
        JSON.stringify([one.schema, one.name]),
        one,
      ]),
    );
    const whole = {
      ...partly,
      tables: state.tables.flatMap(([, schema, name]) => tables.get(JSON.stringify([schema, name])) ?? []),
    };
    return keepColumns(former.catalog.tables, whole.tables) && keepColumns(former.catalog.views, whole.views)
      ? whole
      : readCatalog(connection, { schemas });
  };
  return async () => {
    const state = await readState(connection, schemas, former?.state.newest ?? 0);
    const catalog = await read(state);
    former = { state, catalog };
    return catalog;
  };
}

/** Whether what did not change itself is printed as before. */
const isComparable = (before: State, now: State): boolean =>
  !before.isAmbiguous &&
  !now.isAmbiguous &&
  before.names === now.formerNames &&
  JSON.stringify(before.world) === JSON.stringify(now.world);
