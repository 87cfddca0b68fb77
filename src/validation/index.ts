import type { PgTable } from "drizzle-orm/pg-core";
import { type BuildSchema, createInsertSchema, createSelectSchema, createUpdateSchema } from "drizzle-zod";
import { type Tables, tables, type WritableName, writableNames } from "../schema/tables.ts";

type SchemaOf<Purpose extends "select" | "insert" | "update", Table extends PgTable> = BuildSchema<
  Purpose,
  Table["_"]["columns"],
  undefined,
  undefined
>;

interface TableValidators<Table extends PgTable> {
  /** A row as it is read. */
  readonly row: SchemaOf<"select", Table>;
  /** A row to insert: columns with a default may be left out, generated ones must be. */
  readonly insert: SchemaOf<"insert", Table>;
  /** A change: any column that may be written. */
  readonly update: SchemaOf<"update", Table>;
}

type WritableValidators = { readonly [Name in WritableName]: TableValidators<Tables[Name]> };

const validatorsOf = <Table extends PgTable>(table: Table): TableValidators<Table> => ({
  row: createSelectSchema(table),
  insert: createInsertSchema(table),
  update: createUpdateSchema(table),
});

/** The compiler does not follow a table's type through a list; that each is of the table of its name, a test says. */
const isComplete = (
  made: Readonly<Record<string, TableValidators<PgTable>>>,
): made is Readonly<Record<string, TableValidators<PgTable>>> & WritableValidators =>
  writableNames.every((name) => name in made);

function makeWritableValidators(): WritableValidators {
  const made: Record<string, TableValidators<PgTable>> = {};
  for (const name of writableNames) made[name] = validatorsOf<PgTable>(tables[name]);
  if (!isComplete(made)) throw new TypeError("a table has no validators");
  return made;
}

/**
 * Zod validators of every managed table, derived from the schema: the literal unions, lengths and nullability are
 * those of the columns.
 *
 * @example
 * const task = validators.operationalTasks.insert.parse(await request.json());
 */
export const validators = {
  ...makeWritableValidators(),
  /** Read only: the trail is written by its trigger. */
  automationPermissionsAudit: { row: createSelectSchema(tables.automationPermissionsAudit) },
};
