import type { View } from "../catalog/index.ts";
import { defaultGrantees } from "../kinds/grant.ts";
import { createView, dressView, isExtendable, viewName, viewWords } from "../kinds/view.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { columnsIn, relationsIn } from "../sql/tree.ts";
import { type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find, inOrder } from "./find.ts";

/** Whether a view has other columns; also where they are of another type, unless what it reads is. */
function changesColumns({ changes }: RollbackContext, from: View, to: View): boolean {
  const isSame = ({ name, type }: View["columns"][number], other: View["columns"][number] | undefined) =>
    name === other?.name && (type === other.type || changes.recast.length > 0);
  return (
    from.columns.length !== to.columns.length || !from.columns.every((one, at) => isSame(one, to.columns[at]))
  );
}

const statementOf = ({ definition }: View) => parseStatements(definition)[0]?.node;

/** Whether a view names another relation, as it was printed: without the schema where that is looked through. */
function reads(view: View, { schema, name }: QualifiedName): boolean {
  return relationsIn(statementOf(view)).some(
    ({ schemaname, relname }) => relname === name && (schemaname ?? schema) === schema,
  );
}

/** Why a view that is gone cannot be made again; null where nothing is known to be in the way. */
function hindrance(context: RollbackContext, view: View): string | null {
  const { before, actual } = context;
  const table = before.tables.find((one) => !find(actual.tables, one) && reads(view, one));
  if (table) return `table ${qualifiedLabel(table)}, which it reads, was dropped`;
  const named = columnsIn(statementOf(view));
  const read = before.tables.filter((one) => reads(view, one));
  const isThere = (column: string): boolean =>
    read.some((one) => find(actual.tables, one)?.columns.some(({ name }) => name === column));
  for (const one of read) {
    const gone = one.columns.find(({ name }) => named.includes(name) && !isThere(name));
    if (gone) return `column ${qualifiedLabel(one)}.${gone.name}, which it reads, was dropped`;
  }
  if (context.unfit.has(topKey("view", view))) return "the columns that it reads are not as it needs them";
  const other = before.views.find(
    (one) => reads(view, one) && !find(actual.views, one) && hindrance(context, one) !== null,
  );
  return other ? `view ${qualifiedLabel(other)}, which it reads, stays away too` : null;
}

const replaced = "Replaced in one transaction under a lock held for a moment: nobody finds it missing.";

/** Makes the views as they were, those that are gone too, and drops those that came with the deployment. */
export function undoViews(context: RollbackContext): void {
  const { before, actual, add } = context;
  const grantees = defaultGrantees(actual);
  const dependents = (view: View) => context.dependentsOn("view", view);
  // A view that needs another comes after it.
  const ordered = inOrder(before.views, (view) => before.views.filter((other) => reads(view, other)));
  const isChanged = (view: View): boolean => {
    const now = find(actual.views, view);
    const wanted = find(context.head.views, view);
    if (!now) return context.isRemoved(topKey("view", view));
    if (!wanted) return false;
    const isAltered = context.isAltered(topKey("view", view), ["comment", "owner"]);
    return isAltered || (changesColumns(context, view, wanted) && changesColumns(context, view, now));
  };
  const changed = ordered.filter((view) => {
    if (!isChanged(view)) return false;
    const why = hindrance(context, view);
    if (why === null) return true;
    const state = find(actual.views, view) ? "stays as the deployment made it" : "stays away";
    context.keep(topKey("view", view), `view ${qualifiedLabel(view)} ${state}: ${why}`);
    return false;
  });
  const anew = new Set<View>();
  const collect = (view: View): void => {
    if (anew.has(view)) return;
    anew.add(view);
    for (const by of dependents(view)) {
      const other = by.kind === "view" ? find(ordered, by) : undefined;
      if (other && context.isOurs(by)) collect(other);
    }
  };
  for (const view of changed) {
    const now = find(actual.views, view);
    if (now && (view.kind === "materialized" || now.kind === "materialized")) {
      context.keep(
        topKey("view", view),
        `materialized view ${view.schema}.${view.name} stays as the deployment made it`,
      );
    } else if (now && !isExtendable(now, view)) collect(view);
  }
  const createdViews = inOrder(
    actual.views.filter((view) => context.isCreated(topKey("view", view))),
    (view) =>
      actual.views.filter((other) => dependents(view).some((by) => by.kind === "view" && find([other], by))),
  );

  for (const view of changed) {
    const now = find(actual.views, view);
    if (anew.has(view) || (now && (view.kind === "materialized" || now.kind === "materialized"))) continue;
    const isGone = !now;
    add({
      kind: "create view",
      title: `restore view ${view.schema}.${view.name}`,
      sql: underSchemas(before, [createView(view), ...(isGone ? dressView(view, grantees) : [])].join("\n")),
      target: { kind: "view", schema: view.schema, name: view.name, table: null },
      locks: [[view, "ACCESS EXCLUSIVE"]],
      safety: view.kind === "materialized" ? "It is new: nobody uses it while it is filled." : replaced,
    });
  }
  // Those made anew go and come back together, so that nobody finds one of them missing.
  const together = ordered.filter((view) => anew.has(view));
  const [first, ...rest] = together;
  if (first) {
    // A view that came with the deployment and selects from one of these goes before it.
    const inTheWay = createdViews.filter((view) =>
      together.some((one) =>
        dependents(one).some((by) => by.kind === "view" && find([view], by) !== undefined),
      ),
    );
    for (const view of inTheWay) dropView(context, view);
    add({
      kind: "create view",
      title: `restore view ${together.map((view) => `${view.schema}.${view.name}`).join(", ")}`,
      sql: underSchemas(
        before,
        [
          ...together
            .toReversed()
            .filter((view) => find(actual.views, view))
            .map((view) => `DROP VIEW ${viewName(view)};`),
          ...together.flatMap((view) => [createView(view), ...dressView(view, grantees)]),
        ].join("\n"),
      ),
      target: { kind: "view", schema: first.schema, name: first.name, table: null },
      locks: [first, ...rest].map((view) => [view, "ACCESS EXCLUSIVE"] as const),
      safety: replaced,
      blocked: context.foreign(together.flatMap((view) => dependents(view))),
    });
    for (const view of createdViews) if (!inTheWay.includes(view)) dropView(context, view);
    return;
  }
  for (const view of createdViews) dropView(context, view);
}

function dropView(context: RollbackContext, view: View): void {
  context.add({
    kind: "drop view",
    title: `drop view ${view.schema}.${view.name}`,
    sql: `DROP ${viewWords(view)} IF EXISTS ${viewName(view)};`,
    target: { kind: "view", schema: view.schema, name: view.name, table: null },
    locks: [[view, "ACCESS EXCLUSIVE"]],
    safety: "Only the catalog is changed; a view holds no rows.",
    blocked: context.foreign(context.dependentsOn("view", view)),
  });
}
