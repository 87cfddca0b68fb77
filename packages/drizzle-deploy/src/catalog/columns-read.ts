import type { Catalog, Index } from "./catalog.ts";
import type { ObjectIdentity } from "./objects.ts";

/**
 * What of a column is asked for: that it is there, that it is of a type that can be worked with, or of one whose operators
 * never change their answer, as an index needs of what it computes.
 */
export type Reading = "presence" | "type" | "immutable type";

const wordsOf = (text: string | null): string[] => text?.match(/[\p{L}\p{N}_$]+/gu) ?? [];

/** Whether a value is null can be asked of every type. */
const withoutNullTests = (text: string | null): string | null =>
  text?.replaceAll(/[\p{L}\p{N}_$."]+ IS (?:NOT )?NULL\b/gu, " ") ?? null;

function indexColumns(
  { keys, include, predicate }: Index,
  words: typeof wordsOf,
  reading: Reading,
): string[] {
  if (reading === "immutable type") {
    return [
      ...keys.flatMap(({ column, expression }) => (column === null ? words(expression) : [])),
      ...words(predicate),
    ];
  }
  const ofKeys = keys.flatMap(({ column, expression }) => (column === null ? words(expression) : [column]));
  return [...ofKeys, ...include, ...words(predicate)];
}

/**
 * The columns of `before`, as `schema.table.column`, that whatever is new or changed in `after` reads. An expression
 * counts as reading every column that one of its words names: rather too many than too few.
 */
export function columnsRead(
  before: Catalog,
  after: Catalog,
  { reading, isChanged }: { reading: Reading; isChanged: (object: ObjectIdentity) => boolean },
): string[] {
  const words = (text: string | null): string[] =>
    wordsOf(reading === "presence" ? text : withoutNullTests(text));
  const ofTables = after.tables.flatMap((table) => {
    const { schema } = table;
    const label = `${schema}.${table.name}`;
    const parent: ObjectIdentity = { kind: "table", schema, name: table.name, parent: null, label };
    const part = (kind: ObjectIdentity["kind"], name: string): ObjectIdentity => ({
      kind,
      schema,
      name,
      parent,
      label: `${label}.${name}`,
    });
    const named = new Set([
      ...table.indexes
        .filter(({ name }) => isChanged(part("index", name)))
        .flatMap((index) => indexColumns(index, words, reading)),
      ...table.constraints
        .filter(({ name }) => reading !== "immutable type" && isChanged(part("constraint", name)))
        .flatMap(({ columns, definition }) => [...columns, ...words(definition)]),
      ...table.policies
        .filter(({ name }) => reading !== "immutable type" && isChanged(part("policy", name)))
        .flatMap(({ using, check }) => [...words(using), ...words(check)]),
      ...table.columns
        .filter(({ generated, name }) => generated !== null && isChanged(part("column", name)))
        .flatMap(({ generated }) => words(generated)),
    ]);
    const known = before.tables.find((one) => one.schema === schema && one.name === table.name);
    return (known?.columns ?? []).filter(({ name }) => named.has(name)).map(({ name }) => `${label}.${name}`);
  });
  const ofViews = after.views
    .filter(
      ({ schema, name }) =>
        reading !== "immutable type" &&
        isChanged({ kind: "view", schema, name, parent: null, label: `${schema}.${name}` }),
    )
    .flatMap(({ definition }) => {
      const named = new Set(words(definition));
      return before.tables
        .filter(({ name }) => named.has(name))
        .flatMap(({ schema, name: table, columns }) =>
          columns.filter(({ name }) => named.has(name)).map(({ name }) => `${schema}.${table}.${name}`),
        );
    });
  return [...ofTables, ...ofViews];
}
