import type { AlterPolicyStmt, CreatePolicyStmt } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { catalogChange, type Draft, lock, part, target } from "./draft.ts";
import { needsOf, relationsOf, resolve, unique } from "./resolve.ts";

const dropping = (table: QualifiedName, name: string) =>
  `DROP POLICY ${quoteIdentifier(name)} ON ${quoteQualified(table.schema, table.name)}`;

const locks = (table: QualifiedName, expressions: unknown) => [
  lock(table, "ACCESS EXCLUSIVE"),
  ...relationsOf(expressions)
    .filter((other) => qualifiedLabel(other) !== qualifiedLabel(table))
    .map((other) => lock(other, "ACCESS SHARE")),
];

/** `CREATE POLICY`. */
export function createPolicy(statement: CreatePolicyStmt, sql: string): Draft[] {
  const table = resolve(statement.table);
  const name = statement.policy_name ?? "";
  const itself = part("policy", table, name);
  const expressions = [statement.qual, statement.with_check];
  return [
    catalogChange({
      kind: "create policy",
      title: `create policy "${name}" on ${qualifiedLabel(table)}`,
      sql,
      target: itself,
      needs: unique([target("table", table), ...needsOf(expressions)]),
      locks: locks(table, expressions),
      goal: { does: "create", target: itself, parts: [] },
      replacement: `${dropping(table, name)};\n${sql}`,
    }),
  ];
}

/** `ALTER POLICY`. */
export function alterPolicy(statement: AlterPolicyStmt, sql: string): Draft[] {
  const table = resolve(statement.table);
  const name = statement.policy_name ?? "";
  const itself = part("policy", table, name);
  const expressions = [statement.qual, statement.with_check];
  const properties = [
    ...((statement.roles ?? []).length > 0 ? ["roles"] : []),
    ...(statement.qual ? ["using"] : []),
    ...(statement.with_check ? ["check"] : []),
  ];
  return [
    catalogChange({
      kind: "alter policy",
      title: `alter policy "${name}" on ${qualifiedLabel(table)}`,
      sql,
      target: itself,
      needs: unique([target("table", table), itself, ...needsOf(expressions)]),
      locks: locks(table, expressions),
      goal: { does: "alter", target: itself, properties },
      // Sets every property that it names, whatever they were.
      replacement: sql,
    }),
  ];
}
