import type { Sql, Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteLiteral } from "drizzle-deploy/sql";
import { z } from "zod";
import {
  isLive,
  type Reference,
  type RowChange,
  references,
  rowChangesSchema,
  type StandInTable,
  standInName,
  standInValues,
} from "../fixes/index.ts";

/** What the functions here need of a handle: a connection, or a transaction on one. */
type Queryable = Sql | Transaction;

/** Rows of a user that refer to one and the same row of another user. */
export const crossingSchema = z.strictObject({
  table: z.string(),
  column: z.string(),
  /** Whose rows they are. */
  userId: z.guid(),
  /** How many, deleted ones included. */
  rows: z.int().positive(),
  /** The table and the id of the row that they refer to. */
  to: z.string(),
  otherId: z.guid(),
  /** Whose that row is. */
  otherUserId: z.guid(),
  /** What a fix does with the reference. */
  way: z.enum(["stand-in", "null"]),
});

export type Crossing = z.infer<typeof crossingSchema>;

const columnsSchema = z.array(z.object({ table: z.string(), column: z.string() }));
const idsSchema = z.array(z.object({ id: z.guid() }));

/** The references that this database has the columns of: one without the tables has none, older ones not all. */
async function referencesHere(sql: Queryable): Promise<readonly Reference[]> {
  const columns = columnsSchema.parse([
    ...(await sql`
      select c.relname as table, a.attname as column
      from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = pg_catalog.to_regnamespace('public') and c.relkind in ('r', 'p')
        and a.attnum > 0 and not a.attisdropped`),
  ]);
  const known = new Set(columns.map(({ table, column }) => `${table}.${column}`));
  const has = (table: string, ...names: string[]) => names.every((name) => known.has(`${table}.${name}`));
  return references.filter(
    ({ table, column, to }) => has(table, "id", "user_id", column) && has(to, "id", "user_id"),
  );
}

/** SQL: rows of a table as `child` that refer to a row of another user, which is `other`. */
const crossing = ({ table, column, to }: Reference): string =>
  `public.${quoteIdentifier(table)} child
     join public.${quoteIdentifier(to)} other
       on other.id = child.${quoteIdentifier(column)} and other.user_id <> child.user_id`;

/**
 * Finds every reference to a row of another user. Changes nothing; reads every row. Ordered by table, column, user and
 * the row that is referred to.
 */
export async function findCrossings(sql: Queryable): Promise<Crossing[]> {
  const here = await referencesHere(sql);
  if (here.length === 0) return [];
  const rows = await sql.unsafe(
    `${here
      .map(
        (
          reference,
        ) => `select ${quoteLiteral(reference.table)} as "table", ${quoteLiteral(reference.column)} as "column",
           child.user_id as "userId", count(*)::int as rows, ${quoteLiteral(reference.to)} as "to", other.id as "otherId",
           other.user_id as "otherUserId", ${quoteLiteral(reference.way)} as way
         from ${crossing(reference)} group by child.user_id, other.id, other.user_id`,
      )
      .join("\nunion all\n")}
     order by "table", "column", "userId", "otherId"`,
  );
  return z.array(crossingSchema).parse([...rows]);
}

/** Finds the rows that a fix of a reference has to change. */
async function findRows(sql: Queryable, reference: Reference): Promise<string[]> {
  const rows = await sql.unsafe(`select child.id from ${crossing(reference)} order by child.id`);
  return idsSchema.parse([...rows]).map(({ id }) => id);
}

/** Every reference of this database that crosses, with the rows where it does. */
export async function findCrossingRows(
  sql: Queryable,
): Promise<{ readonly reference: Reference; readonly ids: readonly string[] }[]> {
  const found: { reference: Reference; ids: string[] }[] = [];
  for (const reference of await referencesHere(sql)) {
    const ids = await findRows(sql, reference);
    if (ids.length > 0) found.push({ reference, ids });
  }
  return found;
}

const asked = "select id from json_to_recordset($1::text::json) as asked (id uuid)";

/** SQL: the user's own live row that stands in for the other one; null where there is none. */
const standIn = (table: StandInTable): string =>
  `(select own.id from public.${quoteIdentifier(table)} own
    where own.user_id = child.user_id and own.name = ${standInName("other.id")} and ${isLive(table, "own")}
    order by own.created_at, own.id limit 1)`;

/** Makes the rows that stand in for others and that their user does not have yet. */
async function makeStandIns(
  sql: Transaction,
  reference: Reference,
  table: StandInTable,
  parameters: readonly string[],
): Promise<RowChange[]> {
  const values = Object.entries(standInValues[table]);
  const rows = await sql.unsafe(
    `with made as (
       insert into public.${quoteIdentifier(table)} (${["user_id", "name", ...values.map(([column]) => column)].join(", ")})
       select distinct child.user_id, ${[standInName("other.id"), ...values.map(([, value]) => value)].join(", ")}
       from ${crossing(reference)}
       where child.id in (${asked}) and ${standIn(table)} is null
       on conflict do nothing
       returning id
     )
     select ${quoteLiteral(table)} as "table", id, 'id' as "column", null as before, id as after from made`,
    [...parameters],
  );
  return rowChangesSchema.parse([...rows]);
}

/**
 * Takes rows of one table away from what is another user's, as part of a transaction, which has to be READ COMMITTED:
 * where the reference may be null it is null then, and where not, it is to a row of the user's own that stands in for
 * the other one, made if there is none. The other row is not looked at beyond its id and its user: what it is called
 * and holds is nobody else's to know. Deleted rows move too, since they keep the other row from being deleted all the
 * same. Rows that do not cross any more are left alone.
 *
 * @param ids of the rows, as `findCrossingRows` gives them
 * @param waiting whether rows that somebody holds are waited for; else they are left for later
 */
export async function takeBackWithin(
  sql: Transaction,
  reference: Reference,
  ids: readonly string[],
  { waiting }: { readonly waiting: boolean },
): Promise<RowChange[]> {
  const { table, column } = reference;
  const locked = await sql.unsafe(
    `select child.id from ${crossing(reference)} where child.id in (${asked})
     order by child.id for update of child${waiting ? "" : " skip locked"}`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
  const parameters = [JSON.stringify(idsSchema.parse([...locked]))];
  const made =
    reference.way === "stand-in" ? await makeStandIns(sql, reference, reference.to, parameters) : [];
  const own = reference.way === "stand-in" ? standIn(reference.to) : "null::uuid";
  const name = quoteIdentifier(column);
  const moved = await sql.unsafe(
    `update public.${quoteIdentifier(table)} moved set ${name} = taken.own
     from (select child.id, other.id as other, ${own} as own from ${crossing(reference)} where child.id in (${asked})) taken
     where moved.id = taken.id${reference.way === "stand-in" ? " and taken.own is not null" : ""}
     returning ${quoteLiteral(table)} as "table", moved.id, ${quoteLiteral(column)} as "column",
       taken.other as before, taken.own as after`,
    parameters,
  );
  return [...made, ...rowChangesSchema.parse([...moved])];
}
