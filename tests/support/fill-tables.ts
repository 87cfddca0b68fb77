import { type Catalog, readCatalog, type Table } from "../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  quoteIdentifier,
  quoteLiteral,
  quoteQualified,
} from "../../packages/drizzle-deploy/src/sql/quote.ts";
import type { Sql } from "./database.ts";

type Column = Table["columns"][number];

/** A value of a type for the nth row, as text; null where none is known. */
function sampleOf(
  type: string,
  n: number,
  { enums, domains }: Pick<Catalog, "enums" | "domains">,
): string | null {
  const plain = type.replace(/\(.*\)/, "");
  if (plain.endsWith("[]")) return "{}";
  const named = (one: { schema: string; name: string }): boolean =>
    [one.name, `${one.schema}.${one.name}`].includes(plain.replaceAll('"', ""));
  const label = enums.find(named)?.labels[0];
  if (label !== undefined) return label;
  const domain = domains.find(named);
  if (domain) return sampleOf(domain.type, n, { enums, domains: [] });
  switch (plain) {
    case "uuid":
      return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
    case "text":
    case "character varying":
    case "character":
      return `r${n}`;
    case "smallint":
    case "integer":
    case "bigint":
    case "numeric":
    case "real":
    case "double precision":
      return String(n);
    case "boolean":
      return "true";
    case "date":
      return "2026-01-02";
    case "timestamp with time zone":
    case "timestamp without time zone":
      return "2026-01-02T03:04:05Z";
    case "interval":
      return "1 day";
    case "json":
    case "jsonb":
      return "{}";
    case "bytea":
      return "\\x00";
    case "inet":
      return `10.0.0.${n}`;
    default:
      return null;
  }
}

/** What a column of the nth row gets; undefined for what the database fills by itself. */
function expressionOf(column: Column, table: Table, n: number, catalog: Catalog): string | undefined {
  if (column.generated !== null || column.identity !== null) return undefined;
  if (column.default?.startsWith("nextval(")) return undefined;
  const key = table.constraints.find(
    ({ references, columns }) => references !== null && columns.length === 1 && columns[0] === column.name,
  );
  if (key?.references) {
    const { schema, table: name, columns } = key.references;
    const [to = "id"] = columns;
    return `(SELECT ${quoteIdentifier(to)} FROM ${quoteQualified(schema, name)} ORDER BY 1 LIMIT 1)`;
  }
  const value = sampleOf(column.type, n, catalog);
  return value === null ? "NULL" : quoteLiteral(value);
}

/**
 * Puts some rows into every table that takes what is made up, those that others point at first, and tells with which
 * statements: they do the same in another database that is at the same migration.
 */
export async function fillTables(sql: Sql, schemas: readonly string[]): Promise<string[]> {
  const catalog = await readCatalog(sql, { schemas });
  const done: string[] = [];
  let left = catalog.tables.filter(({ partition }) => partition === null);
  for (let pass = 0; pass < 3 && left.length > 0; pass += 1) {
    const refused: Table[] = [];
    for (const table of left) {
      const rows = [1, 2].map((n) => {
        const pairs = table.columns.flatMap((column) => {
          const expression = expressionOf(column, table, n, catalog);
          return expression === undefined ? [] : [[quoteIdentifier(column.name), expression] as const];
        });
        const into = quoteQualified(table.schema, table.name);
        return pairs.length === 0
          ? `INSERT INTO ${into} DEFAULT VALUES`
          : `INSERT INTO ${into} (${pairs.map(([name]) => name).join(", ")}) VALUES (${pairs.map(([, value]) => value).join(", ")})`;
      });
      const taken = await sql
        .begin(async (transaction) => {
          for (const row of rows) await transaction.unsafe(row);
          return true;
        })
        .catch(() => false);
      if (taken) done.push(...rows);
      else refused.push(table);
    }
    left = refused;
  }
  return done;
}
