import type { PgTable } from "drizzle-orm/pg-core";
import { createInsertSchema, createSelectSchema, createUpdateSchema } from "drizzle-zod";
import { automationLogs, automationPermissions, automationPermissionsAudit } from "../schema/automation.ts";
import {
  corporateActivities,
  marketingPosts,
  operationalTasks,
  salesGoals,
  salesLeads,
} from "../schema/corporate.ts";
import { customTemplates, sentAtas, userFiles } from "../schema/crm.ts";
import {
  accounts,
  categories,
  categoryBudgets,
  goals,
  investments,
  patrimonyItems,
  transactionGroups,
  transactions,
} from "../schema/finance.ts";
import { partners, partnershipClients } from "../schema/partnerships.ts";

const insertable = <Table extends PgTable>(table: Table) => ({
  /** A row as it is read. */
  row: createSelectSchema(table),
  /** A row to insert: columns with a default may be left out, generated ones must be. */
  insert: createInsertSchema(table),
  /** A change: any column that may be written. */
  update: createUpdateSchema(table),
});

/**
 * Zod validators of every managed table, derived from the schema: the literal unions, lengths and nullability are
 * those of the columns.
 *
 * @example
 * const task = validators.operationalTasks.insert.parse(await request.json());
 */
export const validators = {
  accounts: insertable(accounts),
  automationLogs: insertable(automationLogs),
  automationPermissions: insertable(automationPermissions),
  /** Read only: the trail is written by its trigger. */
  automationPermissionsAudit: { row: createSelectSchema(automationPermissionsAudit) },
  categories: insertable(categories),
  categoryBudgets: insertable(categoryBudgets),
  corporateActivities: insertable(corporateActivities),
  customTemplates: insertable(customTemplates),
  goals: insertable(goals),
  investments: insertable(investments),
  marketingPosts: insertable(marketingPosts),
  operationalTasks: insertable(operationalTasks),
  partners: insertable(partners),
  partnershipClients: insertable(partnershipClients),
  patrimonyItems: insertable(patrimonyItems),
  salesGoals: insertable(salesGoals),
  salesLeads: insertable(salesLeads),
  sentAtas: insertable(sentAtas),
  transactionGroups: insertable(transactionGroups),
  transactions: insertable(transactions),
  userFiles: insertable(userFiles),
};
