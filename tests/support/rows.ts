import { randomInt, randomUUID } from "node:crypto";
import { is } from "drizzle-orm";
import { getTableConfig, type PgColumn, PgTable } from "drizzle-orm/pg-core";
import { z } from "zod";
import * as schema from "../../src/schema/index.ts";
import type { Sql, Transaction } from "./database.ts";

/** Every table of the schema with the name that its module exports it by, so that a new one is covered at once. */
export const managedTables: readonly (readonly [exportedAs: string, table: PgTable])[] = Object.entries(
  schema,
).flatMap(([name, value]) => (is(value, PgTable) ? [[name, value] as const] : []));

/** A value for a column, as PostgreSQL's text: small, positive, and random where a column may be unique. */
function sample(column: PgColumn): string {
  const first = column.enumValues?.[0];
  if (first !== undefined) return first;
  const type = column.getSQLType().replace(/\(.*/, "");
  switch (type) {
    case "uuid":
      return randomUUID();
    case "varchar":
    case "text":
      return randomUUID().slice(0, 3 + randomInt(5));
    case "numeric":
    case "integer":
      return String(1 + randomInt(99));
    case "boolean":
      return "true";
    case "date":
      return new Date(Date.UTC(2020, 0, randomInt(3000))).toISOString().slice(0, 10);
    case "timestamp":
    case "timestamp with time zone":
      return "2026-01-02T03:04:05Z";
    case "jsonb":
      return "{}";
    case "text[]":
      return "{}";
    default:
      throw new Error(`no sample for ${column.name} of type ${type}`);
  }
}

/** The values of a row, by column name, each as PostgreSQL's text. */
export type Row = Record<string, string | null>;

/**
 * Inserts a valid row of the user's, and first the rows that it must point at, through the session as it is: whoever
 * it has become. `values` override what would be made up.
 */
export async function insertRow(
  sql: Sql | Transaction,
  table: PgTable,
  userId: string,
  values: Row = {},
): Promise<Row> {
  const row = await makeRow(sql, table, userId, values);
  await sql`insert into ${sql(getTableConfig(table).name)} ${sql(row)}`;
  return row;
}

/** The same row, not inserted; what it must point at is. */
export async function makeRow(
  sql: Sql | Transaction,
  table: PgTable,
  userId: string,
  values: Row = {},
): Promise<Row> {
  const { columns, foreignKeys } = getTableConfig(table);
  const row: Row = { id: randomUUID(), user_id: userId, ...values };
  for (const { reference } of foreignKeys) {
    const { columns: from, foreignTable } = reference();
    const column = from[0];
    if (column === undefined || column.name in row || !column.notNull) continue;
    const parent = await insertRow(sql, foreignTable, userId);
    row[column.name] = z.string().parse(parent["id"]);
  }
  for (const column of columns) {
    if (column.name in row || !column.notNull || column.hasDefault) continue;
    row[column.name] = sample(column);
  }
  return row;
}
