import postgres from "postgres";
import { z } from "zod";
import type { Constraint, Index } from "../catalog/index.ts";
import { type Dependent, queryDependents } from "../plan/dependents.ts";
import type { Queryable, Transaction } from "../postgres/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";

/** Has names read and printed as a catalog has them, for the rest of the transaction. */
export async function lookThrough(sql: Queryable, schemas: readonly string[]): Promise<void> {
  await sql.unsafe(`select pg_catalog.set_config('search_path', $1, true)`, [
    [...schemas.map(quoteIdentifier), "pg_temp"].join(", "),
  ]);
}

/** Everything that depends on a view, table, index, function or type of the schemas. Inside a transaction. */
export async function readDependents(sql: Queryable, schemas: readonly string[]): Promise<Dependent[]> {
  await lookThrough(sql, schemas);
  return queryDependents(sql, schemas);
}

/** A query that finds a row which a constraint would refuse; null where none can be written. */
function offence({ schema, name }: QualifiedName, constraint: Constraint): string | null {
  const table = quoteQualified(schema, name);
  if (constraint.type === "c") {
    const expression = /^CHECK (\(.*\))(?: NO INHERIT)?(?: NOT VALID)?$/s.exec(constraint.definition)?.[1];
    return expression ? `select from ${table} where not ${expression}` : null;
  }
  const { references, columns } = constraint;
  if (constraint.type !== "f" || !references) return null;
  const pairs = columns.map((column, at) => [column, references.columns[at] ?? column] as const);
  const present = columns.map((column) => `r.${quoteIdentifier(column)} is not null`).join(" and ");
  const match = pairs
    .map(([from, to]) => `o.${quoteIdentifier(to)} = r.${quoteIdentifier(from)}`)
    .join(" and ");
  return `select from ${table} r where ${present} and not exists (select from ${quoteQualified(references.schema, references.table)} o where ${match})`;
}

/** A query that finds rows which are the same to a unique index; null for any other. */
function repetition({ schema, name }: QualifiedName, index: Index): string | null {
  if (!index.unique) return null;
  const keys = index.keys.map(({ expression }) => expression);
  const conditions = [
    ...(index.predicate === null ? [] : [`(${index.predicate})`]),
    // Nulls are not the same as each other, unless the index says so.
    ...(index.nullsNotDistinct ? [] : keys.map((key) => `(${key}) is not null`)),
  ];
  return `select from ${quoteQualified(schema, name)} where ${["true", ...conditions].join(" and ")} group by ${keys.map((key) => `(${key})`).join(", ")} having count(*) > 1`;
}

const foundSchema = z.tuple([z.object({ found: z.boolean() })]);

/** Whether a query finds anything; false where what it reads is not there any more. */
async function finds(
  sql: Transaction,
  question: string | null,
  { schemas, asked }: { schemas: readonly string[]; asked: (query: string) => string },
): Promise<boolean> {
  if (question === null) return false;
  const query = asked(question);
  try {
    return await sql.savepoint(async (attempt) => {
      await lookThrough(attempt, schemas);
      return foundSchema.parse([...(await attempt.unsafe(`select exists (${query}) as found`))])[0].found;
    });
  } catch (error) {
    if (error instanceof postgres.PostgresError && isAboutForm(error.code)) return false;
    throw error;
  }
}

/** Class 42: a column that was dropped, or has another type now. PostgreSQL 17 manual, appendix A. */
const isAboutForm = (code: string): boolean => code.startsWith("42") && code !== "42501";

/** Whether rows are there that a constraint would refuse; false where that cannot be told. */
export async function isViolated(
  sql: Transaction,
  {
    table,
    constraint,
    index,
    ...where
  }: {
    table: QualifiedName;
    constraint: Constraint;
    /** What implements it. */
    index: Index | undefined;
    schemas: readonly string[];
    asked: (query: string) => string;
  },
): Promise<boolean> {
  return finds(sql, index ? repetition(table, index) : offence(table, constraint), where);
}

/** Whether rows are there that a unique index would refuse. */
export async function isRepeated(
  sql: Transaction,
  {
    table,
    index,
    ...where
  }: {
    table: QualifiedName;
    index: Index;
    schemas: readonly string[];
    asked: (query: string) => string;
  },
): Promise<boolean> {
  return finds(sql, repetition(table, index), where);
}

/** Whether rows keep a table from being the partition that it was: its own out of bound, or others' within it. */
export async function isOutOfBound(
  sql: Transaction,
  {
    table,
    constraint,
    rest,
    ...where
  }: {
    table: QualifiedName;
    /** What rows of the partition satisfy. */
    constraint: string;
    /** The partition that takes what no other does. */
    rest: QualifiedName | undefined;
    schemas: readonly string[];
    asked: (query: string) => string;
  },
): Promise<boolean> {
  const own = `select from ${quoteQualified(table.schema, table.name)} where ${constraint} is not true`;
  const others = rest ? `select from ${quoteQualified(rest.schema, rest.name)} where ${constraint}` : null;
  return (await finds(sql, own, where)) || (await finds(sql, others, where));
}

/** `schema.table.name` of a constraint. */
export const constraintLabel = (table: QualifiedName, name: string): string =>
  `${table.schema}.${table.name}.${name}`;
