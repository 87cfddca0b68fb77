import { quoteIdentifier, quoteLiteral } from "drizzle-deploy/sql";
import { getTableColumns, getTableName } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type Draws, drawsFor, uuidOf } from "./random.ts";

/** What every table's rows are made from. */
export interface Ground {
  seed: number;
  /** The business date, `YYYY-MM-DD`, that all other dates are counted from. */
  today: string;
  users: number;
  /** Rows of a table that has this many at scale 1. */
  scaled: (rows: number) => number;
}

/** One SQL expression for each column that has no default; the compiler sees to it that none is forgotten. */
type Expressions<Table extends PgTable> = { [Column in keyof Table["$inferInsert"]]: string };

/** A table and the query of the rows that fill it, which reads no table. */
export interface Fill {
  /** Qualified. */
  table: string;
  columns: string;
  rows: string;
}

/** What the expressions of one table may use beside `i` (row number from 0), `u` (user number from 1) and `k`. */
export interface RowContext extends Draws {
  /** The id of the row itself. */
  id: string;
  /** The id of user `u`. */
  userId: string;
  /** The id of another table's row, by its number. */
  idOf: (table: string, row: string) => string;
  /** `timestamp`, at a drawn time of day, this many days (an expression) before the business date. */
  daysAgo: (column: string, days: string) => string;
  /** `timestamp` that grows with the row number over this many days and ends before the business date. */
  arrival: (days: number) => string;
}

/** A UTC `timestamp` as `timestamptz`, whatever time zone the session has. */
export const zoned = (timestamp: string) => `(${timestamp}) at time zone 'UTC'`;

/** Tenant sizes: user number = 1 + floor(users × r⁴). Multiplied out, because `power` may differ between platforms. */
function skewedUser(users: number, draws: Draws): string {
  const r = draws.uniform("user");
  return `1 + floor(${users} * ((${r} * ${r}) * (${r} * ${r})))::bigint`;
}

interface Source<Table extends PgTable> {
  table: Table;
  /** `skewed`: this many rows at scale 1, over tenants of very different size; `each`: this many for every user. */
  rows: { skewed: number } | { each: number; where?: string };
  columns: (row: RowContext) => Expressions<Table>;
}

/**
 * The statement that fills a table. Rows of one tenant are never next to each other: they come one by one from a
 * single series, as they would have come in from many users at once.
 */
export function fill<Table extends PgTable>(ground: Ground, source: Source<Table>): Fill {
  const name = getTableName(source.table);
  const { rows } = source;
  const draws = drawsFor(ground.seed, name, "i");
  const count = "each" in rows ? rows.each * ground.users : ground.scaled(rows.skewed);
  const numbers =
    "each" in rows
      ? `1 + i % ${ground.users} as u, i / ${ground.users} as k`
      : `${skewedUser(ground.users, draws)} as u`;
  const today = `${quoteLiteral(ground.today)}::date`;
  const context: RowContext = {
    ...draws,
    id: uuidOf(ground.seed, name, "each" in rows ? "u * 100 + k" : "i"),
    userId: uuidOf(ground.seed, "users", "u"),
    idOf: (table, row) => uuidOf(ground.seed, table, row),
    daysAgo: (column, days) =>
      `(${today} - (${days})::int) + interval '1 second' * ${draws.integer(column, 0, 86_399)}`,
    arrival: (days) =>
      `(${today} - ${days}) + interval '1 second' * floor((i + ${draws.uniform("arrival")}) * ${(days - 1) * 86_400} / ${count})`,
  };
  const columns = getTableColumns(source.table);
  const entries = Object.entries<string | undefined>(source.columns(context)).flatMap(([key, expression]) => {
    const column = columns[key];
    if (column === undefined || expression === undefined) return [];
    // In the binary format of COPY a value is of the column's own type.
    return [{ name: quoteIdentifier(column.name), expression: `(${expression})::${column.getSQLType()}` }];
  });
  const where = "each" in rows && rows.where !== undefined ? ` where ${rows.where}` : "";
  return {
    table: `public.${name}`,
    columns: entries.map((entry) => entry.name).join(", "),
    // OFFSET 0 keeps the planner from pulling the subquery up, which would compute the user again for each column.
    rows: `select ${entries.map((entry) => entry.expression).join(",\n        ")}
      from (select i, ${numbers} from generate_series(0::bigint, ${count - 1}) i offset 0) numbered${where}`,
  };
}

/** The users themselves, in Supabase's table, of which only what every version of it has is filled. */
export function fillUsers(ground: Ground): Fill {
  return {
    table: "auth.users",
    columns: "id, email",
    rows: `select ${uuidOf(ground.seed, "users", "u")}, 'user' || lpad(u::text, greatest(4, length(u::text)), '0') || '@example.test'
      from generate_series(1::bigint, ${ground.users}) u`,
  };
}
