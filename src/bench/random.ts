import { quoteLiteral } from "drizzle-deploy/sql";

/**
 * SQL expressions whose values look random and are not: each is a hash of a row number and of the column's own key,
 * so it depends on neither the session, nor the order of execution, nor the version of the server. PostgreSQL keeps
 * `hashint8extended` stable, because hash partitions on disk depend on it; `random()` and `setseed()` promise nothing.
 */
export interface Draws {
  /** A float8 in [0, 1). */
  uniform: (column: string) => string;
  /** A bigint in [from, to]. */
  integer: (column: string, from: number, to: number) => string;
  /** Money in [from, to], given in cents. */
  cents: (column: string, from: number, to: number) => string;
  /** One of the values, each as likely. */
  pick: (column: string, values: readonly string[]) => string;
  /** Null for this share of the rows, otherwise the expression. */
  unless: (column: string, share: number, expression: string) => string;
  /** True for this share of the rows. */
  chance: (column: string, share: number) => string;
}

const mask = 2n ** 64n - 1n;

// FNV-1a, 64 bits: gives each column of each table a key of its own, so that adding one never changes another.
function keyOf(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & mask;
  return BigInt.asIntN(64, hash);
}

/** A text array literal. */
export function textArray(values: readonly string[]): string {
  return `array[${values.map((value) => quoteLiteral(value)).join(", ")}]`;
}

/** The draws of one table, for the row number in `row` (an SQL expression of type bigint). */
export function drawsFor(seed: number, table: string, row: string): Draws {
  const uniform = (column: string) =>
    `(((hashint8extended(${row}, '${keyOf(`${seed}/${table}/${column}`)}'::bigint) >> 11) & 9007199254740991)::float8 / 9007199254740992)`;
  const integer = (column: string, from: number, to: number) =>
    `(${from} + floor(${uniform(column)} * ${to - from + 1})::bigint)`;
  return {
    uniform,
    integer,
    cents: (column, from, to) => `(${integer(column, from, to)} * 0.01)`,
    pick: (column, values) => `(${textArray(values)})[${integer(column, 1, values.length)}]`,
    unless: (column, share, expression) =>
      `case when ${uniform(`${column}/null`)} >= ${share} then ${expression} end`,
    chance: (column, share) => `(${uniform(column)} < ${share})`,
  };
}

/** The id of row number `row` of a table: a well-formed version 4 UUID, the same for the same seed. */
export function uuidOf(seed: number, table: string, row: string): string {
  const half = (which: string) =>
    `lpad(to_hex(hashint8extended(${row}, '${keyOf(`${seed}/${table}/id/${which}`)}'::bigint)), 16, '0')`;
  return `overlay(overlay(${half("high")} || ${half("low")} placing '4' from 13) placing 'a' from 17)::uuid`;
}
