import { getTableColumns } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/pg-core";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import type { TaskStatus } from "../../../src/schema/index.ts";
import { validators } from "../../../src/validation/index.ts";
import { createDatabase, sqlstate } from "../../support/database.ts";
import { insertRow, managedTables } from "../../support/rows.ts";

const database = await createDatabase("deployed");
const catalog = await readCatalog(database.sql, { schemas: ["public"] });

const validatorsByTable: Record<string, { row: z.ZodObject; insert?: z.ZodObject }> = validators;

const literals = managedTables.flatMap(([exportedAs, table]) => {
  const { name, columns } = getTableConfig(table);
  return columns.flatMap((column) =>
    column.enumValues === undefined || column.enumValues.length === 0
      ? []
      : [{ name: `${name}.${column.name}`, exportedAs, table, column, values: column.enumValues }],
  );
});

/** The values that each column's check constraint names, in its order. */
const checked = new Map(
  catalog.tables.flatMap((table) =>
    table.constraints
      .filter((constraint) => constraint.type === "c" && / = ANY /.test(constraint.definition))
      .map(({ columns, definition }) => [
        `${table.name}.${columns.join()}`,
        [...definition.matchAll(/'((?:[^']|'')*)'::character varying/g)].map(([, value]) => value),
      ]),
  ),
);

it("every column that PostgreSQL holds to a list of values has a literal union of just these", () => {
  expect(new Map(literals.map(({ name, values }) => [name, values]))).toEqual(checked);
  expect(checked.size).toBeGreaterThan(0);
});

it.each(managedTables)("the validators of %s are of its own columns", (exportedAs, table) => {
  const columns = Object.entries(getTableColumns(table));
  const { row, insert } = validatorsByTable[exportedAs] ?? {};
  expect(Object.keys(row?.shape ?? {}).sort()).toEqual(columns.map(([key]) => key).sort());
  for (const [key, column] of columns) {
    const field = insert?.shape[key];
    if (insert && !column.generated)
      expect(field?.safeParse(undefined).success, key).toBe(!column.notNull || column.hasDefault);
  }
});

it("there are validators of managed tables, and of no others", () => {
  expect(Object.keys(validators).sort()).toEqual(managedTables.map(([exportedAs]) => exportedAs).sort());
});

it("what a validator lets through has the types of its table", () => {
  type Task = z.infer<typeof validators.operationalTasks.insert>;
  expectTypeOf<Task["status"]>().toEqualTypeOf<TaskStatus | undefined>();
  expectTypeOf<Task["title"]>().toEqualTypeOf<string>();
  expectTypeOf<z.infer<typeof validators.operationalTasks.row>["dueDate"]>().toEqualTypeOf<string | null>();
  expectTypeOf(validators).not.toHaveProperty("nosuch");
  expectTypeOf(validators.automationPermissionsAudit).not.toHaveProperty("insert");
});

describe.each(literals)("$name", ({ exportedAs, table, column, values }) => {
  const length = Number(/\((\d+)\)/.exec(column.getSQLType())?.[1] ?? Number.POSITIVE_INFINITY);
  const key = Object.entries(table).find(([, value]) => value === column)?.[0] ?? "";
  const others = [
    "zzz",
    "",
    ...values.flatMap((value) => [value.toUpperCase(), value.toLowerCase(), `${value} `, value.slice(1)]),
  ].filter((value) => !values.includes(value) && value.length <= length);

  const accepted = (value: string | null) =>
    sqlstate(
      database.transaction(async (sql) => {
        const [user] = await sql`insert into auth.users (id) values (gen_random_uuid()) returning id::text`;
        await insertRow(sql, table, String(user?.["id"]), { [column.name]: value });
      }),
    );

  it.each([...values])("accepts %s", async (value) => {
    expect(await accepted(value)).toBeUndefined();
  });

  it("accepts no other value", async () => {
    for (const value of new Set(others)) expect([value, await accepted(value)]).toEqual([value, "23514"]);
  });

  it(`${column.notNull ? "refuses" : "accepts"} null`, async () => {
    expect(await accepted(null)).toBe(column.notNull ? "23502" : undefined);
  });

  it("has a validator of the same opinion", () => {
    const both = validatorsByTable[exportedAs];
    for (const schema of [both?.row, both?.insert]) {
      if (schema === undefined) continue;
      const field = schema.shape[key];
      for (const value of values) expect(field?.safeParse(value).success, value).toBe(true);
      for (const value of others) expect(field?.safeParse(value).success, value).toBe(false);
      expect(field?.safeParse(null).success).toBe(!column.notNull);
    }
    expect(both?.row).toBeDefined();
  });
});
