import {
  type Catalog,
  type FunctionObject,
  type Index,
  type ObjectIdentity,
  objectKey,
  type Table,
  type Trigger,
} from "../catalog/index.ts";
import { functionLabel, functionNamed } from "../kinds/function.ts";
import type { TableSize } from "../model/deployment-report.ts";
import type { JournalTable } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Plan, Step, Target } from "../model/step.ts";
import type { Dependent } from "../plan/dependents.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { type Changes, changesOf, withoutCode, withoutInvalidIndexes, withoutTables } from "./changes.ts";
import { rollbackStep, type StepDraft } from "./draft.ts";
import { find } from "./find.ts";
import type { StandingRenames } from "./standing-renames.ts";

/** What a rollback is planned from. */
export interface RollbackFacts {
  readonly project: string;
  readonly names: Names;
  /** The database before the deployment, from the deployment's record. */
  readonly before: Catalog;
  readonly actual: Catalog;
  /** What the deployment was to make of it. */
  readonly head: Catalog;
  /** What the deployment's steps dropped. */
  readonly dropped: readonly Target[];
  /** What they made. */
  readonly made: readonly Target[];
  /** What it renamed; every other name here is that of before. */
  readonly renamed: StandingRenames;
  /** Hazards that are allowed: by the id of a step, or all of a name. */
  readonly allow: readonly string[];
  /** What is in the archive already. */
  readonly archived: Catalog;
  readonly dependents: readonly Dependent[];
  /** Constraints, as `schema.table.name`, that rows written since do not satisfy as they were before. */
  readonly violated: ReadonlySet<string>;
  /** Keys of what was before and would not be taken any more, since a column that it names stays changed. */
  readonly unfit: ReadonlySet<string>;
  readonly sizes: readonly TableSize[];
  /** The migrations that the deployment applied. */
  readonly migrations: Plan["migrations"];
  /** Where they are recorded as applied. */
  readonly journal: JournalTable;
  /** Whether any of them is. */
  readonly isJournalled: boolean;
  /** The project's migrations that were applied after the deployment, and would be left without it. */
  readonly appliedSince: readonly string[];
  /** Ids of their steps that are recorded as done. */
  readonly done: readonly string[];
  /** Ids of those of them whose effect a rollback cannot take back: they stay recorded as done. */
  readonly staying: readonly string[];
  /** Tables that it dropped and made anew, by their names: other tables than before. */
  readonly remade: readonly QualifiedName[];
  /** What code of the deployment did to the catalog (see `sayWhich`): it is not run again, so that it stays. */
  readonly byCode: ReadonlySet<string>;
  /** The migration before them. */
  readonly from: string | null;
  /** What the deployment did that no catalog shows: changed rows, opaque statements. */
  readonly once: readonly Step[];
  /** What was done in part. */
  readonly begun: readonly (Pick<Step, "id" | "title"> & { readonly rows: number })[];
  /** What it did that no catalog shows either, and that is done again. */
  readonly unseen: readonly Step[];
  /** What undoes some of those, by their ids. */
  readonly undo: Readonly<Record<string, string>>;
  /** For the plan's `createdAt`. */
  readonly now: Date;
}

/** A table that is on both sides, with what the deployment was to make of it. */
export interface KeptTable {
  readonly table: Table;
  readonly was: Table;
  readonly wanted: Table;
}

/** What every part of the planning needs, and where it puts its steps. */
export interface RollbackContext
  extends Pick<RollbackFacts, "names" | "archived" | "renamed" | "violated" | "unfit"> {
  readonly before: Catalog;
  readonly actual: Catalog;
  readonly head: Catalog;
  readonly changes: Changes;
  readonly keptTables: readonly KeptTable[];
  /** Tables that the deployment made: they go to the archive. */
  readonly createdTables: readonly Table[];
  readonly createdFunctions: readonly FunctionObject[];
  readonly steps: Step[];
  readonly notes: string[];
  /** Keys of what stays as the deployment made it, for the reasons in `notes`. */
  readonly kept: Set<string>;
  /** Names of the indexes that its steps build, or find built, for constraints to take. */
  readonly reserved: Set<string>;
  /** Keys of indexes that went with what they rest on, and are to be built again. */
  readonly rebuilt: Set<string>;
  /** Keys of what a step for something else takes along: it needs no step of its own. */
  readonly settled: Set<string>;
  /** Leaves something as the deployment made it. */
  keep(key: string, reason: string): void;
  add(draft: StepDraft): void;
  isCreated(key: string): boolean;
  isRemoved(key: string): boolean;
  /** Whether a property of the object is not as before. */
  isAltered(key: string, ignore?: readonly string[]): boolean;
  dependentsOn(kind: Dependent["on"]["kind"], object: QualifiedName): Dependent[];
  /** Whether it stays as the deployment made it. */
  isKept(dependent: Dependent): boolean;
  /** Whether it belongs to what the deployment was to make of the database. */
  isOurs(dependent: Dependent): boolean;
  /** Why something cannot be dropped: what depends on it and is somebody else's. Null where nothing is. */
  foreign(dependents: readonly Dependent[]): string | null;
}

/** The key of an object of a schema. */
export function topKey(kind: ObjectIdentity["kind"], { schema, name }: QualifiedName): string {
  return objectKey({ kind, schema, name, parent: null, label: "" });
}

/** The key of what belongs to a table or view. */
export function partKey(
  kind: ObjectIdentity["kind"],
  { schema, name }: QualifiedName,
  child: string,
  parentKind: "table" | "view" | "function" | "domain" = "table",
): string {
  const parent: ObjectIdentity = { kind: parentKind, schema, name, parent: null, label: "" };
  return objectKey({ kind, schema, name: child, parent, label: "" });
}

/** A dependent in words. */
export function dependentLabel({ kind, schema, name, table }: Dependent): string {
  return `${kind} ${schema}.${table === null ? "" : `${table}.`}${name}`;
}

/** Indexes that are not a constraint's. */
export const plainIndexes = (indexes: readonly Index[]): Index[] =>
  indexes.filter(({ constraint }) => constraint === null);

export function usesFunction(trigger: Trigger, functions: readonly FunctionObject[]): boolean {
  return functions.some(
    ({ schema, name }) => schema === trigger.function.schema && name === trigger.function.name,
  );
}

function isPartOf(
  { head, names }: Pick<RollbackFacts, "head" | "names">,
  { kind, schema, name, table }: Dependent,
): boolean {
  if (schema === names.archiveSchema) return true;
  const owner = table === null ? undefined : find(head.tables, { schema, name: table });
  const view = table === null ? undefined : find(head.views, { schema, name: table });
  const has = (list: readonly { name: string }[] | undefined) =>
    list?.some((one) => one.name === name) ?? false;
  switch (kind) {
    case "view":
      return find(head.views, { schema, name }) !== undefined;
    case "table":
      return find(head.tables, { schema, name }) !== undefined;
    case "function":
      return functionNamed(head, { schema, name }) !== undefined;
    case "trigger":
      return has(owner?.triggers) || has(view?.triggers);
    case "policy":
      return has(owner?.policies);
    case "column":
      return has(owner?.columns) || has(view?.columns);
    case "constraint":
      return has(owner?.constraints);
    case "index":
      return has(owner?.indexes) || has(view?.indexes);
  }
}

export function createContext(facts: RollbackFacts): RollbackContext {
  const { actual, head } = facts;
  const before = withoutInvalidIndexes(facts.before);
  const all = changesOf({ before, actual, head, dropped: facts.dropped, made: facts.made });
  const { changes, staying } = withoutCode(withoutTables(all, facts.remade), facts.byCode);
  const isRemade = (table: Table): boolean => find(facts.remade, table) !== undefined;
  const created = new Set(changes.created.map(objectKey));
  const removed = new Set(changes.removed.map(objectKey));
  const steps: Step[] = [];
  const remade = actual.tables.filter(isRemade);
  const notes = [
    ...remade.map(
      (table) =>
        `table ${qualifiedLabel(table)} was dropped by the deployment and made again: it stays so; restore its earlier rows from the backup`,
    ),
    ...staying.map(
      ({ kind, label }) => `${kind} ${label} stays as the deployment's code left it, which is not run again`,
    ),
  ];
  const kept = new Set([
    ...[...changes.recast, ...staying].map(objectKey),
    ...remade.map((table) => topKey("table", table)),
  ]);
  const isOurs = (dependent: Dependent): boolean => isPartOf(facts, dependent);
  return {
    before,
    actual,
    head,
    names: facts.names,
    archived: facts.archived,
    renamed: facts.renamed,
    violated: facts.violated,
    unfit: facts.unfit,
    changes,
    keptTables: actual.tables.flatMap((table) => {
      const was = find(before.tables, table);
      const wanted = find(head.tables, table);
      return was && wanted && !isRemade(table) ? [{ table, was, wanted }] : [];
    }),
    createdTables: actual.tables.filter((table) => created.has(topKey("table", table))),
    createdFunctions: actual.functions.filter((one) =>
      created.has(topKey("function", { schema: one.schema, name: functionLabel(one) })),
    ),
    steps,
    notes,
    kept,
    reserved: new Set(),
    rebuilt: new Set(),
    settled: new Set(),
    keep(key, reason) {
      kept.add(key);
      notes.push(reason);
    },
    add: (draft) => void steps.push(rollbackStep(draft, facts)),
    isCreated: (key) => created.has(key),
    isRemoved: (key) => removed.has(key),
    isAltered: (key, ignore = []) =>
      changes.altered.some(({ object, property }) => objectKey(object) === key && !ignore.includes(property)),
    dependentsOn: (kind, { schema, name }) =>
      facts.dependents.filter(({ on }) => on.kind === kind && on.schema === schema && on.name === name),
    isKept: ({ kind, schema, name, table }) =>
      kept.has(
        table === null
          ? topKey(kind, { schema, name })
          : partKey(
              kind,
              { schema, name: table },
              name,
              find(actual.views, { schema, name: table }) ? "view" : "table",
            ),
      ),
    isOurs,
    foreign(dependents) {
      const labels = [...new Set(dependents.filter((one) => !isOurs(one)).map(dependentLabel))];
      if (labels.length === 0) return null;
      return `${labels.join(", ")} ${labels.length > 1 ? "depend" : "depends"} on it and did not come with the deployment: drop that first, or change it so that it can do without`;
    },
  };
}
