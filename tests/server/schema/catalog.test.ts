import { is } from "drizzle-orm";
import { getTableConfig, getViewConfig, PgColumn, PgTable } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import * as schema from "../../../src/schema/index.ts";
import { viewDefinitions } from "../../../src/views/definitions.ts";
import { createDatabase } from "../../support/database.ts";

const tables = Object.values(schema).filter((value) => is(value, PgTable));

const database = await createDatabase("deployed");
const catalog = await readCatalog(database.sql, { schemas: ["public"] });

/** PostgreSQL's own name for each type, so that `varchar(20)` and `character varying(20)` compare equal. */
const typeNames = new Map<string, string>();
const columns = [
  ...tables.flatMap((table) => getTableConfig(table).columns),
  ...viewDefinitions.flatMap(({ view }) => viewColumns(view)),
];
const spellings = [...new Set(columns.map((column) => column.getSQLType()))];
// By way of a table, since only PostgreSQL 17 and later tell of a text which type it is.
for (const row of z.array(z.object({ at: z.int(), name: z.string() })).parse(
  await database.transaction(async (sql) => {
    await sql.unsafe(
      `create temporary table spelled (${spellings.map((spelling, at) => `c${at} ${spelling}`).join(", ")})`,
    );
    return [
      ...(await sql`
        select attnum - 1 as at, format_type(atttypid, atttypmod) as name from pg_attribute
        where attrelid = 'spelled'::regclass and attnum > 0`),
    ];
  }),
)) {
  typeNames.set(spellings[row.at] ?? "", row.name);
}

function viewColumns(view: (typeof viewDefinitions)[number]["view"]) {
  return Object.values(getViewConfig(view).selectedFields).filter((field) => is(field, PgColumn));
}

const typeOf = (column: PgColumn) => typeNames.get(column.getSQLType());

describe("the schema's tables are those of the database", () => {
  it("one for one", () => {
    expect(tables.map((table) => getTableConfig(table).name).sort()).toEqual(
      catalog.tables.map((table) => table.name).sort(),
    );
  });

  it.each(tables.map((table) => [getTableConfig(table).name, table] as const))("%s", (name, table) => {
    const config = getTableConfig(table);
    const live = catalog.tables.find((each) => each.name === name);
    expect(
      config.columns
        .map((column) => ({
          name: column.name,
          type: typeOf(column),
          nullable: !column.notNull,
          generated: column.generated !== undefined,
          default: column.hasDefault && column.generated === undefined,
        }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    ).toEqual(
      live?.columns
        .map((column) => ({
          name: column.name,
          type: column.type,
          nullable: column.nullable,
          generated: column.generated !== null,
          default: column.default !== null,
        }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    );
    expect(config.enableRLS).toBe(live?.rowSecurity);
  });
});

describe("the typed columns of the views are those of the database", () => {
  it("one for one", () => {
    expect(viewDefinitions.map(({ view }) => getViewConfig(view).name).sort()).toEqual(
      catalog.views.map((view) => view.name).sort(),
    );
  });

  it.each(viewDefinitions.map(({ view }) => [getViewConfig(view).name, view] as const))(
    "%s",
    (name, view) => {
      const live = catalog.views.find((each) => each.name === name);
      expect(viewColumns(view).map((column) => ({ name: column.name, type: typeOf(column) }))).toEqual(
        live?.columns.map(({ name, type }) => ({ name, type })),
      );
    },
  );
});
