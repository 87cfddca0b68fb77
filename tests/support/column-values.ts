import { isDeepStrictEqual } from "node:util";
import type { PgColumn } from "drizzle-orm/pg-core";
import fc from "fast-check";

/* Values for columns around every boundary that PostgreSQL has, and where the validators are stricter than it is. */

/** A column as the tests need it, said without the code that they test. */
export interface Subject {
  readonly column: PgColumn;
  /** `varchar`, `numeric`, `text[]`: the type without what is in parentheses. */
  readonly type: string;
  /** What is in the parentheses of a type: a length, or precision and scale. */
  readonly sizes: readonly number[];
  /** The numbers that the column's check constraints name. */
  readonly limits: readonly number[];
}

export function subjectOf(column: PgColumn, constraints: readonly string[]): Subject {
  const [, type = "", sizes = ""] = /^([a-z[\]]+)[^(]*(?:\((.*)\))?$/.exec(column.getSQLType()) ?? [];
  return {
    column,
    type,
    sizes: sizes.split(",").filter(Boolean).map(Number),
    limits: constraints.flatMap((text) => [...text.matchAll(/-?\b\d+(?:\.\d+)?\b/g)].map(Number)),
  };
}

const uuid = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const emoji = "\u{1F600}";
const texts = [
  "",
  " ",
  "a\0b",
  "\ud800",
  "\udc00a",
  `a${emoji.slice(1)}${emoji.slice(0, 1)}`,
  emoji,
  "\uffff\ufeff",
];

/** A list in a list in a list. */
export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

/** What every type is tried with, whatever it is. */
const foreign: readonly unknown[] = ["x", 5, 12.5, true, 10n, new Date(0), ["x"], { a: 1 }];

/** Values on both sides of the boundaries that a column has by its length, precision, literals and check constraints. */
export function boundaries({ column, type, sizes, limits }: Subject): unknown[] {
  const own = (): unknown[] => {
    switch (type) {
      case "varchar": {
        const [length = 0] = sizes;
        const full = "x".repeat(length);
        const literals = column.enumValues ?? [];
        return [
          ...literals.flatMap((one) => [one, `${one} `, one.toUpperCase(), one.toLowerCase(), one.slice(1)]),
          ...[full, `${full}x`, `${full}  `, `${full} x`, emoji.repeat(length), emoji.repeat(length + 1)],
        ];
      }
      case "numeric": {
        const [precision = 0, scale = 0] = sizes;
        const whole = "9".repeat(precision - scale);
        const nines = "9".repeat(scale);
        const around = [0, ...limits].flatMap((limit) =>
          [1, 0.5, 0.1, 0, -0.1, -0.5, -1].map((some) => (limit + some / 10 ** scale).toFixed(scale + 1)),
        );
        const largest = [`${whole}.${nines}`, `${whole}.${nines}4`, `${whole}.${nines}5`, `1${whole}`];
        return [
          ...around,
          ...largest,
          ...largest.map((one) => `-${one}`),
          `${whole}.${nines}000`,
          "NaN",
          "-0",
        ];
      }
      case "integer":
        return [...limits, 2 ** 31, -(2 ** 31)].flatMap((limit) => [limit - 1, limit, limit + 1]);
      default:
        return [];
    }
  };
  return [null, undefined, ...own()];
}

/** Values on both sides of the boundaries that any column of a type has. */
export function boundariesOfType(type: string): unknown[] {
  const own = (): unknown[] => {
    switch (type) {
      case "varchar":
        return texts;
      case "text":
        return [...texts, "x".repeat(10_000)];
      case "numeric":
        return [
          ...[
            "+5",
            " 5 ",
            "5.",
            ".5",
            "1e1",
            "0x1F",
            "1_0",
            "5\n",
            "007.5",
            `${"0".repeat(99)}1`,
            "5.000000000000",
          ],
          ...["", ".", "-", "1,5", "--1", "1.5.5", "nan", "Infinity", "-Infinity", "\u0663"],
        ];
      case "integer":
        return [0, -0, 0.5, 1e21, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER];
      case "boolean":
        return [false, 0, 1, "true", "yes"];
      case "uuid":
        return [
          ...["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
          ...[
            uuid.toUpperCase(),
            `{${uuid}}`,
            uuid.replaceAll("-", ""),
            uuid.slice(1),
            ` ${uuid}`,
            uuid.replace("7", "g"),
          ],
        ];
      case "date":
        return [
          ...["0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "5874897-12-31", "5874898-01-01"],
          ...[
            "2026-02-30",
            "2026-02-29",
            "2000-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
          ],
          ...[
            "infinity",
            "today",
            "0044-03-15 BC",
            "20260214",
            "2026-2-3",
            " 2026-02-14",
            "2026-02-14T10:00Z",
            "",
          ],
        ];
      case "timestamp":
        return [
          ...[
            "0000-12-31T23:59:59.999Z",
            "0001-01-01T00:00:00Z",
            "0031-05-05T00:00:00Z",
            "0099-12-31T23:59:59.999Z",
          ],
          ...[
            "0100-01-01T00:00:00Z",
            "1883-01-01T12:00:00Z",
            "9999-12-31T23:59:59.999Z",
            "+010000-01-01T00:00:00Z",
          ],
          ...["2026-02-14T10:00:00.001Z", "-000001-01-01T00:00:00Z", "no date"],
        ].map((one) => new Date(one));
      case "jsonb":
        return [
          ...[
            ...texts,
            "5",
            "{}",
            "null",
            '"a"',
            " 1 ",
            0,
            -0,
            1e308,
            5e-324,
            Number.NaN,
            Number.NEGATIVE_INFINITY,
          ],
          ...[[], {}, [null], [undefined], { a: undefined }, { a: null }, { "": { b: [] } }, { b: 1, a: 2 }],
          ...texts.flatMap((one) => [[one], { [one]: 1 }]),
          ...[{ a: 10n }, { a: new Date(0) }, { a: Symbol("a") }, () => 1, new Map([[1, 2]]), new Array(1)],
          ...[
            JSON.parse('{"__proto__":{"a":1}}'),
            Object.create({ a: 1 }),
            Object.create(null),
            { toJSON: () => 5 },
          ],
          ...[nested(500), nested(501)],
        ];
      case "text[]":
        return [
          ...[[], ["NULL", "null", "\\", '"', "{}", ",", "a\nb", " "], ...texts.map((one) => [one, one])],
          ...[[null], ["a", null], [undefined], [5], [["a"]], ["a", ["b"]], "{a}", "a"],
        ];
      default:
        throw new TypeError(`no values of type ${type}: give some in tests/support/column-values.ts`);
    }
  };
  return [...foreign, ...own()];
}

const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
  .map((codes) => String.fromCharCode(...codes));
const anyText = fc.oneof(fc.string({ unit: "binary" }), units, fc.string({ unit: "grapheme" }));

/** Values of a column's type, good and bad ones. */
function guesses({ column, type, sizes, limits }: Subject): fc.Arbitrary<unknown> {
  switch (type) {
    case "varchar": {
      const [length = 0] = sizes;
      const long = fc
        .tuple(anyText, fc.integer({ min: -3, max: 3 }), fc.constantFrom("x", emoji, " "))
        .map(([start, more, fill]) => start + fill.repeat(Math.max(0, length + more - [...start].length)));
      const literals = column.enumValues ?? [];
      return literals.length === 0
        ? fc.oneof(anyText, long)
        : fc.oneof(fc.constantFrom(...literals), anyText);
    }
    case "numeric": {
      const [precision = 0, scale = 0] = sizes;
      const decimal = fc
        .record({
          sign: fc.constantFrom("", "-"),
          whole: fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(0n, 10n ** BigInt(precision - scale + 1))),
          fraction: fc.stringMatching(new RegExp(`^\\d{0,${scale + 2}}$`)),
        })
        .map(({ sign, whole, fraction }) => `${sign}${whole}${fraction && `.${fraction}`}`);
      const garbled = fc.string({ unit: fc.constantFrom(..."0123456789.+-eExN_ "), maxLength: 8 });
      return fc.oneof({ weight: 4, arbitrary: decimal }, garbled);
    }
    case "integer":
      return fc.oneof(fc.integer({ min: -5, max: Math.max(5, ...limits) + 5 }), fc.integer(), fc.double());
    case "boolean":
      return fc.boolean();
    case "uuid":
      return fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$/));
    case "date":
      return fc
        .tuple(
          fc.oneof(fc.integer({ min: 0, max: 10_010 }), fc.constantFrom(0, 1, 1900, 2000, 2024, 9999)),
          fc.integer({ min: 0, max: 13 }),
          fc.integer({ min: 0, max: 32 }),
        )
        .map(([year, month, day]) =>
          [`${year}`.padStart(4, "0"), ...[month, day].map((n) => `${n}`.padStart(2, "0"))].join("-"),
        );
    case "timestamp":
      return fc.oneof(fc.date(), fc.date({ min: new Date("0000-01-01"), max: new Date("+010001-01-01") }));
    case "jsonb":
      return fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.anything({ maxDepth: 2, maxKeys: 3, withDate: true, withMap: true, withNullPrototype: true }),
        anyText,
      );
    case "text[]":
      return fc.array(fc.oneof({ weight: 9, arbitrary: anyText }, fc.constant(null)));
    default:
      return anyText;
  }
}

/** A value of a column: mostly of its type, at times what another column would take. */
export const someValue = (subject: Subject): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: guesses(subject) }, fc.constantFrom(null, undefined, ...foreign));

const isDecimal = (value: string) => /^-?\d+(\.\d+)?$/.test(value);
const isNaNumeric = (value: unknown) => typeof value === "string" && /^\s*nan\s*$/i.test(value);

/** What `JSON` makes of a value; undefined where it makes nothing. */
function throughJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** As `JSON` gives it back where it carries it: -0 as 0. */
function asJson(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]));
}

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const typeInTypeScript = ({ type }: Subject): string =>
  type === "timestamp"
    ? "date"
    : ({ boolean: "boolean", integer: "number", "text[]": "list" }[type] ?? "string");

const typeOfValue = (value: unknown): string =>
  value instanceof Date ? "date" : Array.isArray(value) ? "list" : typeof value;

/** By a text column's values, those of a list among them. */
const someText = (value: unknown, is: (text: string) => boolean): boolean =>
  (Array.isArray(value) ? value : [value]).some((one) => typeof one === "string" && is(one));

/**
 * What the validators refuse and the database takes, as docs/validation.md lists it: because another value would be
 * read, or none that an application can use. Nothing else may be.
 */
export const exceptions: readonly {
  readonly what: string;
  readonly is: (subject: Subject, value: unknown) => boolean;
}[] = [
  {
    what: "a value of another type",
    is: (subject, value) =>
      subject.type !== "jsonb" && value !== null && typeOfValue(value) !== typeInTypeScript(subject),
  },
  {
    what: "more decimals than the column has",
    is: ({ type, sizes: [, scale = 0] }, value) =>
      type === "numeric" &&
      typeof value === "string" &&
      isDecimal(value) &&
      /[1-9]/.test(value.split(".")[1]?.slice(scale) ?? ""),
  },
  {
    what: "a number in another spelling",
    is: ({ type }, value) =>
      type === "numeric" && typeof value === "string" && !isDecimal(value) && !isNaNumeric(value),
  },
  { what: "`NaN`", is: ({ type }, value) => type === "numeric" && isNaNumeric(value) },
  {
    what: "spaces beyond the length",
    is: ({ type, sizes: [length = 0] }, value) =>
      type === "varchar" &&
      typeof value === "string" &&
      [...value].length > length &&
      [...value.replace(/ +$/, "")].length <= length,
  },
  {
    what: "half of a surrogate pair",
    is: ({ type }, value) =>
      type !== "jsonb" && someText(value, (text) => Buffer.from(text).toString() !== text),
  },
  {
    what: "null in a list, or a list in a list",
    is: ({ type }, value) =>
      type === "text[]" && Array.isArray(value) && value.some((one) => typeof one !== "string"),
  },
  {
    what: "a day in another spelling, or of no year from 1 to 9999",
    is: ({ type }, value) => type === "date" && typeof value === "string" && !/^\d{4}-\d\d-\d\d$/.test(value),
  },
  {
    what: "a moment before the year 100",
    is: ({ type }, value) => type === "timestamp" && value instanceof Date && value.getUTCFullYear() < 100,
  },
  {
    what: "a UUID in another spelling",
    is: ({ type }, value) =>
      type === "uuid" && typeof value === "string" && !/^\w{8}-\w{4}-\w{4}-\w{4}-\w{12}$/.test(value),
  },
  {
    what: "what JSON does not carry",
    is: ({ type }, value) => type === "jsonb" && !isDeepStrictEqual(throughJson(value), asJson(value)),
  },
  {
    what: "a JSON text that is JSON itself",
    is: ({ type }, value) =>
      type === "jsonb" && typeof value === "string" && value !== "" && readsAsJson(value),
  },
  { what: "JSON deeper than 500 levels", is: ({ type }, value) => type === "jsonb" && depthOf(value) > 500 },
];

function readsAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is read of a value that was written: the same, in PostgreSQL's own spelling. */
export function readBack({ type, sizes: [, scale = 0] }: Subject, value: unknown): unknown {
  if (value === null) return null;
  if (type === "jsonb") return throughJson(value);
  if (type === "integer") return asJson(value);
  if (typeof value !== "string") return value;
  if (type === "uuid") return value.toLowerCase();
  if (type !== "numeric") return value;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)0*(\d+)(?:\.(\d*))?$/.exec(value) ?? [];
  const decimal = scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, "0").slice(0, scale)}`;
  return /[1-9]/.test(decimal) ? sign + decimal : decimal;
}
