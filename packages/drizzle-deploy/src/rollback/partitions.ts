import type { Catalog, Constraint, Index, Table } from "../catalog/index.ts";
import { withoutValidity } from "../catalog/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteName } from "../sql/quote.ts";
import type { Draft } from "../statements/draft.ts";
import { attachPartition, detachPartition } from "../statements/partition.ts";
import {
  descendants,
  foreignKeyOfPartitions,
  indexOfPartitions,
  ofIndex,
  type PartitionContext,
} from "../statements/partitions.ts";
import { type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find } from "./find.ts";

/** Partitions, their indexes and keys as they were, by the steps that a deployment would take there. */
function partitionContext({ names, actual, before }: RollbackContext, { tables } = actual): PartitionContext {
  return {
    names,
    isNew: () => false,
    isTaken: ({ schema, name }) =>
      tables.some(
        (table) =>
          table.schema === schema &&
          (table.name === name || [...table.indexes, ...table.constraints].some((one) => one.name === name)),
      ),
    table: (one) => find(tables, one),
    tableAfter: (one) => find(before.tables, one),
    tableBefore: (one) => find(tables, one),
    partitions: ({ schema, name }) =>
      tables.filter(({ partition }) => partition?.of.schema === schema && partition.of.name === name),
    strangePartitions: () => [],
    referencing: ({ schema, name }) =>
      tables.filter(({ constraints }) =>
        constraints.some(({ references }) => references?.schema === schema && references.table === name),
      ),
    indexTable: ({ schema, name }) =>
      tables.find((table) => table.schema === schema && table.indexes.some((one) => one.name === name)),
  };
}

/** Whether an interrupted rollback did a step already. */
function isDone({ goal }: Draft, { tables }: Catalog): boolean {
  if (!("target" in goal) || goal.target.schema === null || goal.target.table === null) return false;
  const { kind, schema, name } = goal.target;
  const table = find(tables, { schema, name: goal.target.table });
  if (kind === "constraint") {
    const found = table?.constraints.find((one) => one.name === name);
    const isValidation = "step" in goal && goal.step === "validate";
    return found !== undefined && (found.validated || !isValidation);
  }
  const found = table?.indexes.find((one) => one.name === name);
  if (found === undefined) return false;
  if (goal.does !== "in partition") return true;
  if (goal.step === "attach") return found.attachedTo?.name === goal.of.name;
  return goal.step === "adopt" ? found.constraint !== null : found.valid;
}

/** The steps of a deployment as a rollback's. */
function add(context: RollbackContext, drafts: readonly Draft[], actual = context.actual): void {
  for (const draft of drafts) {
    if (isDone(draft, actual)) continue;
    const { kind, title, sql, target, locks, transactional, safety, work } = draft;
    context.add({
      kind,
      title,
      sql: transactional ? underSchemas(context.before, sql) : sql,
      target,
      locks: locks.map(({ schema, name, mode }) => [{ schema, name }, mode]),
      transactional,
      scans: work.does !== "catalog",
      safety,
    });
  }
}

const isSame = (one: Table["partition"], other: Table["partition"]): boolean =>
  one?.of.schema === other?.of.schema && one?.of.name === other?.of.name && one?.bound === other?.bound;

/** The tables that are partitions as the deployment made it, and were not or otherwise. */
function repartitioned({ keptTables, changes }: RollbackContext) {
  return keptTables.filter(
    ({ table, was }) =>
      !isSame(table.partition, was.partition) &&
      changes.altered.some(
        ({ object, property }) =>
          property === "partition" && object.schema === table.schema && object.name === table.name,
      ),
  );
}

/** Whether a rollback takes a table out of what the deployment made it a partition of. */
export const isToDetach = (context: RollbackContext, table: Table): boolean =>
  table.partition !== null && repartitioned(context).some((one) => one.table === table);

/** Whether what a partition has of the partitioned table stays and goes with that. */
export const isHandedDown = (
  context: RollbackContext,
  table: Table,
  { inherited = false }: { readonly inherited?: boolean | undefined },
): boolean => inherited && !isToDetach(context, table);

/** The partitions of a table, and theirs. */
export const partitionsOf = (context: RollbackContext, table: QualifiedName): QualifiedName[] =>
  descendants(table, partitionContext(context));

/** Takes out what the deployment made a partition: its rows stay in it. */
export function detachPartitions(context: RollbackContext): void {
  const around = partitionContext(context);
  for (const { table } of repartitioned(context)) {
    if (!table.partition) continue;
    const { of } = table.partition;
    const command = { def: { PartitionCmd: { name: { schemaname: table.schema, relname: table.name } } } };
    add(context, detachPartition(command, { table: of, context: around, sql: "" }));
    context.notes.push(
      `rows that were written through ${qualifiedLabel(of)} since are in ${qualifiedLabel(table)}, and are read there`,
    );
  }
}

/** Puts back what the deployment took out, where the rows allow it. */
export function attachPartitions(context: RollbackContext): void {
  const around = partitionContext(context);
  for (const { table, was } of repartitioned(context)) {
    const { partition } = was;
    if (!partition) continue;
    const parent = find(context.actual.tables, partition.of);
    if (!parent || context.violated.has(`${qualifiedLabel(table)}.`)) {
      context.keep(
        topKey("table", table),
        `table ${qualifiedLabel(table)} stays no partition: ${parent ? "rows written since are not within its bound, or are elsewhere" : "what it was a partition of was dropped"}`,
      );
      continue;
    }
    const command = { def: { PartitionCmd: { name: { schemaname: table.schema, relname: table.name } } } };
    const sql = `ALTER TABLE ${quoteName(partition.of)} ATTACH PARTITION ${quoteName(table)} ${partition.bound}`;
    add(context, attachPartition(command, { table: partition.of, context: around, sql }));
  }
}

/** The catalog without an index, and without those of partitions that go with it. */
function withoutIndex(catalog: Catalog, schema: string, name: string): Catalog {
  const parts = catalog.tables.flatMap((table) =>
    table.indexes.flatMap(({ name: part, attachedTo }) =>
      attachedTo?.schema === schema && attachedTo.name === name ? [{ schema: table.schema, name: part }] : [],
    ),
  );
  const without: Catalog = {
    ...catalog,
    tables: catalog.tables.map((table) =>
      table.schema === schema
        ? {
            ...table,
            indexes: table.indexes.filter((one) => one.name !== name),
            constraints: table.constraints.filter((one) => one.name !== name),
          }
        : table,
    ),
  };
  return parts.reduce((left, one) => withoutIndex(left, one.schema, one.name), without);
}

/** Builds an index of a partitioned table again, and the key that it is for; false where there is nothing to build. */
export function restorePartitionedIndex(
  context: RollbackContext,
  {
    table,
    was,
    index,
    isReplaced,
  }: {
    table: Table;
    was: Table;
    index: Index;
    /** Whether another is in its place, and goes before it comes. */
    isReplaced: boolean;
  },
): boolean {
  const actual = isReplaced ? withoutIndex(context.actual, table.schema, index.name) : context.actual;
  const around = partitionContext(context, actual);
  if (table.kind !== "partitioned" || partitionsOf(context, table).length === 0) return false;
  const made = ofIndex(was, index, around);
  if (made === null) return false;
  const name = quoteIdentifier(index.name);
  const removal =
    isReplaced && index.constraint !== null
      ? [`ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${name}`]
      : [];
  const isThere = !isReplaced && table.indexes.some((one) => one.name === index.name);
  if (!isThere) {
    context.add({
      kind: index.constraint === null ? "create index" : "add constraint",
      title: `restore ${index.constraint === null ? "index" : "constraint"} ${index.name} of ${qualifiedLabel(table)}, without its partitions`,
      sql: underSchemas(context.before, [...removal, made.only(table, index.name)].join(";\n")),
      target: {
        kind: index.constraint === null ? "index" : "constraint",
        schema: table.schema,
        table: table.name,
        name: index.name,
      },
      locks: [[table, "ACCESS EXCLUSIVE"]],
      safety: "ONLY: nothing is built yet, and the lock is held for a moment.",
    });
  }
  add(context, indexOfPartitions(made, around), actual);
  return true;
}

/** Adds a foreign key to the partitions of a table again, so that the table can take it over. */
export function restorePartitionedForeignKey(
  context: RollbackContext,
  table: Table,
  was: Constraint,
): boolean {
  const { references, definition } = was;
  if (table.kind !== "partitioned" || references === null) return false;
  const key = {
    table,
    name: was.name,
    columns: was.columns,
    references: { schema: references.schema, name: references.table },
    definition,
    add: (one: QualifiedName, called: string) =>
      `ALTER TABLE ${quoteName(one)} ADD CONSTRAINT ${quoteIdentifier(called)} ${withoutValidity(definition)} NOT VALID`,
  };
  add(context, foreignKeyOfPartitions(key, partitionsOf(context, table), partitionContext(context)));
  context.add({
    kind: "add constraint",
    title: `restore constraint ${was.name} of ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdentifier(was.name)} ${withoutValidity(definition)}`,
    ),
    target: { kind: "constraint", schema: table.schema, table: table.name, name: was.name },
    locks: [
      [table, "SHARE ROW EXCLUSIVE"],
      [{ schema: references.schema, name: references.table }, "SHARE ROW EXCLUSIVE"],
    ],
    safety: "Each partition has it, and every row is checked: the locks are held for a moment.",
  });
  return true;
}
