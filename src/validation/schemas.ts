import { getTableColumns } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { z } from "zod";
import {
  type TableName,
  type Tables,
  tableNames,
  tables,
  type WritableName,
  writableNames,
} from "../schema/tables.ts";
import { boundsOf } from "./checks.ts";
import { type ValueSchemas, valueSchemas } from "./values.ts";

/** The schema of a value by its type in TypeScript, null left out. */
type Present<Value> = [Value] extends [string]
  ? string extends Value
    ? z.ZodString
    : z.ZodEnum<{ [Literal in Value]: Literal }>
  : [Value] extends [boolean]
    ? z.ZodBoolean
    : [Value] extends [number]
      ? z.ZodNumber
      : [Value] extends [Date]
        ? z.ZodDate
        : [Value] extends [readonly (infer Item)[]]
          ? z.ZodArray<Present<Item>>
          : never;

type ValueOf<Value> = unknown extends Value
  ? z.ZodUnknown
  : null extends Value
    ? z.ZodNullable<Present<Exclude<Value, null>>>
    : Present<Value>;

type IsOptional<Row, Key extends keyof Row> = Record<never, never> extends Pick<Row, Key> ? true : false;

type Selected<Name extends TableName> = Tables[Name]["$inferSelect"];

type Inserted<Name extends WritableName> = Tables[Name]["$inferInsert"];

/** The schema of the rows of a table. */
export interface RowValidators<Name extends TableName> {
  /** A row as Drizzle reads it, `$inferSelect`. Keys of other things, such as of a relation, are left out. */
  readonly row: z.ZodObject<{ [Key in keyof Selected<Name>]: ValueOf<Selected<Name>[Key]> }, z.core.$strip>;
}

/** The schemas of a table that applications write to. What they accept they give back as it is. */
export interface TableValidators<Name extends WritableName> extends RowValidators<Name> {
  /**
   * A row to insert, `$inferInsert`: what has a default or may be null may be left out. Refuses generated columns and
   * keys that are no column, which Drizzle would ignore.
   */
  readonly insert: z.ZodObject<
    {
      [Key in keyof Inserted<Name>]-?: IsOptional<Inserted<Name>, Key> extends true
        ? z.ZodOptional<ValueOf<Exclude<Inserted<Name>[Key], undefined>>>
        : ValueOf<Inserted<Name>[Key]>;
    },
    z.core.$strict
  >;
  /** A change: any of the columns that can be inserted, and nothing else. None at all, too: see `nonEmpty`. */
  readonly update: z.ZodObject<
    {
      [Key in keyof Inserted<Name>]-?: z.ZodOptional<ValueOf<Exclude<Inserted<Name>[Key], undefined>>>;
    },
    z.core.$strict
  >;
}

/** The schemas of every managed table; of one that a trigger alone writes to, that of its rows. */
export type Validators = {
  readonly [Name in TableName]: Name extends WritableName ? TableValidators<Name> : RowValidators<Name>;
};

/** Made when first asked for: those of all tables at once would make the import three times as long. */
function lazy<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}

type Shape = Record<string, z.ZodType>;

interface Made {
  readonly row: z.ZodObject<Shape>;
  readonly insert?: z.ZodObject<Shape, z.core.$strict>;
  readonly update?: z.ZodObject<Shape, z.core.$strict>;
}

function validatorsOf(table: PgTable, isWritable: boolean): Made {
  const columns = lazy(() => {
    const bounds = boundsOf(table);
    return Object.entries(getTableColumns(table)).map(([key, column]) => {
      const values: ValueSchemas = valueSchemas(column, bounds.get(column.name) ?? []);
      const nullable = (schema: z.ZodType) => (column.notNull ? schema : schema.nullable());
      return { key, column, written: nullable(values.written), read: nullable(values.read) };
    });
  });
  const writable = () => columns().filter(({ column }) => column.generated === undefined);
  const row = lazy(() => z.object(Object.fromEntries(columns().map(({ key, read }) => [key, read]))));
  const insert = lazy(() =>
    z.strictObject(
      Object.fromEntries(
        writable().map(({ key, column, written }) => [
          key,
          column.notNull && !column.hasDefault ? written : written.optional(),
        ]),
      ),
    ),
  );
  const update = lazy(() =>
    z.strictObject(Object.fromEntries(writable().map(({ key, written }) => [key, written.optional()]))),
  );
  const ofRows = {
    get row() {
      return row();
    },
  };
  if (!isWritable) return ofRows;
  return {
    get row() {
      return row();
    },
    get insert() {
      return insert();
    },
    get update() {
      return update();
    },
  };
}

/** The compiler does not follow a table's type through a list; that each is of the table of its name, tests say. */
const isComplete = (
  made: Readonly<Record<string, Made>>,
): made is Readonly<Record<string, Made>> & Validators => tableNames.every((name) => name in made);

/** Schemas for every managed table, by its name. */
export function makeValidators(): Validators {
  const writable = new Set<TableName>(writableNames);
  const made: Record<string, Made> = {};
  for (const name of tableNames) made[name] = validatorsOf(tables[name], writable.has(name));
  if (!isComplete(made)) throw new TypeError("a table has no validators");
  return made;
}
