import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect, isDeepStrictEqual } from "node:util";
import { DrizzleQueryError, eq, getTableColumns, getTableName, TransactionRollbackError } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import fc from "fast-check";
import postgres from "postgres";
import { expect, it } from "vitest";
import type { z } from "zod";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { tables, writableNames } from "../../../src/schema/tables.ts";
import { nonEmpty, validators } from "../../../src/validation/index.ts";
import {
  boundaries,
  boundariesOfType,
  exceptions,
  nested,
  readBack,
  type Subject,
  someValue,
  subjectOf,
} from "../../support/column-values.ts";
import { createDatabase } from "../../support/database.ts";
import { insertRow } from "../../support/rows.ts";
import { projectFolder } from "../../support/states.ts";

/*
 * What a validator says of a value is held against what the database does with it, through Drizzle as an application
 * does it. References and uniqueness are of more than one row, and no validator's business.
 */

type Values = Record<string, unknown>;

/** A column that is written to, with a row that the database takes and that can be tried with other values in it. */
interface Field extends Subject {
  readonly key: string;
  readonly name: string;
  readonly table: PgTable;
  readonly id: PgColumn;
  readonly schemas: { readonly [Way in "row" | "insert" | "update"]: z.ZodObject };
  readonly base: Values;
}

const database = await createDatabase("deployed");
const db = drizzle(database.sql);
const fields = await makeFields();

type Writer = Parameters<Parameters<typeof db.transaction>[0]>[0];

async function makeFields(): Promise<Field[]> {
  const userId = await database.createUser();
  const catalog = await readCatalog(database.sql, { schemas: ["public"] });
  const checks = catalog.tables.flatMap(({ name, constraints }) =>
    constraints
      .filter(({ type, definition }) => type === "c" && !definition.includes("= ANY"))
      .map(({ columns, definition }) => ({ of: `${name}.${columns.join()}`, definition })),
  );
  const made: Field[] = [];
  for (const tableName of writableNames) {
    const table: PgTable = tables[tableName];
    const columns = getTableColumns(table);
    const { id } = columns;
    if (id === undefined) throw new Error(`${tableName} has no id`);
    await insertRow(database.sql, table, userId);
    const [base = {}] = await db.select().from(table);
    // Its parents stay; the row itself would be in the way of others.
    await db.delete(table).where(eq(id, base["id"]));
    for (const [key, column] of Object.entries(columns)) {
      if (column.generated !== undefined) delete base[key];
      else {
        const name = `${getTableName(table)}.${column.name}`;
        const definitions = checks.filter(({ of }) => of === name).map(({ definition }) => definition);
        const schemas = validators[tableName];
        made.push({ ...subjectOf(column, definitions), key, name, table, id, schemas, base });
      }
    }
  }
  return made;
}

type Verdict =
  | { readonly takes: true; readonly row: Values | undefined }
  | { readonly takes: false; readonly why: string };

/** What of a refusal is of other rows, and comes after all that is of the row itself. */
const ofOtherRows = ["23503", "23505"];

/** Does something to the database and takes it back; a refusal is the server's, the driver's or Drizzle's. */
async function attempt(work: (transaction: Writer) => Promise<Values[]>): Promise<Verdict> {
  let row: Values | undefined;
  try {
    await db.transaction(async (transaction) => {
      [row] = await work(transaction);
      transaction.rollback();
    });
    throw new Error("a trial was kept");
  } catch (error) {
    if (error instanceof TransactionRollbackError) return { takes: true, row };
    const cause = error instanceof DrizzleQueryError ? error.cause : error;
    if (cause instanceof postgres.PostgresError)
      return ofOtherRows.includes(cause.code)
        ? { takes: true, row: undefined }
        : { takes: false, why: cause.message };
    const isOfValue =
      cause instanceof TypeError ||
      cause instanceof RangeError ||
      (cause instanceof Error && /^UNDEFINED_VALUE|^No values to set/.test(cause.message));
    if (isOfValue) return { takes: false, why: cause.message };
    throw error;
  }
}

type Way = "insert" | "update";

function write(way: Way, field: Field, change: Values): Promise<Verdict> {
  const { table, id, base } = field;
  return attempt(async (transaction) => {
    const row = { ...base, id: randomUUID() };
    if (way === "insert")
      return transaction
        .insert(table)
        .values({ ...row, ...change })
        .returning();
    await transaction.insert(table).values(row);
    return transaction.update(table).set(change).where(eq(id, row.id)).returning();
  });
}

/** What validator and database do not agree on; undefined where they do, or where it is a stated exception. */
async function disagreement(way: Way, field: Field, value: unknown): Promise<string | undefined> {
  const { key, name, schemas, base } = field;
  const told = (what: string) =>
    `${way} of ${name} = ${inspect(value, { depth: 3, maxStringLength: 300 })}: ${what}`;
  // To change nothing is refused by Drizzle, and has a test of its own.
  const other = way === "update" && value === undefined ? { userId: base["userId"] } : {};
  const change = { ...other, [key]: value };
  const given = way === "insert" ? { ...base, ...change } : change;
  const parsed = schemas[way].safeParse(given);
  const verdict = await write(way, field, change);
  const exception = exceptions.find(({ is }) => value !== undefined && is(field, value));
  if (!parsed.success)
    return verdict.takes && !exception ? told("refused, and the database takes it") : undefined;
  if (exception) return told(`accepted, though it is ${exception.what}`);
  if (!verdict.takes) return told(`accepted, and the database says ${verdict.why}`);
  if (!isDeepStrictEqual(parsed.data, given)) return told("changed by its validator");
  if (verdict.row === undefined) return undefined;
  const row = schemas.row.safeParse(verdict.row);
  if (!isDeepStrictEqual(row.data, verdict.row))
    return told(`read as a row that is none: ${row.error?.message}`);
  // A trigger sets the time of a change, whatever the change says.
  if (value === undefined || (way === "update" && key === "updatedAt")) return undefined;
  const read = verdict.row[key];
  return isDeepStrictEqual(read, readBack(field, value)) ? undefined : told(`read as ${inspect(read)}`);
}

/** Columns of one type, bounds, nullability and default: their validators are made alike. */
const kinds = new Map<string, [Field, ...Field[]]>();
for (const field of fields) {
  const alike = kinds.get(kindOf(field));
  if (alike === undefined) kinds.set(kindOf(field), [field]);
  else alike.push(field);
}

function kindOf({ column, type, sizes, limits }: Field): string {
  return JSON.stringify([type, sizes, limits, column.enumValues, column.notNull, column.hasDefault]);
}

const arbitraries = new Map([...kinds].map(([kind, [first]]) => [kind, someValue(first)]));

const valuesOf = (field: Field): fc.Arbitrary<unknown> =>
  arbitraries.get(kindOf(field)) ?? fc.constant(undefined);

it("validators and database agree on both sides of every boundary of every kind of column", async () => {
  const found: string[] = [];
  const types = new Set<string>();
  for (const alike of kinds.values()) {
    const [first] = alike;
    const values = [...boundaries(first), ...(types.has(first.type) ? [] : boundariesOfType(first.type))];
    types.add(first.type);
    for (const [at, value] of values.entries()) {
      // Alike by their validators, so that they share the work.
      const field = alike[at % alike.length] ?? first;
      const one = await disagreement(at % 3 === 0 ? "update" : "insert", field, value);
      if (one !== undefined) found.push(one);
    }
  }
  expect(found).toEqual([]);
});

it("validators and database agree on any value of any column, inserted or changed", async () => {
  const trials = fields.map((field) =>
    fc.record({
      field: fc.constant(field),
      way: fc.constantFrom<Way>("insert", "update"),
      value: valuesOf(field),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(...trials), async ({ field, way, value }) => {
      expect(await disagreement(way, field, value)).toBeUndefined();
    }),
    { seed: 20260214, numRuns: 400 },
  );
});

it("the database takes whole rows of what the validators accept, and gives them back", async () => {
  const wholes = writableNames.map((tableName) => {
    const own = fields.filter(({ table }) => table === tables[tableName]);
    const values = own.map((field) =>
      valuesOf(field).map((value) => {
        // What a reference points at is of other rows.
        const isFree =
          field.type !== "uuid" && field.schemas.insert.shape[field.key]?.safeParse(value).success;
        return isFree ? value : field.base[field.key];
      }),
    );
    return fc.tuple(fc.constant(own), fc.tuple(...values));
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(...wholes), async ([own, values]) => {
      const [first] = own;
      if (first === undefined) return;
      const row = { ...Object.fromEntries(own.map(({ key }, at) => [key, values[at]])), id: randomUUID() };
      expect(first.schemas.insert.safeParse(row).error).toBeUndefined();
      const verdict = await write("insert", first, row);
      expect(verdict).toMatchObject({ takes: true });
      if (!verdict.takes || verdict.row === undefined) return;
      const given = own.filter(({ key }, at) => key !== "id" && values[at] !== undefined);
      for (const field of given)
        expect(verdict.row[field.key]).toEqual(
          readBack(field, field.key in row ? values[own.indexOf(field)] : null),
        );
    }),
    { seed: 20260214, numRuns: 100 },
  );
});

/** Each stated exception: what the validator refuses, and what is read of what the database made of it. */
const examples: Record<string, readonly [column: string, written: unknown, read: unknown][]> = {
  "a value of another type": [
    ["goals.target_amount", 12.5, "12.50"],
    ["sales_leads.name", 5, "5"],
    ["sales_leads.probability", "5", 5],
    ["partners_v2.is_active", "true", false],
  ],
  "more decimals than the column has": [
    ["goals.target_amount", "12.345", "12.35"],
    ["goals.target_amount", "0.005", "0.01"],
    ["investments.quantity", "0.123456789", "0.12345679"],
  ],
  "a number in another spelling": [
    ["goals.target_amount", "1e3", "1000.00"],
    ["goals.target_amount", " 5 ", "5.00"],
    ["goals.target_amount", "+.5", "0.50"],
  ],
  "`NaN`": [["goals.target_amount", "NaN", "NaN"]],
  "spaces beyond the length": [["accounts.color", "#ffffff  ", "#ffffff"]],
  "half of a surrogate pair": [
    ["goals.name", "a\ud800", "a\ufffd"],
    ["operational_tasks.tags", ["\udc00"], ["\ufffd"]],
  ],
  "null in a list, or a list in a list": [
    ["operational_tasks.tags", ["a", null], ["a", "NULL"]],
    ["operational_tasks.tags", [["a"]], [["a"]]],
  ],
  "a day in another spelling, or of no year from 1 to 9999": [
    ["goals.deadline", "2026-2-3", "2026-02-03"],
    ["goals.deadline", "2026-02-14T23:00:00-05:00", "2026-02-14"],
    ["goals.deadline", "infinity", "infinity"],
    ["goals.deadline", "10000-01-01", "10000-01-01"],
    ["goals.deadline", "0044-03-15 BC", "0044-03-15 BC"],
  ],
  "a moment before the year 100": [
    ["sales_leads.closed_at", new Date("0050-01-01T00:00:00Z"), new Date("1950-01-01T00:00:00Z")],
    ["goals.deleted_at", new Date("0050-01-01T00:00:00Z"), new Date("1950-01-01T00:00:00Z")],
  ],
  "a UUID in another spelling": [
    ["sent_atas.client_id", "{7c9e6679-7425-40de-944b-e07fc1f90ae7}", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
    ["sent_atas.client_id", "7c9e6679742540de944be07fc1f90ae7", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
  ],
  "what JSON does not carry": [
    ["marketing_posts.metrics", { a: undefined, b: () => 1 }, {}],
    ["marketing_posts.metrics", [Number.NaN, undefined], [null, null]],
    ["marketing_posts.metrics", { at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }],
    ["marketing_posts.metrics", new Map([["a", 1]]), {}],
  ],
  "a JSON text that is JSON itself": [["marketing_posts.metrics", "123", 123]],
  "JSON deeper than 500 levels": [["marketing_posts.metrics", nested(501), nested(501)]],
};

it("what the validators refuse and the database takes is a list, each with what is read instead", async () => {
  expect(Object.keys(examples)).toEqual(exceptions.map(({ what }) => what));
  for (const [what, written] of Object.entries(examples))
    for (const [column, value, read] of written) {
      const field = fields.find(({ name }) => name === column);
      if (field === undefined) throw new Error(`no column ${column}`);
      expect(field.schemas.insert.shape[field.key]?.safeParse(value).success, what).toBe(false);
      expect(exceptions.find(({ is }) => is(field, value))?.what).toBe(what);
      const verdict = await write("insert", field, { [field.key]: value });
      expect(verdict.takes && verdict.row?.[field.key], `${what}: ${column}`).toEqual(read);
    }
});

it("docs/validation.md lists the exceptions", () => {
  const page = readFileSync(join(projectFolder, "docs", "validation.md"), "utf8");
  const section = /^## What is refused although the database takes it$([\s\S]*?)^## /m.exec(page)?.[1] ?? "";
  const listed = [...section.matchAll(/^\| ([^|]+?) \|/gm)].map(([, what]) => what).slice(2);
  expect(listed).toEqual([
    ...exceptions.map(({ what }) => what),
    "a key that is no column, or a generated one",
  ]);
});

it("keys that are no columns and generated columns are refused, which Drizzle ignores", async () => {
  const field = fields.find(({ name }) => name === "partnership_clients.client_name");
  if (field === undefined) throw new Error("no such column");
  for (const change of [{ descripton: "x" }, { myShare: "5" }, { totalCommission: null }])
    for (const way of ["insert", "update"] as const) {
      const given = way === "insert" ? { ...field.base, ...change } : { clientName: "x", ...change };
      const { error } = field.schemas[way].safeParse(given);
      expect(error?.issues).toMatchObject([{ code: "unrecognized_keys", keys: Object.keys(change) }]);
      // To change a generated column PostgreSQL refuses; all else never reaches it.
      const reaches = way === "update" && !("descripton" in change);
      expect(await write(way, field, given)).toMatchObject({ takes: !reaches });
    }
});

it("a change of nothing is what Drizzle refuses, and nonEmpty", async () => {
  const field = fields.find(({ name }) => name === "operational_tasks.title");
  if (field === undefined) throw new Error("no such column");
  const { update } = validators.operationalTasks;
  for (const nothing of [{}, { title: undefined }]) {
    expect(update.safeParse(nothing).success).toBe(true);
    expect(nonEmpty(update).safeParse(nothing).error?.issues).toMatchObject([{ code: "custom" }]);
    expect(await write("update", field, nothing)).toEqual({
      takes: false,
      why: "No values to set",
    });
  }
  for (const something of [{ title: "a" }, { description: null }])
    expect(nonEmpty(update).safeParse(something)).toEqual({ success: true, data: something });
});

it("a row is read whatever others have written, but for what Drizzle cannot say", async () => {
  const { goals, investments, salesLeads } = validators;
  const userId = await database.createUser();
  const written = async (table: PgTable, values: Record<string, string>) => {
    const { id } = await insertRow(database.sql, table, userId, values);
    const own = getTableColumns(table)["id"];
    if (own === undefined) throw new Error("no id");
    const [row] = await db.select().from(table).where(eq(own, id));
    return row;
  };
  for (const deadline of ["infinity", "-infinity", "5874897-12-31", "0044-03-15 BC"])
    expect(goals.row.parse(await written(tables.goals, { deadline }))).toMatchObject({ deadline });
  for (const target of ["NaN", "0.01", "99999999999999999.99"])
    expect(goals.row.parse(await written(tables.goals, { target_amount: target })).targetAmount).toBe(target);
  const quantity = "-0.00000001";
  expect(investments.row.parse(await written(tables.investments, { quantity }))).toMatchObject({ quantity });
  for (const closed_at of ["infinity", "0044-03-15 BC"]) {
    const row = await written(tables.salesLeads, { closed_at });
    expect(salesLeads.row.safeParse(row).success, closed_at).toBe(false);
  }
});
