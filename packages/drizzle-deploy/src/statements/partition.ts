import { createHash } from "node:crypto";
import type { AlterTableCmd, Node } from "libpg-query";
import type { Table } from "../catalog/index.ts";
import { withoutValidity } from "../catalog/index.ts";
import { isSameText } from "../catalog/meaning.ts";
import type { Names } from "../model/names.ts";
import type { Lock } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { parseStatements, print } from "../sql/parser.ts";
import { quoteIdentifier, quoteLiteral, quoteName, quoteQualified } from "../sql/quote.ts";
import { catalogChange, type Draft, lock, momentary, part, refused, target, type Until } from "./draft.ts";
import { descendants, foreignKeyOfPartitions, ofIndex, type PartitionContext, spread } from "./partitions.ts";
import { resolve } from "./resolve.ts";

interface Place {
  readonly table: QualifiedName;
  readonly context: PartitionContext;
  readonly sql: string;
}

const longest = 63;

/** The check that stands in for a partition's bound while it is validated; the same name each time. */
function checkName({ recordSchema }: Names, table: QualifiedName, partition: QualifiedName): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([table.schema, table.name, partition.schema, partition.name]))
    .digest("hex")
    .slice(0, 16);
  return `${recordSchema}_bound_${digest}`.slice(0, longest);
}

/** The partition that takes what no other does. */
export function defaultPartition(table: QualifiedName, context: PartitionContext): QualifiedName | undefined {
  return context
    .partitions(table)
    .find((one) => context.table(one)?.partition?.bound.toUpperCase() === "DEFAULT");
}

/** The terms of a condition that all have to hold. */
function terms(expression: string): Node[] {
  const node = parseStatements(`SELECT WHERE ${expression}`)[0]?.node;
  const where = node && "SelectStmt" in node ? node.SelectStmt.whereClause : undefined;
  if (where === undefined) return [];
  return "BoolExpr" in where && where.BoolExpr.boolop === "AND_EXPR" ? (where.BoolExpr.args ?? []) : [where];
}

/**
 * What rows of a partition have to satisfy, those of what it is a partition of included; undefined where the plan can't
 * tell. A hash is of the partitioned table's number, which differs from server to server.
 */
function boundOf(
  partition: QualifiedName,
  parent: QualifiedName,
  context: PartitionContext,
): string | undefined {
  const found = context.tableAfter(partition)?.partition;
  if (!found || found.of.schema !== parent.schema || found.of.name !== parent.name) return undefined;
  if (!found.constraint) return undefined;
  const hashes = found.constraint.match(/satisfies_hash_partition\('\d+'::oid/g) ?? [];
  if (hashes.length === 0) return found.constraint;
  const isHash = context.table(parent)?.partitionKey?.startsWith("HASH");
  if (hashes.length > 1 || !isHash) return undefined;
  const name = quoteLiteral(quoteQualified(parent.schema, parent.name));
  return found.constraint.replace(hashes[0] ?? "", () => `satisfies_hash_partition(${name}::regclass::oid`);
}

/** Steps that prove what PostgreSQL would look for, and statements that take the proof away when it has served. */
interface Stand {
  readonly before: readonly Draft[];
  readonly after: readonly string[];
}

/** Adds a check for new rows, has the others looked at beside them, and says how it is dropped when it has served. */
function bounded(
  table: QualifiedName,
  { name, add, until, why }: { name: string; add: string; until: Until; why: string },
  context: PartitionContext,
): Stand {
  const quoted = quoteName(table);
  const check = part("constraint", table, name);
  const all = [table, ...descendants(table, context)];
  const shared = { target: check, needs: [target("table", table)] };
  return {
    before: [
      catalogChange({
        ...shared,
        kind: "add constraint",
        title: `check that rows of ${qualifiedLabel(table)} ${why}, for new rows`,
        sql: add,
        locks: all.map((one) => lock(one, "ACCESS EXCLUSIVE")),
        safety: "NOT VALID: no row is looked at; the lock is held for a moment.",
        goal: { does: "temporary", target: check, step: "make", until },
      }),
      catalogChange({
        ...shared,
        kind: "validate constraint",
        title: `check that rows of ${qualifiedLabel(table)} ${why}, in all rows`,
        sql: `ALTER TABLE ${quoted} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`,
        locks: all.map((one) => lock(one, "SHARE UPDATE EXCLUSIVE", "long")),
        safety: "The rows are read while others read and write.",
        goal: { does: "temporary", target: check, step: "validate", until },
        work: { does: "scan", table, lookups: false },
      }),
    ],
    after: [`ALTER TABLE ${quoted} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`],
  };
}

const nothing: Stand = { before: [], after: [] };

/**
 * What spares PostgreSQL the scan of the default partition when another gets its own: that has no row of it.
 * PostgreSQL 17 manual, "ALTER TABLE", `ATTACH PARTITION`.
 */
export function sparingDefault(
  partition: QualifiedName,
  parent: QualifiedName,
  { context, until }: { context: PartitionContext; until: Until },
): Stand & { readonly isSpared: boolean } {
  const rest = defaultPartition(parent, context);
  if (rest === undefined || context.isNew(rest)) return { ...nothing, isSpared: true };
  const whole = boundOf(partition, parent, context);
  if (whole === undefined) return { ...nothing, isSpared: false };
  // The condition of the partitioned table itself, where that is a partition, comes first.
  const ancestors = context.table(parent)?.partition?.constraint;
  const own = terms(whole).slice(ancestors ? terms(ancestors).length : 0);
  const [first, ...others] = own;
  if (first === undefined) return { ...nothing, isSpared: false };
  const all: Node = others.length === 0 ? first : { BoolExpr: { boolop: "AND_EXPR", args: own } };
  const name = checkName(context.names, rest, partition);
  const add = print({
    AlterTableStmt: {
      relation: { schemaname: rest.schema, relname: rest.name, inh: true, relpersistence: "p" },
      cmds: [
        {
          AlterTableCmd: {
            subtype: "AT_AddConstraint",
            def: {
              Constraint: {
                contype: "CONSTR_CHECK",
                conname: name,
                raw_expr: { BoolExpr: { boolop: "NOT_EXPR", args: [all] } },
                is_enforced: true,
                skip_validation: true,
              },
            },
            behavior: "DROP_RESTRICT",
          },
        },
      ],
      objtype: "OBJECT_TABLE",
    },
  });
  const why = `are none of ${qualifiedLabel(partition)}`;
  return { ...bounded(rest, { name, add, until, why }, context), isSpared: true };
}

/** The tables at the other ends of a partitioned table's foreign keys, and of those that point at it. */
export function foreignEnds(parent: QualifiedName, context: PartitionContext, mode: Lock["mode"]): Lock[] {
  const pointing = context.referencing(parent);
  const pointed = (context.table(parent)?.constraints ?? []).flatMap(({ references }) =>
    references === null ? [] : [{ schema: references.schema, name: references.table }],
  );
  const others = new Map([...pointing, ...pointed].map((one) => [qualifiedLabel(one), one]));
  others.delete(qualifiedLabel(parent));
  return [...others.values()].map((one) => lock(one, mode));
}

/** Keys, indexes and foreign keys of the partitioned table that a table with rows is to have before it is attached. */
function prepared(partition: QualifiedName, parent: Table, context: PartitionContext, until: Until): Draft[] {
  const all = [partition, ...descendants(partition, context)];
  const parts = parent.indexes.flatMap((index) => {
    const made = ofIndex(parent, index, context);
    return made ? [spread({ ...made, until }, [partition], context, false)] : [];
  });
  const keys = parent.constraints.flatMap((constraint) => {
    const { type, name, columns, references, definition } = constraint;
    if (type !== "f" || references === null) return [];
    const key = {
      table: parent,
      name,
      columns,
      references: { schema: references.schema, name: references.table },
      definition,
      until,
      add: (one: QualifiedName, called: string) =>
        `ALTER TABLE ${quoteName(one)} ADD CONSTRAINT ${quoteIdentifier(called)} ${withoutValidity(definition)} NOT VALID`,
    };
    return foreignKeyOfPartitions(key, all, context);
  });
  return [
    ...parts.flatMap(({ first }) => first),
    ...parts.flatMap(({ builds }) => builds),
    ...parts.flatMap(({ attaching }) => attaching),
    ...keys,
  ];
}

/** `ATTACH PARTITION`: what it would look for in all rows is looked for before, while others read and write. */
export function attachPartition(command: AlterTableCmd, { table: parent, context, sql }: Place): Draft[] {
  const partition = partitionOf(command);
  if (partition === null) return [notNamed(sql)];
  const itself = target("table", partition);
  const until = { target: itself, properties: ["partition"] };
  const whole = context.table(parent);
  const isNew = [partition, ...descendants(partition, context)].every(context.isNew);
  const bound = boundOf(partition, parent, context);
  const isDefault = /\bDEFAULT\s*$/i.test(sql);
  // The default partition takes all where there is no other.
  const isFree = isNew || (isDefault && context.partitions(parent).length === 0);
  const name = checkName(context.names, partition, parent);
  const own =
    isFree || bound === undefined
      ? nothing
      : bounded(
          partition,
          {
            name,
            add: `ALTER TABLE ${quoteName(partition)} ADD CONSTRAINT ${quoteIdentifier(name)} CHECK (${bound}) NOT VALID`,
            until,
            why: "are within its bound",
          },
          context,
        );
  const rest = isDefault ? undefined : defaultPartition(parent, context);
  const sparing = isDefault
    ? { ...nothing, isSpared: true }
    : sparingDefault(partition, parent, { context, until });
  const isScanned = (!isFree && bound === undefined) || !sparing.isSpared;
  const duration = isScanned ? ("long" as const) : ("short" as const);
  return [
    ...(isNew || whole === undefined ? [] : prepared(partition, whole, context, until)),
    ...own.before,
    ...sparing.before,
    catalogChange({
      kind: "table option",
      title: `attach ${qualifiedLabel(partition)} to ${qualifiedLabel(parent)}`,
      // In the same transaction, under the same locks: nothing is left behind where it is interrupted.
      sql: [sql, ...own.after, ...sparing.after].join(";\n"),
      target: itself,
      needs: [target("table", parent), itself],
      locks: [
        lock(parent, "SHARE UPDATE EXCLUSIVE", duration),
        ...[
          partition,
          ...descendants(partition, context),
          ...(rest ? [rest, ...descendants(rest, context)] : []),
        ].map((one) => lock(one, "ACCESS EXCLUSIVE", duration)),
        // A foreign key that was added before gives way to that of the whole.
        ...foreignEnds(parent, context, isNew ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE"),
      ],
      goal: { does: "alter", target: itself, properties: ["partition"] },
      work: isScanned ? { does: "scan", table: partition, lookups: false } : { does: "catalog" },
      safety: isScanned
        ? "Every row is looked at while others wait."
        : isNew
          ? "The table is made by this deployment and empty: the lock is held for a moment."
          : "The validated checks prove that every row is in its place, and its indexes are there: the locks are held for a moment.",
      hazards: isScanned
        ? [
            {
              name: "long-lock",
              message: `The bound of ${qualifiedLabel(partition)} can't be told from the migrations: its rows${rest ? ` and those of ${qualifiedLabel(rest)}` : ""} are looked at while everybody waits.`,
              safeForm: `Add a CHECK constraint that says the same, NOT VALID, and validate it, in statements of their own before it; or allow this step by name, in a quiet hour.`,
            },
          ]
        : [],
    }),
  ];
}

/**
 * `DETACH PARTITION`, under a lock held for a moment. In a transaction, also where it says CONCURRENTLY: that would leave
 * a partition half detached where it is interrupted, refuses where there is a default partition, and leaves a check that
 * the migration does not speak of.
 */
export function detachPartition(command: AlterTableCmd, { table: parent, context }: Place): Draft[] {
  const partition = partitionOf(command);
  const sql = `ALTER TABLE ${quoteName(parent)} DETACH PARTITION ${partition ? quoteName(partition) : ""}`;
  if (partition === null) return [notNamed(sql)];
  const itself = target("table", partition);
  const present = context.table(partition);
  if (present?.partition?.detachPending) return [finalize(present, parent, context)];
  const rest = defaultPartition(parent, context);
  const pointing = context
    .referencing(parent)
    .filter((one) => qualifiedLabel(one) !== qualifiedLabel(parent));
  const locked = [parent, partition, ...descendants(partition, context), ...(rest ? [rest] : [])];
  const ends = foreignEnds(parent, context, "SHARE ROW EXCLUSIVE").filter(
    ({ schema, name }) => !pointing.some((one) => one.schema === schema && one.name === name),
  );
  const isLong = pointing.some((one) => !context.isNew(one));
  return [
    catalogChange({
      kind: "table option",
      title: `detach ${qualifiedLabel(partition)} from ${qualifiedLabel(parent)}`,
      sql,
      target: itself,
      needs: [target("table", parent), itself],
      locks: [
        ...[...new Map([...locked, ...pointing].map((one) => [qualifiedLabel(one), one])).values()].map(
          (one) => lock(one, "ACCESS EXCLUSIVE", isLong ? "long" : "short"),
        ),
        ...ends,
      ],
      goal: { does: "alter", target: itself, properties: ["partition"] },
      safety: isLong ? "The rows that point at it are looked for while everybody waits." : momentary,
      work: isLong ? { does: "scan", table: pointing[0] ?? partition, lookups: true } : { does: "catalog" },
      hazards: isLong
        ? [
            {
              name: "long-lock",
              message: `${pointing.map(qualifiedLabel).join(", ")} points at ${qualifiedLabel(parent)}: PostgreSQL looks whether a row of it points into ${qualifiedLabel(partition)}, while everybody waits.`,
              safeForm: `An index on the columns that point at ${qualifiedLabel(parent)} makes it short; then allow this step by name, in a quiet hour.`,
            },
          ]
        : [],
    }),
  ];
}

/**
 * Brings a `DETACH PARTITION … CONCURRENTLY` to its end that was interrupted: PostgreSQL takes nothing else. It then takes
 * away the check that the first half has made, which no migration speaks of.
 */
function finalize(table: Table, parent: QualifiedName, context: PartitionContext): Draft {
  const itself = target("table", table);
  const known = [context.tableBefore(table), context.tableAfter(table)].flatMap(
    (one) => one?.constraints ?? [],
  );
  const made = table.constraints.filter(
    ({ name, type, definition }) =>
      type === "c" &&
      !known.some((one) => one.name === name) &&
      isSameText("table constraint", definition, `CHECK (${table.partition?.constraint ?? "false"})`),
  );
  return catalogChange({
    kind: "table option",
    title: `finish detaching ${qualifiedLabel(table)} from ${qualifiedLabel(parent)}`,
    sql: [
      `ALTER TABLE ${quoteName(parent)} DETACH PARTITION ${quoteName(table)} FINALIZE`,
      ...made.map(({ name }) => `ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${quoteIdentifier(name)}`),
    ].join(";\n"),
    target: itself,
    needs: [target("table", parent), itself],
    locks: [
      lock(parent, "SHARE UPDATE EXCLUSIVE"),
      lock(table, "ACCESS EXCLUSIVE"),
      ...foreignEnds(parent, context, "SHARE ROW EXCLUSIVE"),
    ],
    goal: { does: "alter", target: itself, properties: ["partition"] },
    safety: momentary,
  });
}

/** `ALTER INDEX … ATTACH PARTITION`. */
export function attachIndex(
  command: AlterTableCmd,
  { index, context, sql }: { index: QualifiedName; context: PartitionContext; sql: string },
): Draft[] {
  const attached = partitionOf(command);
  const [table, partition] = [context.indexTable(index), attached ? context.indexTable(attached) : undefined];
  if (attached === null || table === undefined || partition === undefined) return [notNamed(sql)];
  const itself = part("index", partition, attached.name);
  return [
    catalogChange({
      kind: "create index",
      title: `attach index ${qualifiedLabel(attached)} to ${qualifiedLabel(index)}`,
      sql,
      target: itself,
      needs: [itself, part("index", table, index.name)],
      locks: [lock(table, "ACCESS SHARE"), lock(partition, "ACCESS SHARE")],
      goal: { does: "alter", target: itself, properties: ["attachedTo"] },
    }),
  ];
}

function partitionOf({ def }: AlterTableCmd): QualifiedName | null {
  return def && "PartitionCmd" in def && def.PartitionCmd.name ? resolve(def.PartitionCmd.name) : null;
}

const notNamed = (sql: string): Draft =>
  refused(
    sql,
    "Which tables it works on can't be told from the migrations.",
    "Name the schema of each table and index.",
  );
