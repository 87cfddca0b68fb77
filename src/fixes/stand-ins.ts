import { quoteIdentifier, quoteLiteral } from "drizzle-deploy/sql";
import { references, type StandInTable } from "./references.ts";

/**
 * What a row that stands in for another user's is called, before the first digits of that row's id: in the language of
 * the application. The other row's own name is nobody else's to know.
 */
const standInPrefix = "Recuperado ";

/** SQL: the name of the row that stands in for the row of an id. */
export const standInName = (id: string): string => `${quoteLiteral(standInPrefix)} || left(${id}::text, 8)`;

/** SQL: whether a row is live. */
export const isLive = (table: StandInTable, row: string): string =>
  table === "partners_v2" ? `${row}.is_active` : `${row}.deleted_at is null`;

/** SQL: what a row that stands in has besides `user_id` and `name`, where the table has no default for it. */
export const standInValues: Readonly<Record<StandInTable, Readonly<Record<string, string>>>> = {
  accounts: { type: "'other'" },
  categories: { type: "'mixed'" },
  partners_v2: {},
};

/** SQL: whether a row that stands in for another user's is as it was made, as far as a user would change it. */
export function isStandInAsMade(table: StandInTable, row: string): string {
  const named = `${row}.name like ${quoteLiteral(`${standInPrefix}________`)} and ${isLive(table, row)}`;
  return table === "accounts" ? `${named} and ${row}.balance = 0` : named;
}

/** SQL: whether any row refers to the row of an id. */
export function isReferredTo(table: StandInTable, id: string): string {
  return references
    .filter(({ to }) => to === table)
    .map((reference) => {
      // By its name: investments in their older shape do not have the column.
      const column =
        reference.table === "investments"
          ? `to_jsonb(child) ->> ${quoteLiteral(reference.column)} = ${id}::text`
          : `child.${quoteIdentifier(reference.column)} = ${id}`;
      return `exists (select from public.${quoteIdentifier(reference.table)} child where ${column})`;
    })
    .join(" or ");
}
