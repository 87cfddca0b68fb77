import type { View } from "../catalog/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { setGrants } from "./grant.ts";

/** Its name in SQL. */
export const viewName = ({ schema, name }: Pick<View, "schema" | "name">): string =>
  quoteQualified(schema, name);

/** What SQL calls it. */
export const viewWords = ({ kind }: View): string => (kind === "materialized" ? "MATERIALIZED VIEW" : "VIEW");

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
  const words = view.kind === "materialized" ? "MATERIALIZED VIEW" : "OR REPLACE VIEW";
  return [
    `CREATE ${words} ${viewName(view)} (${columns})`,
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
      : [`COMMENT ON ${viewWords(view)} ${viewName(view)} IS ${quoteLiteral(view.comment)};`]),
    ...view.columns.flatMap(({ name, comment }) =>
      comment === null
        ? []
        : [`COMMENT ON COLUMN ${viewName(view)}.${quoteIdentifier(name)} IS ${quoteLiteral(comment)};`],
    ),
    ...view.indexes.map(({ definition }) => `${definition};`),
    ...view.triggers.map(({ definition }) => `${definition};`),
  ];
}
