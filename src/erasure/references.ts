import type { Queryable } from "drizzle-deploy/postgres";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { z } from "zod";
import { countRows, labelOf, quoted, type UserTable } from "./user-tables.ts";

/** What a foreign key does to the rows that point to one which is deleted. */
export type OnDelete = "refuse" | "delete" | "unlink";

/** A foreign key to a table of users' rows, or to the logins themselves. */
export interface Reference {
  readonly constraint: string;
  /** The table whose rows point. */
  readonly from: { readonly schema: string; readonly name: string };
  readonly to: { readonly schema: string; readonly name: string };
  readonly columns: readonly { readonly from: string; readonly to: string }[];
  readonly onDelete: OnDelete;
  /** Whether the pointing column may be empty. */
  readonly isNullable: boolean;
  /** Whether the connected role sees all of its rows. */
  readonly isReadable: boolean;
  /** Whether the table that points is one of users' rows, too. */
  readonly isOfUsers: boolean;
}

/** Where logins are. */
export const logins = { schema: "auth", name: "users" } as const;

const isSame = (one: Reference["from"], other: Reference["from"]): boolean =>
  one.schema === other.schema && one.name === other.name;

/** Whether it points to logins, and not to rows. */
export const isToLogins = ({ to }: Reference): boolean => isSame(to, logins);

/** Whether it says whose a row is: deleting the rows is what an erasure does first. */
export const isOwner = ({ isOfUsers, columns, to }: Reference): boolean =>
  isSame(to, logins) && isOfUsers && columns.length === 1 && columns[0]?.from === "user_id";

const referencesSchema = z.array(
  z.object({
    constraint: z.string(),
    from: z.object({ schema: z.string(), name: z.string() }),
    to: z.object({ schema: z.string(), name: z.string() }),
    columns: z.array(z.object({ from: z.string(), to: z.string() })),
    action: z.enum(["a", "r", "c", "n", "d"]),
    isNullable: z.boolean(),
    isReadable: z.boolean(),
  }),
);

// pg_constraint.confdeltype: no action, restrict, cascade, set null, set default.
const actions = { a: "refuse", r: "refuse", c: "delete", n: "unlink", d: "unlink" } as const;

/** Every foreign key of the database that points to these tables, or to the logins; also from tables that are not ours. */
export async function findReferences(sql: Queryable, tables: readonly UserTable[]): Promise<Reference[]> {
  const rows = await sql.unsafe(
    `select k.conname as constraint,
       json_build_object('schema', fn.nspname, 'name', f.relname) as from,
       json_build_object('schema', tn.nspname, 'name', t.relname) as to,
       (select json_agg(json_build_object('from', fa.attname, 'to', ta.attname) order by at)
        from unnest(k.conkey, k.confkey) with ordinality as pair (f, t, at)
        join pg_catalog.pg_attribute fa on fa.attrelid = k.conrelid and fa.attnum = pair.f
        join pg_catalog.pg_attribute ta on ta.attrelid = k.confrelid and ta.attnum = pair.t) as columns,
       k.confdeltype as action,
       (select bool_and(not a.attnotnull) from pg_catalog.pg_attribute a
        where a.attrelid = k.conrelid and a.attnum = any (k.conkey)) as "isNullable",
       pg_catalog.has_schema_privilege(fn.oid, 'USAGE') and pg_catalog.has_table_privilege(f.oid, 'SELECT')
         and not pg_catalog.row_security_active(f.oid) as "isReadable"
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class f on f.oid = k.conrelid join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
     join pg_catalog.pg_class t on t.oid = k.confrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
     where k.contype = 'f' and k.conparentid = 0
       and (tn.nspname || '.' || t.relname in (select json_array_elements_text($1::text::json))
         or tn.nspname = 'auth' and t.relname = 'users')
     order by fn.nspname, f.relname, k.conname`,
    [JSON.stringify(tables.map(labelOf))],
  );
  return referencesSchema.parse([...rows]).map(({ action, ...reference }) => ({
    ...reference,
    onDelete: actions[action],
    isOfUsers: tables.some((table) => isSame(table, reference.from)),
  }));
}

/** Which of the pointing rows are counted: those of other users, or the user's own. */
export type Whose = "others" | "own";

function pointing({ from, to, columns, isOfUsers }: Reference, whose: Whose, isSome: boolean): string {
  const joined = columns
    .map((pair) => `f.${quoteIdentifier(pair.from)} = t.${quoteIdentifier(pair.to)}`)
    .join(" and ");
  const own = whose === "own" ? "f.user_id = $1::uuid" : "f.user_id is distinct from $1::uuid";
  const some = isSome
    ? "and t.id in (select one::uuid from json_array_elements_text($2::text::json) one)"
    : "";
  return `from ${quoted(from)} f join ${quoted(to)} t on ${joined}
    where t.user_id = $1::uuid ${some} ${isOfUsers ? `and ${own}` : ""}`;
}

/**
 * How many rows point to rows of the user.
 * @param ids of the rows that are pointed to; all of the user's where they are left out
 */
export function countPointing(
  sql: Queryable,
  reference: Reference,
  userId: string,
  whose: Whose,
  ids?: readonly string[],
): Promise<number> {
  return countRows(
    sql,
    `select count(*) as rows ${pointing(reference, whose, ids !== undefined)}`,
    ids === undefined ? [userId] : [userId, JSON.stringify(ids)],
  );
}

const exampleSchema = z.array(z.object({ id: z.string() }));

/** The ids of some of the rows of others that point to rows of the user; none of a table that is not ours. */
export async function examplesPointing(
  sql: Queryable,
  reference: Reference,
  userId: string,
): Promise<string[]> {
  if (!reference.isOfUsers) return [];
  const rows = await sql.unsafe(
    `select f.id::text ${pointing(reference, "others", false)} order by f.id limit 3`,
    [userId],
  );
  return exampleSchema.parse([...rows]).map(({ id }) => id);
}

/** How many rows of others point to the user's login; one that says whose a row is points to nothing of others. */
export function countPointingToLogin(sql: Queryable, reference: Reference, userId: string): Promise<number> {
  const [pair] = reference.columns;
  const column = quoteIdentifier(pair?.from ?? "user_id");
  return countRows(
    sql,
    `select count(*) as rows from ${quoted(reference.from)} where ${column} = $1::uuid
     ${reference.isOfUsers ? "and user_id is distinct from $1::uuid" : ""}`,
    [userId],
  );
}
