import { getTableColumns, getTableName } from "drizzle-orm";
import { getTableConfig, type PgColumn, PgDialect, type PgTable } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import { authUsers } from "drizzle-orm/supabase";
import { type Tables, tables, type WritableName, writableNames } from "../schema/tables.ts";

/** Which of a user's two rows: others may refer to the first, nothing refers to the second. */
export type RowNumber = 1 | 2;

export interface SampleRow {
  readonly table: string;
  readonly id: string;
  /** One INSERT, values inlined. */
  readonly statement: string;
}

type RowOf<Name extends WritableName> = Tables[Name]["$inferInsert"];

/** The types of the columns for which `sampleValue` has a value. */
type Derivable = string | number | boolean | Date;

/** What a row must be given and `sampleValue` has no value for: a list, a document. */
type Demanded<Row> = {
  [Column in keyof Row as Record<never, never> extends Pick<Row, Column>
    ? never
    : Row[Column] extends Derivable
      ? never
      : Column]: Row[Column];
};

/** Tables of which the schema does not tell a whole row, and the columns that are missing. */
type Demanding = {
  readonly [Name in WritableName as keyof Demanded<RowOf<Name>> extends never ? never : Name]: Demanded<
    RowOf<Name>
  >;
};

/** Values that the schema does not tell: what a check asks for, and what a view needs to show anything. */
const given = {
  partnershipClients: { closedAt: "2026-01-01" },
} satisfies Demanding & { readonly [Name in WritableName]?: Partial<RowOf<Name>> };

const givenFor: { readonly [Name in WritableName]?: Readonly<Record<string, unknown>> } = given;

/** A value that a column of this type takes: small, positive, and another one in a user's other row. */
function sampleValue(column: PgColumn, number: RowNumber): string | number | boolean | Date {
  const [literal] = column.enumValues ?? [];
  if (literal !== undefined) return literal;
  const [type = "", length] = column.getSQLType().split(/[ (),]/);
  switch (type) {
    case "varchar":
    case "char":
    case "text":
      return `spfp-db check ${number}`.slice(0, length ? Number(length) : undefined);
    case "numeric":
    case "smallint":
    case "integer":
    case "bigint":
    case "real":
    case "double":
      return column.dataType === "string" ? String(number) : number;
    case "boolean":
      return true;
    case "uuid":
      return `00000000-0000-4000-8000-00000000000${number}`;
    case "date":
    case "timestamp": {
      const day = `2026-0${number}-01`;
      return column.dataType === "string" ? day : new Date(day);
    }
    default:
      throw new TypeError(
        `no sample of type ${type} for ${getTableName(column.table)}.${column.name}: name one in checks/samples.ts`,
      );
  }
}

/** The foreign keys that a row cannot do without, but for those on itself: the tables that come before it. */
function demandedParents(table: PgTable) {
  return getTableConfig(table)
    .foreignKeys.map(({ reference }) => reference())
    .filter(({ columns, foreignTable }) => foreignTable !== table && columns.every(({ notNull }) => notNull));
}

/** The tables that users write to, each after those that its rows must refer to. */
function parentsFirst(): readonly WritableName[] {
  const nameOf = new Map<PgTable, WritableName>(writableNames.map((name) => [tables[name], name]));
  const sorted = new Set<WritableName>();
  const visit = (name: WritableName, below: readonly WritableName[]): void => {
    if (below.includes(name)) throw new TypeError(`rows must refer to each other: ${below.join(", ")}`);
    for (const { foreignTable } of demandedParents(tables[name])) {
      const parent = nameOf.get(foreignTable);
      if (parent && !sorted.has(parent)) visit(parent, [...below, name]);
    }
    sorted.add(name);
  };
  for (const name of writableNames) if (!sorted.has(name)) visit(name, []);
  return [...sorted];
}

/** Whether a user can have one row only. */
const isOnePerUser = (table: PgTable): boolean =>
  getTableConfig(table).uniqueConstraints.some(({ columns }) =>
    columns.every((column) => column.name === "user_id"),
  );

const database = drizzle.mock();
const dialect = new PgDialect();

/**
 * A row of a user in every table that users write to, parents first, such that every view has something to show;
 * derived from the schema but for what `given` says. `idOf` names the row of a table, so that rows can refer to each
 * other.
 */
export function sampleRows(
  userId: string,
  number: RowNumber,
  idOf: (table: PgTable, number: RowNumber) => string,
): SampleRow[] {
  return parentsFirst().flatMap((name): SampleRow[] => {
    const table: PgTable = tables[name];
    // A second one would be refused.
    if (number === 2 && isOnePerUser(table)) return [];
    const id = idOf(table, number);
    const parents = new Map<string, string>();
    for (const { columns, foreignColumns, foreignTable } of demandedParents(table)) {
      const parent = foreignTable === authUsers ? userId : idOf(foreignTable, 1);
      columns.forEach((column, at) => {
        if (foreignColumns[at]?.name === "id") parents.set(column.name, parent);
      });
    }
    const values: Record<string, unknown> = {};
    for (const [key, column] of Object.entries(getTableColumns(table))) {
      if (column.name === "id") values[key] = id;
      else if (column.name === "user_id") values[key] = userId;
      else if (parents.has(column.name)) values[key] = parents.get(column.name);
      else if (column.notNull && !column.hasDefault && !column.generated)
        values[key] = sampleValue(column, number);
    }
    const query = database.insert(table).values({ ...values, ...givenFor[name] });
    return [
      {
        table: getTableName(table),
        id,
        statement: dialect.sqlToQuery(query.getSQL().inlineParams()).sql,
      },
    ];
  });
}
