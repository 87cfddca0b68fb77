import type { Queryable, Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteQualified } from "drizzle-deploy/sql";
import { getTableConfig } from "drizzle-orm/pg-core";
import { z } from "zod";
import { type TableName, tableNames, tables, writableNames } from "../schema/tables.ts";
import { spfp, spfpNames } from "../spfp.ts";

/** A table that has rows of users, as this database has it. */
export interface UserTable {
  readonly schema: string;
  readonly name: string;
  /** Its columns, the id first. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The table as a person knows it: `public.accounts`. */
export const labelOf = ({ schema, name }: Pick<UserTable, "schema" | "name">): string => `${schema}.${name}`;

/** The table as SQL knows it. */
export const quoted = ({ schema, name }: Pick<UserTable, "schema" | "name">): string =>
  quoteQualified(schema, name);

const nameInDatabase = (name: TableName): string => getTableConfig(tables[name]).name;

/**
 * The managed tables in an order in which their rows can be deleted: whoever points to another comes before it, and what
 * a trigger writes while others are deleted comes last.
 * @throws RangeError where tables point to each other in a circle
 */
export function deletionOrder(): string[] {
  const left = new Map(
    writableNames.map((name) => {
      const { foreignKeys } = getTableConfig(tables[name]);
      const targets = foreignKeys.map((key) => getTableConfig(key.reference().foreignTable).name);
      return [nameInDatabase(name), targets];
    }),
  );
  const order: string[] = [];
  while (left.size > 0) {
    const free = [...left.keys()].filter((name) =>
      [...left].every(([other, targets]) => other === name || !targets.includes(name)),
    );
    if (free.length === 0)
      throw new RangeError(`these tables point to each other: ${[...left.keys()].join(", ")}`);
    for (const name of free) left.delete(name);
    order.push(...free);
  }
  return [...order, ...tableNames.map(nameInDatabase).filter((name) => !order.includes(name))];
}

const foundSchema = z.array(
  z.object({
    schema: z.string(),
    name: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
  }),
);

/**
 * The tables of this database that have rows of users, in the order of their deletion: the managed ones, as far as they
 * are there, and what a rollback moved out of the way.
 */
export async function findUserTables(sql: Queryable): Promise<UserTable[]> {
  const order = deletionOrder();
  const found = foundSchema.parse([
    ...(await sql.unsafe(
      `select n.nspname as schema, c.relname as name,
         json_agg(json_build_object('name', a.attname, 'type', t.typname)
           order by a.attname <> 'id', a.attnum) as columns
       from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       join pg_catalog.pg_type t on t.oid = a.atttypid
       where c.relkind in ('r', 'p') and not c.relispartition
         and (n.nspname = $1 and c.relname in (select json_array_elements_text($2::text::json)) or n.nspname = $3)
       group by n.nspname, c.relname
       having bool_or(a.attname = 'id' and t.typname = 'uuid') and bool_or(a.attname = 'user_id' and t.typname = 'uuid')
       order by n.nspname, c.relname`,
      [spfp.schemas[0], JSON.stringify(order), spfpNames.archiveSchema],
    )),
  ]);
  // What was moved away is pointed to by nothing.
  const place = ({ schema, name }: UserTable): number =>
    schema === spfpNames.archiveSchema ? -1 : order.indexOf(name);
  return found.toSorted((one, other) => place(one) - place(other));
}

/** Whether it is the trail, which a trigger writes. */
export const isTrail = ({ schema, name }: UserTable): boolean =>
  schema === spfp.schemas[0] && name === nameInDatabase("automationPermissionsAudit");

/** Whether deleting its rows makes the trigger write to the trail. */
export const isAudited = ({ schema, name }: UserTable): boolean =>
  schema === spfp.schemas[0] && name === nameInDatabase("automationPermissions");

const countSchema = z.tuple([z.object({ rows: z.coerce.number().int() })]);

/** How many rows a query counts as `rows`. */
export async function countRows(sql: Queryable, query: string, parameters: string[]): Promise<number> {
  return countSchema.parse([...(await sql.unsafe(query, parameters))])[0].rows;
}

/** How many rows of a user each table has. */
export async function countOfUser(
  sql: Queryable,
  tablesOfUsers: readonly UserTable[],
  userId: string,
): Promise<{ table: string; rows: number }[]> {
  const counts: { table: string; rows: number }[] = [];
  for (const table of tablesOfUsers) {
    const query = `select count(*) as rows from ${quoted(table)} where user_id = $1::uuid`;
    counts.push({ table: labelOf(table), rows: await countRows(sql, query, [userId]) });
  }
  return counts;
}

/** Types whose JSON is a number that JavaScript would round, and one that keeps its line breaks. */
const casts: Readonly<Record<string, string>> = { numeric: "text", int8: "text", json: "jsonb" };

/**
 * The query of a user's rows of a table as JSON, one a line, in the order of their ids. Numbers of any length are text,
 * times ISO 8601 to the microsecond; `$1` is the user. Runs under {@link exactSettings}.
 */
export function linesQuery(table: UserTable): string {
  const columns = table.columns.map(({ name, type }) => {
    const column = quoteIdentifier(name);
    const cast = casts[type];
    return cast === undefined ? column : `${column}::${cast} as ${column}`;
  });
  return `select row_to_json(one)::text as line
    from (select ${columns.join(", ")} from ${quoted(table)} where user_id = $1::uuid order by id) one`;
}

/**
 * For a transaction in which rows are read: values are printed in one form whatever the role's own settings are, and
 * PostgreSQL refuses, as it does for pg_dump, to read what row-level security would hide a part of.
 */
export const exactSettings = `select set_config('row_security', 'off', true), set_config('TimeZone', 'UTC', true),
  set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true)`;

const lineSchema = z.object({ line: z.string() });

/** A user's rows of a table as {@link linesQuery} has them, some hundred at a time. */
export async function* linesOfUser(
  sql: Pick<Transaction, "unsafe">,
  table: UserTable,
  userId: string,
): AsyncGenerator<string[], void, undefined> {
  const cursor = sql.unsafe(linesQuery(table), [userId]).cursor(500);
  for await (const rows of cursor) yield rows.map((row) => lineSchema.parse(row).line);
}
