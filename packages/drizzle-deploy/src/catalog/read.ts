import type postgres from "postgres";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";
import { type Catalog, catalogSchema } from "./catalog.ts";
import { catalogQuery } from "./query.ts";

/**
 * Settings that change how PostgreSQL prints definitions and constants, at one value each, and `jit`, which costs
 * more than it saves on a query of many small parts. `pg_temp` goes last, or a temporary table would hide a real one
 * and change how it is printed.
 */
export function pinnedSettings(schemas: readonly string[]): Record<string, string> {
  return {
    search_path: [...schemas.map(quoteIdentifier), "pg_temp"].join(", "),
    quote_all_identifiers: "off",
    DateStyle: "ISO, YMD",
    IntervalStyle: "postgres",
    TimeZone: "UTC",
    extra_float_digits: "1",
    bytea_output: "hex",
    standard_conforming_strings: "on",
    xmlbinary: "base64",
    lc_monetary: "C",
    jit: "off",
    // Printing a definition takes a weak lock on its table, which waits for whoever rewrites it.
    lock_timeout: "10s",
  };
}

/** Where the caller's values wait, inside the transaction, until the query is done. */
const callersSettings = "catalog_reader.callers_settings";

const settingsSchema = z.tuple([z.object({ set_config: z.string() })]);
const callersSchema = z.object({ TimeZone: z.string() });

/** The caller's time zone, where it is not UTC by one of its names. */
function timeZoneOf(result: unknown): { timeZone?: string } {
  const answer = settingsSchema.safeParse(Array.isArray(result) ? [...result] : result);
  if (!answer.success) return {};
  const { TimeZone } = callersSchema.parse(JSON.parse(answer.data[0].set_config));
  return /^(etc\/)?(utc|gmt|uct|zulu|greenwich|universal)$/i.test(TimeZone) ? {} : { timeZone: TimeZone };
}

const rowSchema = z.tuple([z.object({ catalog: z.string(), unusable: z.string() })]);

/**
 * One message with several statements. Outside a transaction PostgreSQL runs them as one implicit transaction, at
 * whose end local settings vanish; inside the caller's, the last statement puts the caller's values back. Either
 * way it is one round trip, holds on a transaction pooler, and an error undoes the settings with the transaction.
 * PostgreSQL 17 manual, 53.2.2.1 "Multiple Statements in a Simple Query".
 */
function batch(schemas: readonly string[], query: string): string {
  const pinned = `pg_catalog.json_each_text(${quoteLiteral(JSON.stringify(pinnedSettings(schemas)))})`;
  const saved = `pg_catalog.current_setting('${callersSettings}')::pg_catalog.json`;
  return [
    `select pg_catalog.set_config('${callersSettings}', (select pg_catalog.json_object_agg(key,
      pg_catalog.current_setting(key)) from ${pinned})::pg_catalog.text, true)`,
    `select pg_catalog.set_config(key, value, true) from ${pinned}`,
    query,
    `select pg_catalog.set_config(key, value, true) from pg_catalog.json_each_text(${saved})`,
  ].join(";\n");
}

/**
 * Reads the catalog of the given schemas in one round trip, on a pool, a single connection or inside the caller's
 * transaction; takes no lock that blocks anybody and leaves the session's settings as they were. A schema that does
 * not exist is absent from the result.
 *
 * Throws `PERMISSION_DENIED` where the role may not use one of the schemas (PostgreSQL would print its names
 * differently), and `CATALOG_UNREADABLE` for an answer that does not parse: DDL that commits meanwhile can do that,
 * since definitions are printed from the newest catalog and not from the query's snapshot. Errors of the connection
 * pass through.
 *
 * @param onlyTables the only tables to read, by their numbers: see `catalogQuery`
 * @example
 * const catalog = await readCatalog(sql, { schemas: ["public"] });
 */
export async function readCatalog(
  sql: Pick<postgres.ISql, "unsafe">,
  { schemas, onlyTables }: { schemas: readonly string[]; onlyTables?: readonly number[] | undefined },
): Promise<Catalog> {
  const results: unknown = await sql.unsafe(batch(schemas, catalogQuery(schemas, onlyTables))).simple();
  const row = rowSchema.safeParse(Array.isArray(results) ? results[2] : undefined);
  if (!row.success) throw unreadable(row.error);
  const [{ catalog, unusable }] = row.data;
  const denied = z.array(z.string()).parse(JSON.parse(unusable));
  if (denied.length > 0) {
    throw new DeployError(
      "PERMISSION_DENIED",
      `the role may not use schema ${denied.join(", ")}`,
      `Connect as the owner, or run: GRANT USAGE ON SCHEMA ${denied.map(quoteIdentifier).join(", ")} TO <role>;`,
    );
  }
  const parsed = catalogSchema.safeParse(JSON.parse(catalog));
  if (!parsed.success) throw unreadable(parsed.error);
  const timeZone = timeZoneOf(Array.isArray(results) ? results[0] : undefined);
  return { ...parsed.data, server: { ...parsed.data.server, ...timeZone } };
}

function unreadable(error: z.ZodError): DeployError {
  return new DeployError(
    "CATALOG_UNREADABLE",
    `the server's catalog does not have the expected shape: ${z.prettifyError(error)}`,
    "Run it again: another session may have changed the schema meanwhile. If it stays, the server is newer than this version knows.",
    { cause: error },
  );
}
