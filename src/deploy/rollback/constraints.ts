import type { Constraint, Index, Table } from "../../catalog/index.ts";
import { quoteIdentifier, quoteQualified } from "../../sql.ts";
import { momentary, part } from "../statements/draft.ts";
import { type Context, type Named, partKey, plainIndexes, qualifiedLabel } from "./context.ts";
import { type Locked, underSchemas } from "./draft.ts";
import { constraintLabel } from "./facts.ts";

const on = ({ schema, name }: Named): string => quoteQualified(schema, name);

const referenced = ({ references }: Constraint, mode: Locked[1]): Locked[] =>
  references ? [[{ schema: references.schema, name: references.table }, mode]] : [];

/** Whether deleting a row that it points at goes on without it. PostgreSQL 17 manual, 5.5.5 "Foreign Keys". */
const givesWay = ({ definition }: Constraint): boolean =>
  /\bON DELETE (CASCADE|SET NULL|SET DEFAULT)\b/.test(definition);

/** Drops the constraints that came with the deployment, and makes the former ones again. */
export function undoConstraints(context: Context): void {
  for (const { table, was } of context.keptTables) {
    // Foreign keys go first: another constraint may be what they rest on.
    const ordered = [...table.constraints].sort((a, b) => Number(b.type === "f") - Number(a.type === "f"));
    for (const constraint of ordered) {
      if (context.isCreated(partKey("constraint", table, constraint.name))) drop(context, table, constraint);
    }
    for (const constraint of was.constraints) {
      const key = partKey("constraint", table, constraint.name);
      const now = table.constraints.find(({ name }) => name === constraint.name);
      if (now ? context.isAltered(key) : context.isRemoved(key)) {
        restore(context, {
          table,
          was: constraint,
          now,
          index: was.indexes.find((one) => one.constraint === constraint.name),
        });
      }
    }
  }
  // What stays must not be held back by rows of the archive, of which nobody knows any more.
  for (const table of context.createdTables) {
    for (const constraint of table.constraints) {
      if (constraint.type !== "f" || givesWay(constraint)) continue;
      const { references } = constraint;
      const isArchived = context.createdTables.some(
        ({ schema, name }) => schema === references?.schema && name === references.table,
      );
      if (!isArchived) drop(context, table, constraint);
    }
  }
}

function drop(context: Context, table: Table, constraint: Constraint): void {
  const index = table.indexes.find((one) => one.constraint === constraint.name);
  context.add({
    kind: "drop constraint",
    title: `drop constraint ${constraint.name} of ${qualifiedLabel(table)}`,
    sql: `ALTER TABLE ${on(table)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(constraint.name)};`,
    target: part("constraint", table, constraint.name),
    locks: [[table, "ACCESS EXCLUSIVE"], ...referenced(constraint, "ACCESS EXCLUSIVE")],
    safety: momentary,
    blocked: index
      ? context.foreign(context.dependentsOn("index", { schema: table.schema, name: index.name }))
      : null,
  });
}

interface Restoration {
  readonly table: Table;
  readonly was: Constraint;
  readonly now: Constraint | undefined;
  /** What implements it. */
  readonly index: Index | undefined;
}

function restore(context: Context, { table, was, now, index }: Restoration): void {
  const label = constraintLabel(table, was.name);
  if (context.violated.has(label)) {
    context.keep(
      partKey("constraint", table, was.name),
      now
        ? `constraint ${label} stays as the deployment made it: rows written since do not satisfy the former, ${was.definition}`
        : `constraint ${label} stays away: rows written since do not satisfy it (${was.definition})`,
    );
    return;
  }
  const name = quoteIdentifier(was.name);
  const removal = now ? [`ALTER TABLE ${on(table)} DROP CONSTRAINT ${name};`] : [];
  const common = { target: part("constraint", table, was.name) };
  if (index) {
    const temporary = `${index.name.slice(0, 50)}_restored`;
    // Built already, where the rollback was interrupted before the constraint took it.
    if (!table.indexes.some(({ name: other, valid }) => other === temporary && valid)) {
      context.add({
        kind: "create index",
        title: `build index ${table.schema}.${temporary}`,
        sql: concurrently(underName(index, temporary)),
        target: part("index", table, temporary),
        locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
        transactional: false,
        scans: true,
        safety: "Built concurrently: readers and writers of the table go on.",
      });
    }
    const words = was.type === "p" ? "PRIMARY KEY" : "UNIQUE";
    context.add({
      ...common,
      kind: "add constraint",
      title: `restore constraint ${was.name} of ${qualifiedLabel(table)}`,
      sql: [
        ...removal,
        `ALTER TABLE ${on(table)} ADD CONSTRAINT ${name} ${words} USING INDEX ${quoteIdentifier(temporary)}${was.deferrable ? " DEFERRABLE" : ""}${was.initiallyDeferred ? " INITIALLY DEFERRED" : ""};`,
      ].join("\n"),
      locks: [[table, "ACCESS EXCLUSIVE"]],
      safety: "The index is there already: only the catalog is changed.",
    });
    return;
  }
  const isLater = was.type === "f" || was.type === "c";
  const definition = was.definition.replace(/ NOT VALID$/, "");
  context.add({
    ...common,
    kind: "add constraint",
    title: `restore constraint ${was.name} of ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      [
        ...removal,
        `ALTER TABLE ${on(table)} ADD CONSTRAINT ${name} ${definition}${isLater ? " NOT VALID" : ""};`,
      ].join("\n"),
    ),
    locks: [
      [table, was.type === "f" && !now ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE"],
      ...referenced(was, "SHARE ROW EXCLUSIVE"),
    ],
    scans: !isLater,
    safety: "Rows are not looked at yet: the lock is held for a moment.",
  });
  if (!isLater || !was.validated) return;
  context.add({
    ...common,
    kind: "validate constraint",
    title: `validate constraint ${was.name} of ${qualifiedLabel(table)}`,
    sql: `ALTER TABLE ${on(table)} VALIDATE CONSTRAINT ${name};`,
    locks: [[table, "SHARE UPDATE EXCLUSIVE"], ...referenced(was, "ROW SHARE")],
    scans: true,
    safety: "Rows are read under a lock that lets readers and writers go on.",
  });
}

/** An index's definition with another name in it; PostgreSQL prints a name in quotes where it needs them. */
function underName({ name, definition }: Index, other: string): string {
  return [name, quoteIdentifier(name)].reduce(
    (sql, printed) => sql.replace(` INDEX ${printed} ON `, () => ` INDEX ${quoteIdentifier(other)} ON `),
    definition,
  );
}

/** An index definition as PostgreSQL prints it, built without stopping writers. */
function concurrently(definition: string): string {
  return definition.replace(/^CREATE( UNIQUE)? INDEX /, "CREATE$1 INDEX CONCURRENTLY ");
}

/** Drops indexes that came with the deployment. */
export function dropIndexes(context: Context, isToGo: (index: Index, table: Table) => boolean): void {
  for (const table of context.actual.tables) {
    for (const index of plainIndexes(table.indexes)) {
      if (!isToGo(index, table)) continue;
      context.add({
        kind: "drop index",
        title: `drop index ${table.schema}.${index.name}`,
        sql: `DROP INDEX CONCURRENTLY IF EXISTS ${quoteQualified(table.schema, index.name)}`,
        target: part("index", table, index.name),
        locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
        transactional: false,
        safety: "Dropped concurrently: readers and writers of the table go on.",
        blocked: context.foreign(context.dependentsOn("index", { schema: table.schema, name: index.name })),
      });
    }
  }
}

/** Builds the indexes again that the deployment dropped or made otherwise. */
export function restoreIndexes(context: Context): void {
  for (const { table, was } of context.keptTables) {
    for (const index of plainIndexes(was.indexes)) {
      const key = partKey("index", table, index.name);
      const isAltered = context.isAltered(key, ["valid", "ready"]);
      if (!isAltered && !context.isRemoved(key)) continue;
      if (isAltered) {
        context.add({
          kind: "drop index",
          title: `drop index ${table.schema}.${index.name}`,
          sql: `DROP INDEX CONCURRENTLY IF EXISTS ${quoteQualified(table.schema, index.name)}`,
          target: part("index", table, index.name),
          locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
          transactional: false,
          safety: "Dropped concurrently: readers and writers of the table go on.",
        });
      }
      context.add({
        kind: "create index",
        title: `restore index ${table.schema}.${index.name}`,
        sql: concurrently(index.definition),
        target: part("index", table, index.name),
        locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
        transactional: false,
        scans: true,
        safety: "Built concurrently: readers and writers of the table go on.",
      });
    }
  }
}
