import { getTableColumns, sql } from "drizzle-orm";
import { check, integer, numeric, pgTable, real, varchar } from "drizzle-orm/pg-core";
import { expect, it } from "vitest";
import { oneOf } from "../../../src/schema/columns.ts";
import { tableNames, tables } from "../../../src/schema/tables.ts";
import { boundsOf } from "../../../src/validation/checks.ts";
import { validators } from "../../../src/validation/index.ts";
import { valueSchemas } from "../../../src/validation/values.ts";

const shelf = pgTable(
  "shelf",
  { height: integer("height"), price: numeric("price", { precision: 4, scale: 1 }), kind: varchar("kind") },
  (t) => [
    check("shelf_height", sql`${t.height} > 0 and ${t.height} <= 300`),
    check("shelf_price", sql`${t.price} >= -0.5`),
    check("shelf_price_more", sql`${t.price} < 20`),
  ],
);

it("a check constraint that compares gives its column bounds", () => {
  expect(boundsOf(shelf)).toEqual(
    new Map([
      [
        "height",
        [
          { operator: ">", than: "0" },
          { operator: "<=", than: "300" },
        ],
      ],
      [
        "price",
        [
          { operator: ">=", than: "-0.5" },
          { operator: "<", than: "20" },
        ],
      ],
    ]),
  );
});

it("bounds hold to the last decimal", () => {
  const { written, read } = valueSchemas(shelf.price, boundsOf(shelf).get("price") ?? []);
  for (const inside of ["-0.5", "-0.50", "-0.4", "0", "19.9", "19.900"])
    expect(written.safeParse(inside).success, inside).toBe(true);
  for (const outside of ["-0.6", "20", "20.0", "20.1", "19.99", "1000", "NaN"])
    expect(written.safeParse(outside).success, outside).toBe(false);
  // Greater than every number, to PostgreSQL.
  expect(read.safeParse("NaN").success).toBe(false);
});

it("a bound is told as zod tells it, in whatever language zod speaks", () => {
  const { written } = valueSchemas(shelf.price, boundsOf(shelf).get("price") ?? []);
  expect(written.safeParse("20").error?.issues).toMatchObject([
    { code: "too_big", maximum: 20, inclusive: false, message: "Too big: expected number to be <20" },
  ]);
  expect(written.safeParse("-1").error?.issues).toMatchObject([
    { code: "too_small", minimum: -0.5, inclusive: true, message: "Too small: expected number to be >=-0.5" },
  ]);
});

it.each([
  ["another comparison", sql`${shelf.height} <> 5`],
  ["two columns", sql`${shelf.height} > ${shelf.price}`],
  ["an alternative", sql`${shelf.height} > 5 or ${shelf.height} < 3`],
  ["a list of values of a column without literals", sql`${shelf.kind} in ('oak', 'pine')`],
])("a check constraint with %s is refused, and not passed over", (_what, condition) => {
  const table = pgTable("shelf", { height: integer("height") }, () => [check("shelf_check", condition)]);
  expect(() => boundsOf(table)).toThrow(
    /^no validator for check shelf_check of shelf, .*src\/validation\/checks.ts/,
  );
});

it("a list of values that a column has as its literals is its type, and no bound", () => {
  const kinds = ["oak", "pine"] as const;
  const table = pgTable("shelf", { kind: varchar("kind", { enum: kinds }) }, (t) => [
    oneOf("shelf_kind", t.kind, kinds),
  ]);
  expect(boundsOf(table)).toEqual(new Map());
});

it("a column of a type or with bounds that nobody wrote a validator for is refused", () => {
  const table = pgTable("shelf", { weight: real("weight"), kind: varchar("kind") });
  expect(() => valueSchemas(table.weight, [])).toThrow(/^no validator of real for shelf.weight: .*values.ts/);
  expect(() => valueSchemas(table.kind, [{ operator: ">", than: "5" }])).toThrow(
    /^no validator of bounds of type varchar/,
  );
});

it.each(tableNames)("every check constraint and every column of %s is understood", (name) => {
  const { shape } = validators[name].row;
  expect(Object.keys(shape)).toEqual(Object.keys(getTableColumns(tables[name])));
});
