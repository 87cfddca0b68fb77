import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  numeric,
  pgTable,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { created, id, live, oneOf, owner, softDelete, updated, userId } from "./columns.ts";

/** What money is held in. */
export const accountTypes = ["checking", "savings", "credit", "investment", "other"] as const;
export type AccountType = (typeof accountTypes)[number];

/** What may be filed under a category. */
export const categoryTypes = ["income", "expense", "mixed"] as const;
export type CategoryType = (typeof categoryTypes)[number];

/** Why transactions belong together. */
export const transactionGroupTypes = ["recurring", "installment", "other"] as const;
export type TransactionGroupType = (typeof transactionGroupTypes)[number];

/** Which way the money goes. */
export const transactionTypes = ["INCOME", "EXPENSE"] as const;
export type TransactionType = (typeof transactionTypes)[number];

/** Bank accounts, cards and other places where money is held. */
export const accounts = pgTable(
  "accounts",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    type: varchar("type", { length: 50, enum: accountTypes }).notNull(),
    balance: numeric("balance", { precision: 19, scale: 2 }).notNull().default(sql`0`),
    currency: varchar("currency", { length: 3 }).default("BRL"),
    color: varchar("color", { length: 7 }),
    icon: varchar("icon", { length: 100 }),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [
    owner("fk_accounts_user", t.userId),
    oneOf("accounts_type_check", t.type, accountTypes),
    check("check_balance", sql`${t.balance} >= 0`),
    index("idx_accounts_deleted_at").on(t.deletedAt),
    index("idx_accounts_user_id").on(t.userId),
    index("idx_accounts_user_type").on(t.userId, t.type).where(live(t.deletedAt)),
  ],
).enableRLS();

/** What income and expenses are filed under. */
export const categories = pgTable(
  "categories",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    icon: varchar("icon", { length: 100 }),
    type: varchar("type", { length: 50, enum: categoryTypes }),
    color: varchar("color", { length: 7 }),
    orderIndex: integer("order_index").default(0),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [
    owner("fk_categories_user", t.userId),
    oneOf("categories_type_check", t.type, categoryTypes),
    index("idx_categories_deleted_at").on(t.deletedAt),
    index("idx_categories_type").on(t.type),
    index("idx_categories_user_id").on(t.userId),
    index("idx_categories_user_order").on(t.userId, t.orderIndex).where(live(t.deletedAt)),
    // PostgreSQL has no UNIQUE (lower(x)) and no UNIQUE … WHERE as a table constraint; both are unique indexes.
    uniqueIndex("unique_user_category_name").on(t.userId, sql`lower(${t.name})`).where(live(t.deletedAt)),
  ],
).enableRLS();

/** A monthly limit for a category. */
export const categoryBudgets = pgTable(
  "category_budgets",
  {
    id: id(),
    userId: userId(),
    categoryId: uuid("category_id").notNull(),
    monthlyLimit: numeric("monthly_limit", { precision: 19, scale: 2 }).notNull(),
    alertThreshold: numeric("alert_threshold", { precision: 3, scale: 2 }).default(sql`0.8`),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [
    foreignKey({
      name: "fk_category_budgets_category",
      columns: [t.categoryId],
      foreignColumns: [categories.id],
    }).onDelete("cascade"),
    owner("fk_category_budgets_user", t.userId),
    index("idx_category_budgets_category_id").on(t.categoryId),
    index("idx_category_budgets_user_id").on(t.userId),
  ],
).enableRLS();

/** Recurring transactions and instalments that belong together. */
export const transactionGroups = pgTable(
  "transaction_groups",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    type: varchar("type", { length: 50, enum: transactionGroupTypes }),
    frequency: varchar("frequency", { length: 50 }),
    ...created.local(),
    ...softDelete.local(),
  },
  (t) => [
    owner("fk_transaction_groups_user", t.userId),
    oneOf("transaction_groups_type_check", t.type, transactionGroupTypes),
    index("idx_transaction_groups_user_id").on(t.userId),
  ],
).enableRLS();

/** Income and expenses; `date` is a calendar day in the user's own time zone. */
export const transactions = pgTable(
  "transactions",
  {
    id: id(),
    userId: userId(),
    accountId: uuid("account_id").notNull(),
    categoryId: uuid("category_id").notNull(),
    description: varchar("description", { length: 500 }),
    amount: numeric("amount", { precision: 19, scale: 2 }).notNull(),
    type: varchar("type", { length: 50, enum: transactionTypes }).notNull(),
    date: date("date").notNull(),
    paid: boolean("paid").default(false),
    groupId: uuid("group_id"),
    groupIndex: integer("group_index"),
    spender: varchar("spender", { length: 50 }),
    notes: text("notes"),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [
    foreignKey({
      name: "fk_transactions_account",
      columns: [t.accountId],
      foreignColumns: [accounts.id],
    }).onDelete("restrict"),
    foreignKey({
      name: "fk_transactions_category",
      columns: [t.categoryId],
      foreignColumns: [categories.id],
    }).onDelete("restrict"),
    foreignKey({
      name: "fk_transactions_group",
      columns: [t.groupId],
      foreignColumns: [transactionGroups.id],
    }).onDelete("set null"),
    owner("fk_transactions_user", t.userId),
    check("check_amount", sql`${t.amount} > 0`),
    oneOf("transactions_type_check", t.type, transactionTypes),
    index("idx_transactions_account_id").on(t.accountId),
    index("idx_transactions_category_id").on(t.categoryId),
    index("idx_transactions_composite").on(t.userId, t.date.desc().nullsFirst(), t.deletedAt),
    index("idx_transactions_date").on(t.date.desc().nullsFirst()),
    index("idx_transactions_deleted_at").on(t.deletedAt),
    index("idx_transactions_group_id").on(t.groupId),
    index("idx_transactions_paid").on(t.paid),
    index("idx_transactions_user_id").on(t.userId),
    index("idx_transactions_user_date_paid")
      .on(t.userId, t.date.desc().nullsFirst(), t.paid)
      .where(live(t.deletedAt)),
  ],
).enableRLS();

/** Savings goals. */
export const goals = pgTable(
  "goals",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    description: text("description"),
    targetAmount: numeric("target_amount", { precision: 19, scale: 2 }).notNull(),
    currentAmount: numeric("current_amount", { precision: 19, scale: 2 }).default(sql`0`),
    deadline: date("deadline"),
    category: varchar("category", { length: 100 }),
    priority: varchar("priority", { length: 50 }),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [
    owner("fk_goals_user", t.userId),
    check("check_current", sql`${t.currentAmount} >= 0`),
    check("check_target", sql`${t.targetAmount} > 0`),
    index("idx_goals_deadline").on(t.deadline),
    index("idx_goals_user_id").on(t.userId),
    index("idx_goals_user_deadline").on(t.userId, t.deadline).where(live(t.deletedAt)),
  ],
).enableRLS();

/** Positions. Some production databases hold an older shape of this table, without `account_id`. */
export const investments = pgTable(
  "investments",
  {
    id: id(),
    userId: userId(),
    accountId: uuid("account_id"),
    symbol: varchar("symbol", { length: 20 }).notNull(),
    name: varchar("name", { length: 255 }).notNull(),
    type: varchar("type", { length: 100 }),
    quantity: numeric("quantity", { precision: 19, scale: 8 }).notNull(),
    averagePrice: numeric("average_price", { precision: 19, scale: 8 }).notNull(),
    currentPrice: numeric("current_price", { precision: 19, scale: 8 }),
    totalValue: numeric("total_value", { precision: 19, scale: 2 }),
    currency: varchar("currency", { length: 3 }).default("BRL"),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [
    foreignKey({
      name: "fk_investments_account",
      columns: [t.accountId],
      foreignColumns: [accounts.id],
    }).onDelete("set null"),
    owner("fk_investments_user", t.userId),
    index("idx_investments_symbol").on(t.symbol),
    index("idx_investments_user_id").on(t.userId),
    index("idx_investments_account_id").on(t.accountId),
  ],
).enableRLS();

/** Things owned: property, vehicles, valuables. */
export const patrimonyItems = pgTable(
  "patrimony_items",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    description: text("description"),
    type: varchar("type", { length: 100 }),
    value: numeric("value", { precision: 19, scale: 2 }).notNull(),
    acquisitionDate: date("acquisition_date"),
    acquisitionValue: numeric("acquisition_value", { precision: 19, scale: 2 }),
    currency: varchar("currency", { length: 3 }).default("BRL"),
    ...created.local(),
    ...updated.local(),
    ...softDelete.local(),
  },
  (t) => [owner("fk_patrimony_user", t.userId), index("idx_patrimony_user_id").on(t.userId)],
).enableRLS();
