import type { View } from "../../catalog/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../sql.ts";
import { type Context, find, inOrder, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { defaultGrantees, setGrants } from "./grants.ts";

export const viewName = ({ schema, name }: Pick<View, "schema" | "name">): string =>
  quoteQualified(schema, name);

/** Whether a view's columns may become others without dropping it: PostgreSQL only appends. */
export function isExtendable(from: View, to: View): boolean {
  return (
    from.kind === "view" &&
    to.kind === "view" &&
    from.columns.every(({ name, type }, at) => to.columns[at]?.name === name && to.columns[at]?.type === type)
  );
}

/** The statement that makes a view as a catalog describes it, or makes one of it. */
export function createView(view: View): string {
  const options = [
    ...(view.securityInvoker ? ["security_invoker = true"] : []),
    ...(view.securityBarrier ? ["security_barrier = true"] : []),
    ...(view.checkOption === null ? [] : [`check_option = ${view.checkOption}`]),
  ];
  const columns = view.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  return [
    `CREATE OR REPLACE VIEW ${viewName(view)} (${columns})`,
    ...(options.length > 0 ? [` WITH (${options.join(", ")})`] : []),
    ` AS\n${view.definition.replace(/;\s*$/, "")};`,
  ].join("");
}

/** Everything about a view that is lost when it is dropped and made again. */
export function dressView(view: View, grantees: readonly string[]): string[] {
  return [
    ...setGrants("TABLE", viewName(view), { grants: view.grants, owner: view.owner, grantees }),
    ...view.columns.flatMap((column) =>
      column.grants.flatMap((grant) =>
        grant.privileges.map(
          (privilege) =>
            `GRANT ${privilege} (${quoteIdentifier(column.name)}) ON TABLE ${viewName(view)} TO ${quoteIdentifier(grant.grantee)};`,
        ),
      ),
    ),
    ...(view.comment === null
      ? []
      : [`COMMENT ON VIEW ${viewName(view)} IS ${quoteLiteral(view.comment).trim()};`]),
    ...view.columns.flatMap(({ name, comment }) =>
      comment === null
        ? []
        : [
            `COMMENT ON COLUMN ${viewName(view)}.${quoteIdentifier(name)} IS ${quoteLiteral(comment).trim()};`,
          ],
    ),
    ...view.triggers.map(({ definition }) => `${definition};`),
  ];
}

/** Parts of a view that it loses or gains: its columns. */
const changesColumns = (from: View, to: View): boolean =>
  from.columns.length !== to.columns.length || !isExtendable(from, to);

const replaced = "Replaced in one transaction under a lock held for a moment: nobody finds it missing.";

/** Makes the views as they were, those that are gone too, and drops those that came with the deployment. */
export function undoViews(context: Context): void {
  const { before, actual, add } = context;
  const grantees = defaultGrantees(actual);
  const dependents = (view: View) => context.dependentsOn("view", view);
  // A view that needs another comes after it.
  const ordered = inOrder(before.views, (view) =>
    before.views.filter((other) =>
      context.dependentsOn("view", other).some((by) => by.kind === "view" && find([view], by) !== undefined),
    ),
  );
  const changed = ordered.filter((view) => {
    const now = find(actual.views, view);
    const wanted = find(context.head.views, view);
    if (!now) return context.isRemoved(topKey("view", view));
    if (!wanted) return false;
    const isAltered = context.isAltered(topKey("view", view), ["comment", "owner"]);
    return isAltered || (changesColumns(view, wanted) && changesColumns(view, now));
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
    if (view.kind === "materialized" || now?.kind === "materialized") {
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
    if (view.kind === "materialized" || anew.has(view) || find(actual.views, view)?.kind === "materialized")
      continue;
    const isGone = !find(actual.views, view);
    add({
      kind: "create view",
      title: `restore view ${view.schema}.${view.name}`,
      sql: underSchemas(before, [createView(view), ...(isGone ? dressView(view, grantees) : [])].join("\n")),
      target: { kind: "view", schema: view.schema, name: view.name, table: null },
      locks: [[view, "ACCESS EXCLUSIVE"]],
      safety: replaced,
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

function dropView(context: Context, view: View): void {
  context.add({
    kind: "drop view",
    title: `drop view ${view.schema}.${view.name}`,
    sql: `DROP ${view.kind === "materialized" ? "MATERIALIZED VIEW" : "VIEW"} IF EXISTS ${viewName(view)};`,
    target: { kind: "view", schema: view.schema, name: view.name, table: null },
    locks: [[view, "ACCESS EXCLUSIVE"]],
    safety: "Only the catalog is changed; a view holds no rows.",
    blocked: context.foreign(context.dependentsOn("view", view)),
  });
}
