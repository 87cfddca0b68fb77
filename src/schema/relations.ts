/*
 * How managed tables belong together, for `with` of `db.query`: every foreign key among them, from both sides. Those
 * to `auth.users` have none, because a request's roles may not read that table.
 *
 * Drizzle reads nested rows as JSON, so that a `numeric` of theirs has been a JavaScript number: "50.00" reads "50", and
 * only some 15 digits are exact. Read money that has more of them from its own table.
 */

import { relations } from "drizzle-orm";
import {
  accounts,
  categories,
  categoryBudgets,
  investments,
  transactionGroups,
  transactions,
} from "./finance.ts";
import { partners, partnershipClients } from "./partnerships.ts";

/** `transactions` and `investments` of an account. */
export const accountsRelations = relations(accounts, ({ many }) => ({
  transactions: many(transactions),
  investments: many(investments),
}));

/** `transactions` and `budgets` of a category. */
export const categoriesRelations = relations(categories, ({ many }) => ({
  transactions: many(transactions),
  budgets: many(categoryBudgets),
}));

/** `category` that a budget limits. */
export const categoryBudgetsRelations = relations(categoryBudgets, ({ one }) => ({
  category: one(categories, { fields: [categoryBudgets.categoryId], references: [categories.id] }),
}));

/** `account` that holds an investment; null where none is named. */
export const investmentsRelations = relations(investments, ({ one }) => ({
  account: one(accounts, { fields: [investments.accountId], references: [accounts.id] }),
}));

/** `transactions` of a recurring or instalment group. */
export const transactionGroupsRelations = relations(transactionGroups, ({ many }) => ({
  transactions: many(transactions),
}));

/** `account`, `category` and, where it has one, `group` of a transaction. */
export const transactionsRelations = relations(transactions, ({ one }) => ({
  account: one(accounts, { fields: [transactions.accountId], references: [accounts.id] }),
  category: one(categories, { fields: [transactions.categoryId], references: [categories.id] }),
  group: one(transactionGroups, { fields: [transactions.groupId], references: [transactionGroups.id] }),
}));

/** `clients` whom a partner brought. */
export const partnersRelations = relations(partners, ({ many }) => ({
  clients: many(partnershipClients),
}));

/** `partner` who brought a client. */
export const partnershipClientsRelations = relations(partnershipClients, ({ one }) => ({
  partner: one(partners, { fields: [partnershipClients.partnerId], references: [partners.id] }),
}));
