import type { SoftDeletableTable } from "spfp-db";
import {
  accounts,
  categories,
  marketingPosts,
  operationalTasks,
  salesLeads,
  transactions,
} from "spfp-db/schema";

/** The tables whose rows the application throws away, by the name that its addresses have for them. */
export const binNames = ["tasks", "leads", "posts", "transactions", "categories", "accounts"] as const;
export type BinName = (typeof binNames)[number];

export const bins = {
  tasks: { title: "Tasks", table: operationalTasks, label: operationalTasks.title },
  leads: { title: "Leads", table: salesLeads, label: salesLeads.name },
  posts: { title: "Posts", table: marketingPosts, label: marketingPosts.title },
  transactions: { title: "Transactions", table: transactions, label: transactions.description },
  categories: { title: "Categories", table: categories, label: categories.name },
  accounts: { title: "Accounts", table: accounts, label: accounts.name },
} as const satisfies Record<BinName, { title: string; table: SoftDeletableTable; label: unknown }>;
