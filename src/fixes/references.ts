/**
 * The foreign keys among managed tables, all of whose rows belong to a user, and what becomes of a reference to another
 * user's row. What may be null is null then, as when the other row is deleted; what may not is given a row of the
 * user's own.
 */
export const references = [
  { table: "transactions", column: "account_id", to: "accounts", way: "stand-in" },
  { table: "transactions", column: "category_id", to: "categories", way: "stand-in" },
  { table: "transactions", column: "group_id", to: "transaction_groups", way: "null" },
  { table: "category_budgets", column: "category_id", to: "categories", way: "stand-in" },
  { table: "investments", column: "account_id", to: "accounts", way: "null" },
  { table: "partnership_clients", column: "partner_id", to: "partners_v2", way: "stand-in" },
] as const;

export type Reference = (typeof references)[number];

/** Tables of which a row can stand in for another user's. */
export type StandInTable = Extract<Reference, { way: "stand-in" }>["to"];
