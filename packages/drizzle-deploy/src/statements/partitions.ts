import type { IndexStmt } from "libpg-query";
import type { Constraint, Index, Table } from "../catalog/index.ts";
import { withoutValidity } from "../catalog/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { parseStatements, print } from "../sql/parser.ts";
import { quoteIdentifier, quoteName, quoteQualified } from "../sql/quote.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { freeName, indexColumnNames } from "./index-name.ts";

/*
 * PostgreSQL builds no index on a partitioned table concurrently, and checks no foreign key of one later. Each partition
 * can be served by itself, and the partitioned table takes over what is there then. PostgreSQL 17 manual, 5.12.2
 * "Declarative Partitioning", "Partition Maintenance".
 */

/** What it takes to know of a database to serve its partitions: of a deployment's, or of a rollback's. */
export type PartitionContext = Pick<
  StatementContext,
  | "names"
  | "isNew"
  | "isTaken"
  | "table"
  | "tableAfter"
  | "tableBefore"
  | "partitions"
  | "strangePartitions"
  | "referencing"
  | "indexTable"
>;

/** Whether a table is partitioned, has partitions, and rows may be in them: then nothing is done to it at one go. */
export function isSpread(table: QualifiedName, context: PartitionContext): boolean {
  return descendants(table, context).some((one) => !context.isNew(one));
}

/** The partitions of a table, and theirs, each after what it is a partition of. */
export function descendants(table: QualifiedName, context: PartitionContext): QualifiedName[] {
  return context.partitions(table).flatMap((one) => [one, ...descendants(one, context)]);
}

/** Partitions that no managed schema has, of a table or of its partitions: the plan knows nothing of what is in them. */
export function strangers(table: QualifiedName, context: PartitionContext): QualifiedName[] {
  return [table, ...descendants(table, context)].flatMap((one) => [...context.strangePartitions(one)]);
}

/** An index that a partitioned table gets, of its own or for a key, and how a partition gets its own. */
export interface PartitionedIndex {
  readonly table: QualifiedName;
  readonly name: string;
  /** As the server has it or will have it; undefined where the plan can't tell. */
  readonly like: Index | undefined;
  readonly columns: readonly string[];
  /** The type of the key that it is for. */
  readonly key: "p" | "u" | null;
  /** The statement that builds that of a partition concurrently. */
  readonly build: (table: QualifiedName, name: string) => string;
  /** The one that makes that of a partitioned partition, without those of its own partitions. */
  readonly only: (table: QualifiedName, name: string) => string;
  /** The one that makes a key of a partition's index. */
  readonly adopt: ((table: QualifiedName, name: string) => string) | null;
  readonly work: (table: QualifiedName) => Draft["work"];
  /** What counts as reached when the whole is done; then nothing is left to do. */
  readonly until?: Extract<Draft["goal"], { does: "in partition" }>["until"];
}

const isLike = (one: Index, other: Index): boolean => {
  const form = ({ method, unique, nullsNotDistinct, keys, include, predicate }: Index): string =>
    JSON.stringify([
      method,
      unique,
      nullsNotDistinct,
      keys.map(({ expression, collation, operatorClass }) => [expression, collation, operatorClass]),
      include,
      predicate,
    ]);
  return form(one) === form(other);
};

const isCalled =
  ({ schema, name }: QualifiedName) =>
  (one: QualifiedName | null | undefined): boolean =>
    one?.schema === schema && one.name === name;

/** The index of a partition that PostgreSQL would take for that of the whole; of several the first. */
function partOf(
  table: Table,
  index: PartitionedIndex,
  wanted: string,
): Pick<Index, "name" | "constraint"> | undefined {
  const own = { schema: index.table.schema, name: index.name };
  const attached = table.indexes.find(({ attachedTo }) => isCalled(own)(attachedTo));
  if (attached) return attached;
  const { like, key } = index;
  return table.indexes.find((one) => {
    if (one.attachedTo || like === undefined || !isLike(one, like)) return false;
    if (key === null) return true;
    const type = table.constraints.find(({ name }) => name === one.constraint)?.type;
    // One without a constraint is what an interrupted deployment built.
    return type === key || (one.constraint === null && one.name === wanted);
  });
}

/** Steps that bring an index of a partitioned table to all of its partitions. */
export function indexOfPartitions(index: PartitionedIndex, context: PartitionContext): Draft[] {
  const steps = spread(index, context.partitions(index.table), context);
  return [...steps.first, ...steps.builds, ...steps.attaching];
}

/** The same for some tables that are partitions of it, or are to be. */
export function spread(
  index: PartitionedIndex,
  partitions: readonly QualifiedName[],
  context: PartitionContext,
  isAttaching = true,
): { first: Draft[]; builds: Draft[]; attaching: Draft[] } {
  const result: { first: Draft[]; builds: Draft[]; attaching: Draft[] } = {
    first: [],
    builds: [],
    attaching: [],
  };
  const taken = new Set<string>();
  const of = part("index", index.table, index.name);
  const until = index.until ? { until: index.until } : {};
  const whole = quoteQualified(index.table.schema, index.name);
  const label = index.key === null ? "idx" : index.key === "p" ? "pkey" : "key";
  for (const one of partitions) {
    const table = context.table(one);
    const isGiven = (name: QualifiedName) => context.isTaken(name) || taken.has(qualifiedLabel(name));
    const plain = freeName(one, index.columns, label, () => false);
    const found = table && partOf(table, index, plain);
    // As the migrations leave it elsewhere, or as it was.
    const expected = context
      .tableAfter(one)
      ?.indexes.find(({ attachedTo }) =>
        isCalled({ schema: index.table.schema, name: index.name })(attachedTo),
      );
    const isExpected =
      expected !== undefined &&
      index.like !== undefined &&
      isLike(expected, index.like) &&
      !isGiven({ schema: one.schema, name: expected.name });
    const name = found?.name ?? (isExpected ? expected.name : freeName(one, index.columns, label, isGiven));
    taken.add(qualifiedLabel({ schema: one.schema, name }));
    const itself = part("index", one, name);
    const attach = `ALTER INDEX ${whole} ATTACH PARTITION ${quoteQualified(one.schema, name)}`;
    if (table?.kind === "partitioned") {
      const parts = spread({ ...index, table: one, name }, context.partitions(one), context);
      if (found === undefined || isAttaching) {
        result.first.push(
          catalogChange({
            kind: "create index",
            title: `create ${name} on ${qualifiedLabel(one)} as a part of ${index.name}, without its partitions`,
            sql: [...(found ? [] : [index.only(one, name)]), ...(isAttaching ? [attach] : [])].join(";\n"),
            target: itself,
            needs: [target("table", one)],
            locks: [
              lock(one, index.key === null ? "SHARE" : "ACCESS EXCLUSIVE"),
              ...(isAttaching ? [lock(index.table, "ACCESS SHARE")] : []),
            ],
            safety: "It has no rows of its own: nothing is built, and the locks are held for a moment.",
            goal: {
              does: "in partition",
              target: itself,
              of,
              step: isAttaching ? "attach" : "make",
              isLast: false,
              ...until,
            },
          }),
        );
      }
      result.first.push(...parts.first);
      result.builds.push(...parts.builds);
      result.attaching.push(...parts.attaching);
      continue;
    }
    result.builds.push(
      catalogChange({
        kind: "create index",
        title: `create ${name} on partition ${qualifiedLabel(one)}, for ${index.name}`,
        sql: index.build(one, name),
        target: itself,
        needs: [target("table", one)],
        transactional: false,
        locks: [lock(one, "SHARE UPDATE EXCLUSIVE", "long")],
        safety:
          "CONCURRENTLY, partition by partition: each is scanned twice while others read and write; it waits for transactions, and makes none wait.",
        work: index.work(one),
        goal: { does: "in partition", target: itself, of, step: "build", isLast: false, ...until },
      }),
    );
    const adopt = index.adopt !== null && !found?.constraint ? [index.adopt(one, name)] : [];
    if (!isAttaching && adopt.length === 0) continue;
    result.attaching.push(
      catalogChange({
        kind: index.key === null ? "create index" : "add constraint",
        title: isAttaching
          ? `attach ${name} of ${qualifiedLabel(one)} to ${index.name}`
          : `make index ${name} a key of ${qualifiedLabel(one)}`,
        sql: [...adopt, ...(isAttaching ? [attach] : [])].join(";\n"),
        target: itself,
        needs: [target("table", one)],
        locks: [
          lock(one, index.adopt === null || adopt.length === 0 ? "ACCESS SHARE" : "ACCESS EXCLUSIVE"),
          ...(isAttaching ? [lock(index.table, "ACCESS SHARE")] : []),
        ],
        safety:
          "Only the catalog is changed: queries of the partition wait for a moment, and it is asked for with a timeout.",
        goal: {
          does: "in partition",
          target: itself,
          of,
          step: isAttaching ? "attach" : "adopt",
          isLast: one === partitions.at(-1),
          ...until,
        },
      }),
    );
  }
  return result;
}

/** Whether an index may be what a statement makes, and not another that had or gets its name. */
export function isOf({ unique, keys, include, predicate }: Index, statement: IndexStmt): boolean {
  const columns = (nodes: IndexStmt["indexParams"] = []) =>
    nodes.map((node) => ("IndexElem" in node ? (node.IndexElem.name ?? null) : null));
  const form = (...parts: unknown[]): string => JSON.stringify(parts);
  return (
    form(
      unique,
      keys.map(({ column }) => column),
      include,
      predicate !== null,
    ) ===
    form(
      statement.unique ?? false,
      columns(statement.indexParams),
      columns(statement.indexIncludingParams),
      statement.whereClause !== undefined,
    )
  );
}

/** How partitions get their part of an index that a statement makes. */
export function ofStatement(
  statement: IndexStmt,
  table: QualifiedName,
  name: string,
  context: PartitionContext,
): PartitionedIndex {
  const { if_not_exists: _, concurrent: __, ...rest } = statement;
  const on = (one: QualifiedName, called: string, form: { only: boolean; concurrent: boolean }): string =>
    print({
      IndexStmt: {
        ...rest,
        idxname: called,
        ...(form.concurrent ? { concurrent: true } : {}),
        relation: {
          schemaname: one.schema,
          relname: one.name,
          relpersistence: "p",
          ...(form.only ? {} : { inh: true }),
        },
      },
    });
  const columns = indexColumnNames(statement);
  return {
    table,
    name,
    columns,
    key: null,
    like: [context.tableAfter(table), context.table(table)]
      .flatMap((one) => one?.indexes ?? [])
      .find((one) => one.name === name && isOf(one, statement)),
    build: (one, called) => on(one, called, { only: false, concurrent: true }),
    only: (one, called) => on(one, called, { only: true, concurrent: false }),
    adopt: null,
    work: (one) => ({ does: "index", table: one, columns, predicate: statement.whereClause ?? null }),
  };
}

/** How partitions get their part of a key. */
export function ofKey(
  constraint: Pick<Constraint, "name" | "columns"> & {
    readonly type: "p" | "u";
    readonly include: readonly string[];
    readonly nullsNotDistinct: boolean;
    /** `DEFERRABLE` and the like. */
    readonly timing: string;
  },
  table: QualifiedName,
  like: Index | undefined,
): PartitionedIndex {
  const list = (columns: readonly string[]) => columns.map(quoteIdentifier).join(", ");
  const { columns, include, nullsNotDistinct, type, timing } = constraint;
  const included = include.length > 0 ? ` INCLUDE (${list(include)})` : "";
  const nulls = nullsNotDistinct ? " NULLS NOT DISTINCT" : "";
  const words = type === "p" ? "PRIMARY KEY" : "UNIQUE";
  return {
    table,
    name: constraint.name,
    columns: [...columns, ...include],
    key: type,
    like,
    build: (one, name) =>
      `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(name)} ON ${quoteName(one)} (${list(columns)})${included}${nulls}`,
    only: (one, name) =>
      `ALTER TABLE ONLY ${quoteName(one)} ADD CONSTRAINT ${quoteIdentifier(name)} ${words}${nulls} (${list(columns)})${included}${timing}`,
    adopt: (one, name) =>
      `ALTER TABLE ${quoteName(one)} ADD CONSTRAINT ${quoteIdentifier(name)} ${words} USING INDEX ${quoteIdentifier(name)}${timing}`,
    work: (one) => ({ does: "index", table: one, columns: [...columns, ...include], predicate: null }),
  };
}

/** How partitions get their part of an index that the partitioned table has already. */
export function ofIndex(table: Table, index: Index, context: PartitionContext): PartitionedIndex | null {
  const constraint = table.constraints.find(({ name }) => name === index.constraint);
  if (constraint && (constraint.type === "p" || constraint.type === "u")) {
    const timing = `${constraint.deferrable ? " DEFERRABLE" : ""}${constraint.initiallyDeferred ? " INITIALLY DEFERRED" : ""}`;
    return ofKey(
      { ...constraint, ...index, name: constraint.name, type: constraint.type, timing },
      table,
      index,
    );
  }
  const node = parseStatements(index.definition)[0]?.node;
  if (constraint || !node || !("IndexStmt" in node)) return null;
  return ofStatement(node.IndexStmt, table, index.name, context);
}

/** A foreign key that a partitioned table has or gets. */
export interface PartitionedForeignKey {
  readonly table: QualifiedName;
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: QualifiedName;
  /** As `pg_get_constraintdef` prints it; undefined where the plan can't tell. */
  readonly definition: string | undefined;
  /** The statement that adds it to a partition, NOT VALID. */
  readonly add: (table: QualifiedName, name: string) => string;
  readonly until?: PartitionedIndex["until"];
}

/** Steps that bring a foreign key to partitions with rows: of new rows first, then of all, each under a weak lock. */
export function foreignKeyOfPartitions(
  key: PartitionedForeignKey,
  partitions: readonly QualifiedName[],
  context: PartitionContext,
): Draft[] {
  const of = part("constraint", key.table, key.name);
  const until = key.until ? { until: key.until } : {};
  return partitions.flatMap((one): Draft[] => {
    const table = context.table(one);
    if (context.isNew(one) || table?.kind === "partitioned") return [];
    const isSame = ({ definition }: Constraint) =>
      key.definition !== undefined && withoutValidity(definition) === withoutValidity(key.definition);
    const found = table?.constraints.find(
      (other) => isSame(other) && (other.validated || other.name === key.name),
    );
    const isTaken = table?.constraints.some(({ name }) => name === key.name) ?? false;
    const name = found?.name ?? (isTaken ? freeName(one, key.columns, "fkey", context.isTaken) : key.name);
    const itself = part("constraint", one, name);
    const isSelf = qualifiedLabel(one) === qualifiedLabel(key.references);
    const shared = { target: itself, needs: [target("table", one), target("table", key.references)] };
    const referenced = [key.references, ...descendants(key.references, context)];
    return [
      catalogChange({
        ...shared,
        kind: "add constraint",
        title: `add foreign key ${name} on partition ${qualifiedLabel(one)}, for new rows`,
        sql: key.add(one, name),
        locks: [
          lock(one, "SHARE ROW EXCLUSIVE"),
          ...(isSelf ? [] : referenced.map((other) => lock(other, "SHARE ROW EXCLUSIVE"))),
        ],
        safety:
          "NOT VALID: new rows are checked from now on, no old row is looked at; the locks are held for a moment.",
        goal: { does: "in partition", target: itself, of, step: "make", isLast: false, ...until },
      }),
      catalogChange({
        ...shared,
        kind: "validate constraint",
        title: `validate ${name} on partition ${qualifiedLabel(one)}`,
        sql: `ALTER TABLE ${quoteName(one)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`,
        locks: [
          lock(one, "SHARE UPDATE EXCLUSIVE", "long"),
          ...(isSelf ? [] : [lock(key.references, "ROW SHARE", "long")]),
        ],
        safety: "The rows are read while others read and write.",
        work: { does: "scan", table: one, lookups: true },
        goal: { does: "in partition", target: itself, of, step: "validate", isLast: false, ...until },
      }),
    ];
  });
}
