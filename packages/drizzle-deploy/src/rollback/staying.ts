import type { Node } from "libpg-query";
import {
  type Catalog,
  compareCatalogs,
  type Difference,
  isDescribed,
  type ObjectIdentity,
  rootOf,
  withoutObjects,
} from "../catalog/index.ts";
import type { Project } from "../model/project.ts";
import { isSameTarget, isToRun, type Step, type Target, targetOf } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { sayWhich } from "./changes.ts";
import type { Deployment } from "./records.ts";
import type { FormerNames } from "./renamed-catalog.ts";
import type { Gone, Rename } from "./renames.ts";

const isSame = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/**
 * Ids of the steps of a deployment that stay done though it is taken back: they worked on a table or column that was
 * dropped, of which the rows cannot come back. To do them again would fail; or where something else was made under
 * that name since, it would cost the rows of that.
 */
export function staysDone(
  { steps }: Pick<Deployment, "steps">,
  { all, gone }: { all: readonly Rename[]; gone: readonly Gone[] },
): string[] {
  const tables = (of: QualifiedName): QualifiedName[] => [
    of,
    ...all.filter(({ kind, was }) => kind === "table" && isSame(was, of)).map(({ now }) => now),
  ];
  const concerns = (target: Target, { kind, names, of }: Gone): boolean => {
    const { schema, name, table } = target;
    if (schema === null) return false;
    if (kind === "table") return names.some((one) => isSame(one, { schema, name: table ?? name }));
    return (
      target.kind === "column" &&
      table !== null &&
      of !== null &&
      tables(of).some((one) => isSame(one, { schema, name: table })) &&
      names.some((one) => one.name === name)
    );
  };
  return steps.flatMap(({ id, target }) => (target && gone.some((one) => concerns(target, one)) ? id : []));
}

/** Properties that hold a text in which other objects are named. */
const texts = ["definition", "default", "generated", "using", "check", "type"];

/** Whether a step, which is no code, is behind what a migration changes. */
function explains(
  step: Step,
  target: Target | null,
  difference: Difference,
  columnsOf: (object: ObjectIdentity) => readonly string[],
): boolean {
  const { object } = difference;
  const root = rootOf(object);
  if (object.kind === "grant") {
    if (step.kind === "grant") return true;
    return difference.kind === "extra" && target?.schema === root.schema && target.name === root.name;
  }
  if (difference.kind === "missing" && /\bCASCADE\b/i.test(step.sql)) return true;
  if (difference.kind === "different") {
    const isRenamed = ["rename", "move table", "alter type", "alter column"].includes(step.kind);
    if (isRenamed && texts.includes(difference.property)) return true;
    if (difference.property === "comment") return step.kind === "comment";
    if (difference.property === "columnOrder") return true;
  }
  if (
    object.kind === "sequence" &&
    ["create table", "add column", "alter column", "drop column", "drop table"].includes(step.kind)
  )
    return true;
  // It goes with its table, or with a column that it names.
  if (isDescribed(object.kind) && difference.kind === "missing" && step.kind.startsWith("drop ")) return true;
  if (target === null) return false;
  // What is renamed is gone under one name, and there under another.
  const isRename = step.kind === "rename" || step.kind === "move table";
  if (isRename && target.kind === object.kind && target.table === (object.parent?.name ?? null)) return true;
  for (let one: typeof object | null = object; one; one = one.parent) {
    const own = targetOf(one);
    if (own && isSameTarget(own, target)) return true;
  }
  const isSameTable = target.schema === root.schema && target.table === root.name;
  // A key makes its columns required.
  if (difference.kind === "different")
    return isSameTable && target.kind === "constraint" && difference.property === "nullable";
  // A column comes and goes with the constraints and indexes on it.
  return isSameTable && target.kind === "column" && columnsOf(object).includes(target.name);
}

/** The columns that constraints and indexes are on. */
function columnsIn(catalogs: readonly Catalog[]): (object: ObjectIdentity) => readonly string[] {
  return ({ kind, name, parent }) =>
    catalogs.flatMap(({ tables }) => {
      const table = tables.find((one) => one.schema === parent?.schema && one.name === parent.name);
      if (kind === "constraint") return table?.constraints.find((one) => one.name === name)?.columns ?? [];
      const index = kind === "index" ? table?.indexes.find((one) => one.name === name) : undefined;
      return index ? [...index.keys.flatMap(({ column }) => column ?? []), ...index.include] : [];
    });
}

/**
 * What code of a deployment did to the catalog, by `sayWhich`: what its migrations change and no other step is behind.
 * Code that the project knows how to undo is left out: that is done again.
 */
export function madeByCode(
  project: Project,
  { steps, once, migrations, from }: Deployment,
  former: FormerNames,
): Set<string> {
  const found = new Set<string>();
  const tags = [from, ...migrations.map(({ tag }) => tag)];
  const codes = once.filter(({ id, kind }) => kind === "opaque" && project.undo?.[id] === undefined);
  for (const tag of new Set(codes.map(({ migration }) => migration))) {
    const after = former.catalog(project.expectedCatalog(tag));
    const previous = tags[tags.indexOf(tag) - 1] ?? null;
    const before =
      previous === null ? withoutObjects(after) : former.catalog(project.expectedCatalog(previous));
    const others = steps
      .filter(({ migration, kind }) => migration === tag && kind !== "opaque")
      .map((step) => ({ step, target: step.target && former.target(step.target) }));
    const columnsOf = columnsIn([before, after]);
    for (const difference of compareCatalogs(before, after)) {
      if (!others.some(({ step, target }) => explains(step, target, difference, columnsOf)))
        found.add(sayWhich(difference));
    }
  }
  return found;
}

/** What a comment may be on that a catalog has the comments of. */
const commented: readonly (string | undefined)[] = [
  "OBJECT_TABLE",
  "OBJECT_COLUMN",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_TYPE",
  "OBJECT_DOMAIN",
  "OBJECT_SCHEMA",
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
  "OBJECT_ROUTINE",
  "OBJECT_STATISTIC_EXT",
  "OBJECT_PUBLICATION",
];

/** Settings of a table or column that no catalog has. */
const unseen: readonly (string | undefined)[] = [
  "AT_SetStorage",
  "AT_SetCompression",
  "AT_SetStatistics",
  "AT_SetOptions",
  "AT_ResetOptions",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_ReplicaIdentity",
  "AT_ChangeOwner",
];

const isUnseen = (node: Node): boolean => {
  if ("CommentStmt" in node) return !commented.includes(node.CommentStmt.objtype);
  if ("AlterOwnerStmt" in node) return true;
  return (
    "AlterTableStmt" in node &&
    (node.AlterTableStmt.cmds ?? []).some(
      (cmd) => "AlterTableCmd" in cmd && unseen.includes(cmd.AlterTableCmd.subtype),
    )
  );
};

/** The steps of a deployment that changed what no catalog shows, and that are safe to repeat: what was before is not known. */
export function changesUnseen({ steps, once }: Pick<Deployment, "steps" | "once">): Step[] {
  return steps.filter(
    (step) =>
      isToRun(step) &&
      !once.some(({ id }) => id === step.id) &&
      step.kind !== "opaque" &&
      step.kind !== "change data" &&
      parseStatements(step.sql).some(({ node }) => isUnseen(node)),
  );
}
