import { createHash } from "node:crypto";
import type { IndexStmt } from "libpg-query";
import type { Constraint, Index, Table } from "../catalog/index.ts";
import { withoutValidity } from "../catalog/index.ts";
import type { Names } from "../model/names.ts";
import { unfinishedPrefix } from "../plan/invalid-indexes.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { fingerprint, parseStatements, print } from "../sql/parser.ts";
import { quoteIdentifier, quoteName, quoteQualified } from "../sql/quote.ts";
import { columnsIn } from "../sql/tree.ts";
import { momentary, part } from "../statements/draft.ts";
import { partKey, plainIndexes, type RollbackContext } from "./context.ts";
import { type Locked, type StepDraft, underSchemas } from "./draft.ts";
import { constraintLabel } from "./facts.ts";
import { find } from "./find.ts";
import { unfitReason } from "./fit.ts";
import {
  isHandedDown,
  isToDetach,
  partitionsOf,
  restorePartitionedForeignKey,
  restorePartitionedIndex,
} from "./partitions.ts";

const referenced = ({ references }: Constraint, mode: Locked[1]): Locked[] =>
  references ? [[{ schema: references.schema, name: references.table }, mode]] : [];

/** Whether deleting a row that it points at goes on without it. PostgreSQL 17 manual, 5.5.5 "Foreign Keys". */
const givesWay = ({ definition }: Constraint): boolean =>
  /\bON DELETE (CASCADE|SET NULL|SET DEFAULT)\b/.test(definition);

/** Calls `visit` with each constraint that was there before and is not, or not as it was. */
function forEachFormer(
  context: RollbackContext,
  visit: (
    table: Table,
    former: { was: Constraint; now: Constraint | undefined; index: Index | undefined },
  ) => void,
): void {
  for (const { table, was: former, wanted } of context.keptTables) {
    for (const was of former.constraints) {
      const key = partKey("constraint", table, was.name);
      // That of a partition comes back with that of the partitioned table.
      if (was.inherited) continue;
      const now = table.constraints.find(({ name }) => name === was.name);
      const isGone = !wanted.constraints.some(({ name }) => name === was.name);
      const isToRestore = now ? context.isAltered(key) : context.isRemoved(key);
      if (isToRestore || (now && isGone && isHalfBack(was, now)))
        visit(table, { was, now, index: former.indexes.find(({ constraint }) => constraint === was.name) });
    }
  }
}

/** Whether a rollback was interrupted before it had the rows looked at. */
const isHalfBack = (was: Constraint, now: Constraint): boolean =>
  was.validated && !now.validated && withoutValidity(was.definition) === withoutValidity(now.definition);

/**
 * Drops the foreign keys that came with the deployment: of every table before any other constraint, since they rest on
 * some of those.
 */
export function dropForeignKeys(context: RollbackContext): void {
  const isForeignKey = ({ type }: Constraint): boolean => type === "f";
  for (const { table } of context.keptTables) {
    for (const constraint of table.constraints.filter(isForeignKey)) {
      if (
        !isHandedDown(context, table, constraint) &&
        context.isCreated(partKey("constraint", table, constraint.name)) &&
        !formerName(context, table, constraint)
      )
        drop(context, table, constraint);
    }
  }
  // What stays must not be held back by rows of the archive, of which nobody knows any more, nor rest on what goes.
  for (const table of context.createdTables) {
    for (const constraint of table.constraints.filter(isForeignKey)) {
      // It goes with that of the partitioned table alone.
      if (constraint.inherited) continue;
      const { references } = constraint;
      const isArchived = context.createdTables.some(
        ({ schema, name }) => schema === references?.schema && name === references.table,
      );
      if (!isArchived && (!givesWay(constraint) || restsOnCreated(context, table, constraint)))
        drop(context, table, constraint);
    }
  }
  for (const table of context.archived.tables) {
    for (const constraint of table.constraints.filter(isForeignKey)) {
      if (!constraint.inherited && restsOnCreated(context, table, constraint))
        drop(context, table, constraint);
    }
  }
}

/** Whether a foreign key needs an index that came with the deployment. */
function restsOnCreated(
  context: RollbackContext,
  { schema, name: table }: Table,
  { name }: Constraint,
): boolean {
  return context.keptTables.some((kept) =>
    kept.table.indexes.some(
      (index) =>
        (context.isCreated(partKey("index", kept.table, index.name)) ||
          (index.constraint !== null &&
            context.isCreated(partKey("constraint", kept.table, index.constraint)))) &&
        context
          .dependentsOn("index", { schema: kept.table.schema, name: index.name })
          .some(
            (by) =>
              by.kind === "constraint" && by.schema === schema && by.table === table && by.name === name,
          ),
    ),
  );
}

/** Drops the constraints that came with the deployment, and makes the former ones again, but for foreign keys. */
export function undoConstraints(context: RollbackContext): void {
  for (const { table } of context.keptTables) {
    for (const constraint of table.constraints) {
      if (isHandedDown(context, table, constraint)) continue;
      if (!context.isCreated(partKey("constraint", table, constraint.name))) continue;
      const former = formerName(context, table, constraint);
      if (former !== undefined) rename(context, table, constraint, former);
      else if (constraint.type === "c" || constraint.type === "x") drop(context, table, constraint);
    }
  }
  forEachFormer(context, (table, former) => {
    const isRenamed = table.constraints.some((one) => formerName(context, table, one) === former.was.name);
    if (former.was.type !== "f" && !isRenamed) restore(context, { table, ...former });
  });
  // Keys go when the former ones are there: what points at them can then point at those.
  for (const { table } of context.keptTables) {
    for (const constraint of createdKeys(context, table)) {
      if (!context.settled.has(partKey("constraint", table, constraint.name)))
        dropKey(context, table, constraint);
    }
  }
}

/** Primary keys and unique constraints that came with the deployment, but for those with another name alone. */
const createdKeys = (context: RollbackContext, table: Table): Constraint[] =>
  table.constraints.filter(
    (one) =>
      (one.type === "p" || one.type === "u") &&
      context.isCreated(partKey("constraint", table, one.name)) &&
      formerName(context, table, one) === undefined &&
      !holdsFormerIndex(context, table, one),
  );

/** Whether a constraint that came with the deployment has the name of a plain index that comes back. */
function holdsFormerIndex(context: RollbackContext, table: Table, { name, type }: Constraint): boolean {
  if (type !== "p" && type !== "u") return false;
  const was = context.keptTables.find((one) => one.table === table)?.was;
  const index = was && plainIndexes(was.indexes).find((one) => one.name === name);
  return (
    index !== undefined &&
    context.isRemoved(partKey("index", table, name)) &&
    indexHindrance(context, table, index) === null
  );
}

/** A foreign key that rests on a key which goes, and how it comes to rest on its former one. */
interface Repointed {
  readonly table: Table;
  readonly was: Constraint;
}

/**
 * The foreign keys that rest on a key and pointed elsewhere before; a text says why one of them cannot point there
 * again.
 */
function repointed(context: RollbackContext, table: Table, key: Constraint): Repointed[] | string {
  const index = table.indexes.find((one) => one.constraint === key.name);
  const found: Repointed[] = [];
  for (const by of index ? context.dependentsOn("index", { schema: table.schema, name: index.name }) : []) {
    if (by.kind !== "constraint" || by.table === null) continue;
    const kept = context.keptTables.find(
      (one) => one.table.schema === by.schema && one.table.name === by.table,
    );
    const now = kept?.table.constraints.find(({ name }) => name === by.name);
    const was = kept?.was.constraints.find(({ name }) => name === by.name);
    if (!kept || !now || !was) continue;
    const label = constraintLabel(kept.table, was.name);
    if (!context.isAltered(partKey("constraint", kept.table, was.name)))
      return `foreign key ${label} needs it`;
    const why = hindrance(context, { table: kept.table, was, now, index: undefined });
    if (why !== null) return `foreign key ${label} needs it, and cannot be as it was: ${why}`;
    found.push({ table: kept.table, was });
  }
  return found;
}

const release = (foreignKeys: readonly Repointed[]): string[] =>
  foreignKeys.map(
    ({ table, was }) => `ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${quoteIdentifier(was.name)};`,
  );

const repoint = (foreignKeys: readonly Repointed[]): string[] =>
  foreignKeys.map(
    ({ table, was }) =>
      `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdentifier(was.name)} ${withoutValidity(was.definition)} NOT VALID;`,
  );

const lockedWith = (foreignKeys: readonly Repointed[]): Locked[] =>
  foreignKeys.flatMap(({ table, was }): Locked[] => [
    [table, "ACCESS EXCLUSIVE"],
    ...referenced(was, "ACCESS EXCLUSIVE"),
  ]);

function validateRepointed(context: RollbackContext, foreignKeys: readonly Repointed[]): void {
  for (const { table, was } of foreignKeys) {
    context.settled.add(partKey("constraint", table, was.name));
    if (was.validated) validate(context, table, was);
  }
}

function dropKey(context: RollbackContext, table: Table, key: Constraint): void {
  const foreignKeys = repointed(context, table, key);
  if (typeof foreignKeys === "string") {
    context.keep(
      partKey("constraint", table, key.name),
      `constraint ${constraintLabel(table, key.name)} is kept: ${foreignKeys}`,
    );
    return;
  }
  if (foreignKeys.length === 0) {
    drop(context, table, key);
    return;
  }
  context.add({
    kind: "drop constraint",
    title: `drop constraint ${key.name} of ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      [
        ...release(foreignKeys),
        `ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${quoteIdentifier(key.name)};`,
        ...repoint(foreignKeys),
      ].join("\n"),
    ),
    target: part("constraint", table, key.name),
    locks: [[table, "ACCESS EXCLUSIVE"], ...lockedWith(foreignKeys)],
    safety: "Rows are not looked at yet: the locks are held for a moment.",
  });
  validateRepointed(context, foreignKeys);
}

/** Has the rows looked at that a constraint was not held against when it came. */
export function validate(context: RollbackContext, table: Table, was: Constraint): void {
  context.add({
    target: part("constraint", table, was.name),
    kind: "validate constraint",
    title: `validate constraint ${was.name} of ${qualifiedLabel(table)}`,
    sql: `ALTER TABLE ${quoteName(table)} VALIDATE CONSTRAINT ${quoteIdentifier(was.name)};`,
    locks: [[table, "SHARE UPDATE EXCLUSIVE"], ...referenced(was, "ROW SHARE")],
    scans: true,
    safety: "Rows are read under a lock that lets readers and writers go on.",
  });
}

/** Makes the former foreign keys again, when all that they rest on is there. */
export function restoreForeignKeys(context: RollbackContext): void {
  forEachFormer(context, (table, former) => {
    const isRenamed = table.constraints.some((one) => formerName(context, table, one) === former.was.name);
    const isSettled = context.settled.has(partKey("constraint", table, former.was.name));
    if (former.was.type === "f" && !isRenamed && !isSettled) restore(context, { table, ...former });
  });
}

/** What a constraint was called before the deployment, where nothing but its name is new. */
function formerName(context: RollbackContext, table: Table, constraint: Constraint): string | undefined {
  if (!context.isCreated(partKey("constraint", table, constraint.name))) return undefined;
  const kept = context.keptTables.find((one) => one.table === table);
  const isTaken = (name: string): boolean => table.constraints.some((one) => one.name === name);
  const formers = kept?.was.constraints.filter(
    ({ name, definition, validated }) =>
      definition === constraint.definition &&
      (validated || !constraint.validated) &&
      !isTaken(name) &&
      context.isRemoved(partKey("constraint", table, name)),
  );
  const twins = table.constraints.filter(
    (one) =>
      one.definition === constraint.definition && context.isCreated(partKey("constraint", table, one.name)),
  );
  return formers?.[twins.indexOf(constraint)]?.name;
}

function rename(context: RollbackContext, table: Table, { name }: Constraint, former: string): void {
  context.add({
    kind: "rename",
    title: `rename constraint ${name} of ${qualifiedLabel(table)} to ${former}`,
    sql: `ALTER TABLE ${quoteName(table)} RENAME CONSTRAINT ${quoteIdentifier(name)} TO ${quoteIdentifier(former)};`,
    target: part("constraint", table, name),
    locks: [[table, "ACCESS EXCLUSIVE"]],
    safety: momentary,
  });
}

function drop(context: RollbackContext, table: Table, constraint: Constraint): void {
  const index = table.indexes.find((one) => one.constraint === constraint.name);
  const after = index ? standIns(context, table, index.name) : [];
  const all = table.kind === "partitioned" ? [table, ...partitionsOf(context, table)] : [table];
  context.add({
    kind: "drop constraint",
    title: `drop constraint ${constraint.name} of ${qualifiedLabel(table)}`,
    sql: `ALTER TABLE ${quoteName(table)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(constraint.name)}${after.length > 0 ? after.join("") : ";"}`,
    target: part("constraint", table, constraint.name),
    locks: [
      ...all.map((one): Locked => [one, "ACCESS EXCLUSIVE"]),
      ...referenced(constraint, "ACCESS EXCLUSIVE"),
    ],
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

/** Whether its index can only be built with it: that of an exclusion constraint, or of a temporal key. */
const isBuiltWithIt = ({ type, definition }: Constraint): boolean =>
  type === "x" || (type !== "f" && / WITHOUT OVERLAPS\)/.test(definition));

/** Why a constraint cannot be made as it was; null where it can. */
function hindrance(context: RollbackContext, { table, was, now }: Restoration): string | null {
  const { references, definition } = was;
  const lacks = (names: readonly string[], relation: Table | undefined): boolean =>
    !names.every((name) => relation?.columns.some((column) => column.name === name));
  const target = references
    ? find(context.actual.tables, { schema: references.schema, name: references.table })
    : undefined;
  if (lacks(was.columns, table) || (references && target !== undefined && lacks(references.columns, target)))
    return `a column that it needs was dropped (${definition})`;
  if (
    references &&
    target === undefined &&
    find(context.before.tables, { schema: references.schema, name: references.table })
  )
    return `the table that it points at was dropped (${definition})`;
  if (context.unfit.has(partKey("constraint", table, was.name)))
    return `${unfitReason(table)} (${definition})`;
  if (!context.violated.has(constraintLabel(table, was.name))) return null;
  return now
    ? `rows written since do not satisfy the former, ${definition}`
    : `rows written since do not satisfy it (${definition})`;
}

function restore(context: RollbackContext, restoration: Restoration): void {
  const { table, was, now, index } = restoration;
  const label = constraintLabel(table, was.name);
  const why = hindrance(context, restoration);
  if (why !== null) {
    context.keep(
      partKey("constraint", table, was.name),
      `constraint ${label} ${now ? "stays as the deployment made it" : "stays away"}: ${why}`,
    );
    return;
  }
  const former = find(context.before.tables, table);
  if (
    index &&
    !isBuiltWithIt(was) &&
    former &&
    restorePartitionedIndex(context, { table, was: former, index, isReplaced: now !== undefined })
  )
    return;
  if (was.type === "f" && !now && restorePartitionedForeignKey(context, table, was)) return;
  const name = quoteIdentifier(was.name);
  const removal = now ? [`ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${name};`] : [];
  const common = { target: part("constraint", table, was.name) };
  if (index && !isBuiltWithIt(was)) {
    restoreKey(context, { table, was, now, index });
    return;
  }
  const isLater = was.type === "f" || was.type === "c";
  const addition = {
    ...common,
    kind: "add constraint" as const,
    title: `restore constraint ${was.name} of ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      [
        ...removal,
        `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${name} ${withoutValidity(was.definition)}${isLater ? " NOT VALID" : ""};`,
      ].join("\n"),
    ),
    locks: [
      [table, was.type === "f" && !now ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE"],
      ...referenced(was, "SHARE ROW EXCLUSIVE"),
    ],
    scans: !isLater,
    safety: isLater
      ? "Rows are not looked at yet: the lock is held for a moment."
      : "Its index can only be built with it: readers and writers wait for as long as that takes.",
  } satisfies StepDraft;
  if (!now || !isHalfBack(was, now)) context.add(addition);
  if (isLater && was.validated) validate(context, table, was);
}

/** Brings a key back on an index that is built before: nobody finds it missing, nor what points at it. */
function restoreKey(
  context: RollbackContext,
  { table, was, now, index }: Restoration & { readonly index: Index },
): void {
  const inItsPlace = was.type === "p" ? createdKeys(context, table).filter(({ type }) => type === "p") : [];
  const away = [...(now ? [now] : []), ...inItsPlace];
  const foreignKeys: Repointed[] = [];
  for (const one of away) {
    const found = repointed(context, table, one);
    if (typeof found === "string") {
      context.keep(
        partKey("constraint", table, was.name),
        `constraint ${constraintLabel(table, was.name)} stays as the deployment made it: ${found}`,
      );
      for (const other of inItsPlace) {
        const key = partKey("constraint", table, other.name);
        context.settled.add(key);
        context.keep(key, `constraint ${constraintLabel(table, other.name)} is kept: ${found}`);
      }
      return;
    }
    foreignKeys.push(...found);
  }
  for (const one of inItsPlace) context.settled.add(partKey("constraint", table, one.name));
  // What the deployment made of it may serve as it is; what only has its name makes room.
  const created = plainIndexes(table.indexes).filter((one) =>
    context.isCreated(partKey("index", table, one.name)),
  );
  const form = indexForm(index);
  const isLike = (one: Index): boolean => one.valid && indexForm(one) === form;
  const twin = created.find((one) => isLike(one) && one.name === was.name) ?? created.find(isLike);
  const namesake = twin ? undefined : created.find(({ name }) => name === was.name);
  const built = twin?.name ?? temporaryName(context.names, table, was);
  context.reserved.add(built);
  for (const one of [twin, namesake]) if (one) context.settled.add(partKey("index", table, one.name));
  if (!isBuilt(table, built)) buildIndex(context, table, index, { name: built });
  const words = was.type === "p" ? "PRIMARY KEY" : "UNIQUE";
  context.add({
    target: part("constraint", table, was.name),
    kind: "add constraint",
    title: `restore constraint ${was.name} of ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      [
        ...release(foreignKeys),
        ...away.map(
          ({ name }) => `ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${quoteIdentifier(name)};`,
        ),
        ...(namesake ? [`DROP INDEX ${quoteQualified(table.schema, namesake.name)};`] : []),
        `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdentifier(was.name)} ${words} USING INDEX ${quoteIdentifier(built)}${was.deferrable ? " DEFERRABLE" : ""}${was.initiallyDeferred ? " INITIALLY DEFERRED" : ""};`,
        ...repoint(foreignKeys),
      ].join("\n"),
    ),
    locks: [[table, "ACCESS EXCLUSIVE"], ...lockedWith(foreignKeys)],
    safety: "The index is there already: only the catalog is changed.",
    blocked: namesake
      ? context.foreign(context.dependentsOn("index", { schema: table.schema, name: namesake.name }))
      : null,
  });
  validateRepointed(context, foreignKeys);
}

/** Drops what an interrupted rollback built for a constraint that does not come back after all. */
export function dropLeftoverIndexes(context: RollbackContext): void {
  const prefix = unfinishedPrefix(context.names);
  dropIndexes(context, ({ name }) => name.startsWith(prefix) && !context.reserved.has(name));
}

/** A name that fits whatever the constraint is called, and that no other constraint's index gets. */
function temporaryName(
  names: Names,
  { schema, name: table }: Table,
  { name, definition }: Pick<Constraint, "name" | "definition">,
): string {
  const digest = createHash("sha256").update(JSON.stringify([schema, table, name, definition]));
  return `${unfinishedPrefix(names)}${digest.digest("hex").slice(0, 16)}`;
}

/** Whether an index was built to its end, by a rollback that was interrupted after it. */
const isBuilt = (table: Table, name: string): boolean =>
  table.indexes.some((one) => one.name === name && one.valid);

/** Builds an index without stopping writers, under another name where one is given. */
function buildIndex(
  context: RollbackContext,
  table: Table,
  index: Index,
  {
    name = index.name,
    title = `build index ${table.schema}.${name}`,
  }: { readonly name?: string; readonly title?: string },
): void {
  const statement = indexStatement(index.definition);
  context.add({
    kind: "create index",
    title,
    sql: print({ IndexStmt: { ...statement, concurrent: true, idxname: name } }),
    target: part("index", table, name),
    locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
    transactional: false,
    scans: true,
    safety: "Built concurrently: readers and writers of the table go on.",
  });
}

/** An index definition as the parser reads it. */
function indexStatement(definition: string): IndexStmt {
  const node = parseStatements(definition)[0]?.node;
  if (!node || !("IndexStmt" in node)) throw new TypeError(`not an index: ${definition}`);
  return node.IndexStmt;
}

/** Drops indexes that came with the deployment. */
export function dropIndexes(context: RollbackContext, isToGo: (index: Index, table: Table) => boolean): void {
  for (const table of context.actual.tables) {
    for (const index of plainIndexes(table.indexes)) {
      if (isToGo(index, table) && !isAttached(context, table, index)) dropIndex(context, table, index);
    }
  }
}

/** Whether an index came with the deployment, which did not only give it another name. */
const isCreatedIndex =
  (context: RollbackContext) =>
  (index: Index, table: Table): boolean =>
    context.isCreated(partKey("index", table, index.name)) &&
    !context.settled.has(partKey("index", table, index.name)) &&
    formerIndexName(context, table, index) === undefined;

/** Drops the indexes that came with the deployment. */
export function dropCreatedIndexes(context: RollbackContext): void {
  dropIndexes(context, isCreatedIndex(context));
}

/** Drops those of them whose names an index or key of another table had before, so that it can have it again. */
export function dropIndexesInTheWay(context: RollbackContext): void {
  const isCreated = isCreatedIndex(context);
  const isInTheWay = (index: Index, table: Table): boolean =>
    isCreated(index, table) &&
    context.before.tables.some(
      (one) =>
        one.schema === table.schema &&
        one.name !== table.name &&
        one.indexes.some(({ name }) => name === index.name),
    );
  dropIndexes(context, isInTheWay);
  for (const table of context.actual.tables) {
    for (const index of table.indexes)
      if (isInTheWay(index, table)) context.settled.add(partKey("index", table, index.name));
  }
}

/** Whether an index of a partition belongs to one of the partitioned table: it stays or goes with that. */
function isAttached(context: RollbackContext, table: Table, index: Index): boolean {
  const { actual } = context;
  const { partition } = table;
  if (index.attachedTo !== undefined) return index.attachedTo !== null && !isToDetach(context, table);
  const of = partition && find(actual.tables, partition.of);
  if (!of) return false;
  const form = ({ method, unique, keys, predicate }: Index): string =>
    JSON.stringify([method, unique, keys, predicate]);
  return of.indexes.some((one) => form(one) === form(index));
}

/**
 * Indexes of partitions that were there before the deployment gave the partitioned table one that took them over: they
 * would go with that. Builds each once more beside it, and returns the statements that put it in its place then.
 */
function standIns(context: RollbackContext, whole: Table, name: string): string[] {
  if (whole.kind !== "partitioned") return [];
  return partsOf(context, whole.schema, name).flatMap(({ table, index }) => {
    const was = find(context.before.tables, table);
    const former = was?.indexes.find((one) => one.name === index.name && !one.attachedTo);
    if (!former || table.kind === "partitioned") return [];
    const constraint = was?.constraints.find((one) => one.name === former.constraint);
    const temporary = temporaryName(context.names, table, former);
    context.reserved.add(temporary);
    if (!isBuilt(table, temporary)) {
      buildIndex(context, table, former, {
        name: temporary,
        title: `build ${table.schema}.${former.name} once more, beside the one that goes with ${name}`,
      });
    }
    const words = constraint?.type === "p" ? "PRIMARY KEY" : "UNIQUE";
    return constraint
      ? `;\nALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdentifier(constraint.name)} ${words} USING INDEX ${quoteIdentifier(temporary)}${constraint.deferrable ? " DEFERRABLE" : ""}${constraint.initiallyDeferred ? " INITIALLY DEFERRED" : ""}`
      : `;\nALTER INDEX ${quoteQualified(table.schema, temporary)} RENAME TO ${quoteIdentifier(former.name)}`;
  });
}

/** The indexes of partitions that go with one of a partitioned table. */
function partsOf(
  context: RollbackContext,
  schema: string,
  name: string,
): { readonly table: Table; readonly index: Index }[] {
  return context.actual.tables.flatMap((table) =>
    table.indexes
      .filter(({ attachedTo }) => attachedTo?.schema === schema && attachedTo.name === name)
      .flatMap((index) => [{ table, index }, ...partsOf(context, table.schema, index.name)]),
  );
}

/** Drops an index, concurrently where PostgreSQL does. */
export function dropIndex(context: RollbackContext, table: Table, { name }: Index): void {
  const blocked = context.foreign(context.dependentsOn("index", { schema: table.schema, name }));
  if (table.kind === "partitioned") {
    const after = standIns(context, table, name);
    context.add({
      kind: "drop index",
      title: `drop index ${table.schema}.${name}`,
      sql: [`DROP INDEX IF EXISTS ${quoteQualified(table.schema, name)}`, ...after].join(""),
      target: part("index", table, name),
      locks: [table, ...partitionsOf(context, table)].map((one) => [one, "ACCESS EXCLUSIVE"]),
      safety:
        "PostgreSQL drops no index of a partitioned table concurrently: those of the partitions go with it, under locks held for a moment.",
      blocked,
    });
    return;
  }
  context.add({
    kind: "drop index",
    title: `drop index ${table.schema}.${name}`,
    sql: `DROP INDEX CONCURRENTLY IF EXISTS ${quoteQualified(table.schema, name)}`,
    target: part("index", table, name),
    locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
    transactional: false,
    safety: "Dropped concurrently: readers and writers of the table go on.",
    blocked,
  });
}

/** Builds the indexes again that the deployment dropped or made otherwise; one that it renamed gets its name back. */
export function restoreIndexes(context: RollbackContext): void {
  for (const { table, was } of context.keptTables) {
    for (const index of plainIndexes(was.indexes)) {
      const key = partKey("index", table, index.name);
      const isAltered = context.isAltered(key, ["valid", "ready"]);
      const isRebuilt = context.rebuilt.has(key);
      if (!isAltered && !context.isRemoved(key) && !isRebuilt) continue;
      const renamed = table.indexes.find((one) => formerIndexName(context, table, one) === index.name);
      if (renamed) {
        renameIndex(context, table, renamed, index.name);
        continue;
      }
      const why = indexHindrance(context, table, index);
      if (why !== null) {
        const label = `${table.schema}.${index.name}`;
        context.keep(
          key,
          `index ${label} ${isAltered ? "stays as the deployment made it" : "stays away"}: ${why}`,
        );
        continue;
      }
      // That of a partition comes back with that of the partitioned table.
      if (index.attachedTo) continue;
      const holder = table.constraints.find(
        ({ name }) =>
          table.indexes.some((one) => one.constraint === name && one.name === index.name) &&
          context.isCreated(partKey("constraint", table, name)),
      );
      if (holder) {
        exchangeKey(context, table, holder, index);
        continue;
      }
      if (isAltered && !isRebuilt) dropIndex(context, table, index);
      if (restorePartitionedIndex(context, { table, was, index, isReplaced: isAltered })) continue;
      buildIndex(context, table, index, { title: `restore index ${table.schema}.${index.name}` });
    }
  }
}

/** Puts a former index in the place of a constraint that has its name, so that neither is missing meanwhile. */
function exchangeKey(context: RollbackContext, table: Table, holder: Constraint, index: Index): void {
  const temporary = temporaryName(context.names, table, { name: index.name, definition: index.definition });
  context.reserved.add(temporary);
  if (!isBuilt(table, temporary)) buildIndex(context, table, index, { name: temporary });
  context.add({
    kind: "create index",
    title: `restore index ${table.schema}.${index.name}`,
    sql: [
      `ALTER TABLE ${quoteName(table)} DROP CONSTRAINT ${quoteIdentifier(holder.name)};`,
      `ALTER INDEX ${quoteQualified(table.schema, temporary)} RENAME TO ${quoteIdentifier(index.name)};`,
    ].join("\n"),
    target: part("index", table, index.name),
    locks: [[table, "ACCESS EXCLUSIVE"]],
    safety: "The index is there already: only the catalog is changed.",
    blocked: context.foreign(context.dependentsOn("index", { schema: table.schema, name: index.name })),
  });
}

/** Why an index cannot be built as it was; null where it can. */
function indexHindrance(context: RollbackContext, table: Table, index: Index): string | null {
  const needed = [
    ...columnsIn(indexStatement(index.definition)),
    ...index.keys.map(({ column }) => column),
    ...index.include,
  ];
  const isThere = (name: string | null): boolean =>
    name === null || table.columns.some((column) => column.name === name);
  if (!needed.every(isThere)) return `a column that it needs was dropped (${index.definition})`;
  if (context.unfit.has(partKey("index", table, index.name)))
    return `${unfitReason(table)} (${index.definition})`;
  return context.violated.has(constraintLabel(table, index.name))
    ? `rows written since do not satisfy it (${index.definition})`
    : null;
}

/** What an index is but for its name. */
const indexForm = ({ definition }: Index): string =>
  fingerprint({ ...indexStatement(definition), idxname: "" });

/** What an index was called before the deployment, where nothing but its name is new. */
function formerIndexName(context: RollbackContext, table: Table, index: Index): string | undefined {
  const isNew = (one: Index): boolean => context.isCreated(partKey("index", table, one.name));
  if (!isNew(index)) return undefined;
  const same = (one: Index): boolean => indexForm(one) === indexForm(index);
  const kept = context.keptTables.find((one) => one.table === table);
  const formers = plainIndexes(kept?.was.indexes ?? []).filter(
    (one) =>
      context.isRemoved(partKey("index", table, one.name)) &&
      !table.indexes.some(({ name }) => name === one.name) &&
      same(one),
  );
  const twins = plainIndexes(table.indexes).filter((one) => isNew(one) && one.valid && same(one));
  return formers[twins.indexOf(index)]?.name;
}

function renameIndex(context: RollbackContext, table: Table, { name }: Index, former: string): void {
  context.add({
    kind: "rename",
    title: `rename index ${table.schema}.${name} to ${former}`,
    sql: `ALTER INDEX ${quoteQualified(table.schema, name)} RENAME TO ${quoteIdentifier(former)};`,
    target: part("index", table, name),
    locks: [[table, "SHARE UPDATE EXCLUSIVE"]],
    safety: momentary,
  });
}
