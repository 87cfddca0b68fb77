import { getTableName, is } from "drizzle-orm";
import {
  PgArray,
  PgBoolean,
  type PgColumn,
  PgDateString,
  PgInteger,
  PgJsonb,
  PgNumeric,
  PgText,
  PgTimestamp,
  PgUUID,
  PgVarchar,
} from "drizzle-orm/pg-core";
import { z } from "zod";
import type { Bound } from "./checks.ts";
import { checkJson, isStorable, notStorable } from "./json.ts";

/** What a column takes, and what it gives: the second has what others can write and an application cannot. */
export interface ValueSchemas {
  readonly written: z.ZodType;
  readonly read: z.ZodType;
}

const both = (schema: z.ZodType): ValueSchemas => ({ written: schema, read: schema });

const text = () => z.string().refine(isStorable, { error: notStorable, abort: true });

/** A text of at most so many characters, counted as PostgreSQL does: code points, not halves of them. */
const textUpTo = (maximum: number) =>
  text().check(({ value, issues }) => {
    // A character is one or two units of `length`: only between need they be counted.
    const isTooLong = value.length > 2 * maximum || (value.length > maximum && [...value].length > maximum);
    if (isTooLong) issues.push({ code: "too_big", origin: "string", maximum, inclusive: true, input: value });
  });

/** A decimal number as a whole number of the column's smallest units. */
function unitsOf(decimal: string, scale: number): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(scale, "0").slice(0, scale));
}

const isNaNumeric = (value: string) => value === "NaN";

/** As PostgreSQL compares numerics: NaN is greater than any number. */
function holds(value: string, { operator, than }: Bound, scale: number): boolean {
  if (isNaNumeric(value)) return operator.startsWith(">");
  const [left, right] = [unitsOf(value, scale), unitsOf(than, scale)];
  switch (operator) {
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
  }
}

/** Exact decimal numbers as text. Not a digit that counts may be lost, so what would be rounded is refused. */
function decimals(precision: number, scale: number, bounds: readonly Bound[]): ValueSchemas {
  const whole = precision - scale;
  const fraction = scale === 0 ? "0+" : `\\d{1,${scale}}0*`;
  const pattern = `-?(?=\\d)0*\\d{0,${whole}}(?:\\.${fraction})?`;
  const schema = (form: RegExp) =>
    z
      .string()
      .regex(form, {
        error: `Invalid number: expected text of at most ${whole} digits and ${scale} decimals, as "12.50"`,
        abort: true,
      })
      .check(({ value, issues }) => {
        for (const bound of bounds) {
          if (holds(value, bound, scale)) continue;
          const limit = Number(bound.than);
          const common = { origin: "number", inclusive: bound.operator.endsWith("="), input: value } as const;
          issues.push(
            bound.operator.startsWith(">")
              ? { code: "too_small", minimum: limit, ...common }
              : { code: "too_big", maximum: limit, ...common },
          );
        }
      });
  return {
    written: schema(new RegExp(`^${pattern}$`)),
    read: schema(new RegExp(`^(?:${pattern}|NaN)$`)),
  };
}

function integers(bounds: readonly Bound[]): z.ZodType {
  let schema: z.ZodNumber = z.int32();
  for (const { operator, than } of bounds) {
    const limit = Number(than);
    if (operator === ">") schema = schema.gt(limit);
    else if (operator === ">=") schema = schema.gte(limit);
    else if (operator === "<") schema = schema.lt(limit);
    else schema = schema.lte(limit);
  }
  return schema;
}

/** Calendar days. To be written they have four digits for the year, as ISO 8601 has it; PostgreSQL knows more days. */
const days = (): ValueSchemas => ({
  written: z
    .string()
    .check(z.iso.date({ abort: true }))
    .refine((day) => !day.startsWith("0000"), { error: "Invalid ISO date: there is no year 0" }),
  read: z.string().regex(/^(?:\d{4,7}-\d\d-\d\d(?: BC)?|-?infinity)$/),
});

/** Drizzle reads an earlier year as another: "0050" as 1950. Its form of a later one PostgreSQL refuses. */
const [firstInstant, lastInstant] = ["0100-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"];

const instants = (): ValueSchemas => ({
  written: z.date().min(new Date(firstInstant)).max(new Date(lastInstant)),
  read: z.date(),
});

/**
 * What the values of a column are, null and default left out. Throws a TypeError for a column whose type or bounds
 * nobody wrote a validator for.
 */
export function valueSchemas(column: PgColumn, bounds: readonly Bound[]): ValueSchemas {
  const [first, ...others] = column.enumValues ?? [];
  if (first !== undefined) return both(z.enum([first, ...others]));
  if (is(column, PgNumeric) && column.precision !== undefined)
    return decimals(column.precision, column.scale ?? 0, bounds);
  if (is(column, PgInteger)) return both(integers(bounds));
  if (bounds.length === 0) {
    if (is(column, PgUUID)) return both(z.string().check(z.guid()));
    if (is(column, PgText)) return both(text());
    if (is(column, PgVarchar)) return both(column.length === undefined ? text() : textUpTo(column.length));
    if (is(column, PgBoolean)) return both(z.boolean());
    if (is(column, PgDateString)) return days();
    if (is(column, PgTimestamp)) return instants();
    if (is(column, PgJsonb)) return { written: z.unknown().check(checkJson), read: z.unknown() };
    if (is(column, PgArray)) return both(z.array(valueSchemas(column.baseColumn, []).written));
  }
  const what = bounds.length === 0 ? column.getSQLType() : `bounds of type ${column.getSQLType()}`;
  throw new TypeError(
    `no validator of ${what} for ${getTableName(column.table)}.${column.name}: write one in src/validation/values.ts`,
  );
}
