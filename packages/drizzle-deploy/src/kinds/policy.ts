import type { Policy, Table } from "../catalog/index.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { roleName } from "./grant.ts";

const on = (table: Pick<Table, "schema" | "name">): string => quoteQualified(table.schema, table.name);

const expressions = ({ using, check }: Policy): string =>
  `${using === null ? "" : ` USING (${using})`}${check === null ? "" : ` WITH CHECK (${check})`}`;

/** The statement that makes a policy as a catalog describes it. */
export function createPolicy(table: Pick<Table, "schema" | "name">, policy: Policy): string {
  return `CREATE POLICY ${quoteIdentifier(policy.name)} ON ${on(table)} AS ${policy.permissive ? "PERMISSIVE" : "RESTRICTIVE"} FOR ${policy.command} TO ${policy.roles.map(roleName).join(", ")}${expressions(policy)};`;
}

export function dropPolicy(table: Pick<Table, "schema" | "name">, name: string): string {
  return `DROP POLICY IF EXISTS ${quoteIdentifier(name)} ON ${on(table)};`;
}

/** Makes one policy another of its name: altered in place, or, since ALTER cannot take an expression away, made again. */
export function changePolicy(table: Pick<Table, "schema" | "name">, from: Policy, to: Policy): string {
  const loses = (one: string | null, other: string | null) => one !== null && other === null;
  const isAlterable =
    from.permissive === to.permissive &&
    from.command === to.command &&
    !loses(from.using, to.using) &&
    !loses(from.check, to.check);
  if (!isAlterable) return `${dropPolicy(table, from.name)}\n${createPolicy(table, to)}`;
  return `ALTER POLICY ${quoteIdentifier(to.name)} ON ${on(table)} TO ${to.roles.map(roleName).join(", ")}${expressions(to)};`;
}
