import type { Names } from "../model/names.ts";
import type { Target } from "../model/step.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import type { Draft, StatementContext } from "../statements/index.ts";
import type { Folder } from "./folder.ts";

/*
 * What statements are classified in where there is no database: what the folder says, and where it says nothing, what
 * is the worse. A table may have any number of rows, unless the migrations that are judged make it.
 */

/** PostgreSQL's own functions that defaults call and that give every row of a statement the same. */
export const steadyFunctions: readonly string[] = [
  "abs",
  "array_append",
  "array_length",
  "array_to_json",
  "btrim",
  "ceil",
  "chr",
  "concat",
  "current_database",
  "current_schema",
  "current_setting",
  "date_part",
  "date_trunc",
  "encode",
  "extract",
  "decode",
  "floor",
  "format",
  "int4range",
  "json_build_array",
  "json_build_object",
  "jsonb_build_array",
  "jsonb_build_object",
  "left",
  "length",
  "lower",
  "lpad",
  "make_date",
  "make_interval",
  "make_timestamp",
  "md5",
  "now",
  "numrange",
  "power",
  "quote_ident",
  "replace",
  "right",
  "round",
  "rpad",
  "sha256",
  "statement_timestamp",
  "substr",
  "substring",
  "timezone",
  "to_char",
  "to_date",
  "to_json",
  "to_jsonb",
  "to_number",
  "to_timestamp",
  "to_tsvector",
  "transaction_timestamp",
  "trunc",
  "tsrange",
  "tstzrange",
  "upper",
];

const keyOf = ({ kind, schema, table, name }: Target): string => JSON.stringify([kind, schema, table, name]);
const relation = ({ schema, name }: QualifiedName): string => qualifiedLabel({ schema, name });
const isPart = (one: QualifiedName, other: QualifiedName): boolean => relation(one) === relation(other);

/** What the migrations that are judged have made so far: nobody has it, and it has no row of anybody's. */
export interface Made {
  readonly isMade: (target: Target) => boolean;
  /** Takes down what a step makes, renames and takes away. */
  readonly take: (draft: Pick<Draft, "goal" | "ifNotExists">, folder: Folder) => void;
}

/** The relation that a target is, or is a part of. */
const wholeOf = ({ schema, table, name }: Target): string =>
  relation({ schema: schema ?? "", name: table ?? name });

/** Nothing made yet. */
export function nothingMade(): Made {
  const made = new Map<string, Target>();
  const isMade = (target: Target): boolean =>
    made.has(keyOf(target)) ||
    (target.table !== null && made.has(keyOf({ ...target, kind: "table", name: target.table, table: null })));
  const takeAway = (target: Target): Target[] => {
    const gone = [...made.values()].filter(
      (one) =>
        keyOf(one) === keyOf(target) ||
        (target.table === null && one.table !== null && wholeOf(one) === wholeOf(target)),
    );
    for (const one of gone) made.delete(keyOf(one));
    return gone;
  };
  const add = (target: Target) => made.set(keyOf(target), target);
  return {
    isMade,
    take({ goal, ifNotExists }, folder) {
      if (goal.does === "create") {
        // What is there already stays as it is.
        if (ifNotExists && goal.target.kind === "table" && folder.tables.has(wholeOf(goal.target))) return;
        for (const one of [goal.target, ...goal.parts]) add(one);
      }
      if (goal.does === "drop") takeAway(goal.target);
      if (goal.does === "rename") {
        const { to, target } = goal;
        for (const one of takeAway(target)) {
          add(keyOf(one) === keyOf(target) ? to : { ...one, schema: to.schema, table: to.name });
        }
      }
    },
  };
}

/** The folder at the places that a statement is classified between. */
export interface Places {
  /** As the statements before leave it. */
  readonly now: Folder;
  /** As the migration before leaves it, as this one leaves it, and as the last one leaves it. */
  readonly before: Folder;
  readonly after: Folder;
  readonly last: Folder;
}

/** What statements are classified in, told from a folder. */
export function contextOfFolder(
  { now, before, after, last }: Places,
  made: Made,
  names: Names,
): StatementContext {
  const tables = () => [...now.tables.values()];
  const tableIn = (folder: Folder) => (name: QualifiedName) => folder.tables.get(relation(name));
  const isGone = ({ schema, name }: QualifiedName): boolean => now.gone.has(relation({ schema, name }));
  const indexTableIn = (folder: Folder, { schema, name }: QualifiedName) =>
    [...folder.tables.values()].find(
      (table) => table.schema === schema && table.indexes.some((index) => index.name === name),
    );
  const usersOf = ({ schema, name }: QualifiedName) => {
    const printed = [quoteIdentifier(name), quoteQualified(schema, name), name, `${schema}.${name}`];
    return tables().filter(({ columns }) =>
      columns.some(({ type }) => printed.includes(type.replace(/\[\]$/, ""))),
    );
  };
  return {
    names,
    schemas: now.schemas,
    isUtc: false,
    isSuperuser: false,
    // No server is known: what the newest one takes is judged, and a plan says what this one does not.
    serverVersion: 18,
    isSmall: () => false,
    isOwn: made.isMade,
    isBegun: () => false,
    isEmpty: () => false,
    isNew: (name) =>
      ["table" as const, "view" as const].some((kind) =>
        made.isMade({ kind, schema: name.schema, name: name.name, table: null }),
      ),
    table: tableIn(now),
    tableAfter: tableIn(after),
    tableAtLast: tableIn(last),
    tableBefore: tableIn(before),
    isTaken: (name) =>
      now.tables.has(relation(name)) ||
      now.views.has(relation(name)) ||
      indexTableIn(now, name) !== undefined ||
      tables().some(
        (table) => table.schema === name.schema && table.constraints.some((one) => one.name === name.name),
      ),
    strangePartitions: () => [],
    isView: (name) => [now, after].some((folder) => folder.views.has(relation(name))),
    exists: ({ kind, schema, table, name }) => {
      if (schema === null) return true;
      const whole = { schema, name: table ?? name };
      if (isGone(whole)) return false;
      if (kind !== "column" || table === null || now.partly.has(relation(whole))) return true;
      const known = now.tables.get(relation(whole));
      return known === undefined || known.columns.some((column) => column.name === name);
    },
    existsAfter: ({ kind, schema, name }) => {
      const own = relation({ schema: schema ?? "", name: name.split("(")[0] ?? name });
      if (kind === "function") return after.functions.has(own);
      if (kind === "sequence") return after.sequences.has(own);
      return after.tables.has(own) || after.views.has(own);
    },
    described: () => undefined,
    membersOf: () => [],
    rows: () => null,
    volatility: (path) => {
      const [name = "", schema] = [path.at(-1), path.length > 1 ? path.at(-2) : undefined];
      const found = [...now.functions.values()]
        .flat()
        .filter((one) => one.name === name && (schema === undefined || one.schema === schema));
      for (const volatility of ["volatile", "stable", "immutable"] as const) {
        if (found.some((one) => one.volatility === volatility)) return volatility;
      }
      const isOfSystem = schema === undefined || schema === "pg_catalog";
      return isOfSystem && steadyFunctions.includes(name) ? "stable" : null;
    },
    isAggregate: () => false,
    isVolatileOperator: () => false,
    isRuled: () => false,
    isOwner: () => true,
    relatives: (name) =>
      tables().filter(
        (one) => one.partition !== null && (isPart(one.partition.of, name) || isPart(one, name)),
      ),
    routines: (name) => now.functions.get(relation(name)) ?? [],
    referencedFromOutside: () => undefined,
    overloads: (name) =>
      [now, after].flatMap((folder) =>
        (folder.functions.get(relation(name)) ?? []).map((one) => one.argumentTypes),
      ),
    dependents: (name, column) =>
      [...now.views.values()].filter(
        ({ reads, columns }) =>
          reads.some((one) => isPart(one, name)) &&
          (column === undefined || columns === null || columns.includes(column)),
      ),
    partitions: (name) =>
      tables().filter(({ partition }) => partition !== null && isPart(partition.of, name)),
    referencing: (name) =>
      tables().filter(({ constraints }) =>
        constraints.some(
          ({ references }) => references?.schema === name.schema && references.table === name.name,
        ),
      ),
    reads: (view) => now.views.get(relation(view))?.reads ?? [],
    sequencesOf: ({ schema, name }, column) =>
      [...now.sequences.keys()]
        .filter((label) =>
          column === undefined
            ? label.startsWith(`${schema}.${name}_`) && label.endsWith("_seq")
            : label === `${schema}.${name}_${column}_seq`,
        )
        .map((label) => ({ schema, name: label.slice(schema.length + 1) })),
    domainRules: (domain) => now.domains.get(relation(domain)) ?? [],
    usersOf,
    isStrictDomain: (type) =>
      [...now.domains].some(
        ([label, rules]) =>
          rules.length > 0 && (label === type || now.schemas.some((schema) => label === `${schema}.${type}`)),
      ),
    indexTable: (index) => indexTableIn(now, index) ?? indexTableIn(after, index),
    keyTable: ({ schema, name }) =>
      tables().find(
        (table) =>
          table.schema === schema &&
          table.constraints.some((one) => one.name === name && ["p", "u", "x"].includes(one.type)),
      ),
  };
}
