import { sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, text, unique, varchar } from "drizzle-orm/pg-core";
import { created, id, oneOf, owner, updated, userId, zoned } from "./columns.ts";

/** What an automation can do in a browser. */
export const automationActions = ["screenshot", "navigate", "click", "fill", "select", "scroll"] as const;
export type AutomationAction = (typeof automationActions)[number];

/** How far an automated action is. */
export const automationLogStatuses = ["pending", "running", "success", "error"] as const;
export type AutomationLogStatus = (typeof automationLogStatuses)[number];

/** SPFP 2026 EPIC-003 - Log de ações de automação MCP */
export const automationLogs = pgTable(
  "automation_logs",
  {
    id: id(),
    userId: userId(),
    actionType: varchar("action_type", { length: 50, enum: automationActions }).notNull(),
    targetUrl: varchar("target_url", { length: 2000 }),
    selector: varchar("selector", { length: 500 }),
    value: text("value"),
    status: varchar("status", { length: 20, enum: automationLogStatuses }).notNull(),
    errorMessage: text("error_message"),
    screenshotPath: varchar("screenshot_path", { length: 500 }),
    durationMs: integer("duration_ms"),
    ...created.zoned(),
  },
  (t) => [
    owner("automation_logs_user_id_fkey", t.userId),
    oneOf("automation_logs_action_type_check", t.actionType, automationActions),
    oneOf("automation_logs_status_check", t.status, automationLogStatuses),
    index("idx_automation_logs_action_type").on(t.actionType),
    index("idx_automation_logs_created_at").on(t.createdAt.desc().nullsFirst()),
    index("idx_automation_logs_status").on(t.status),
    index("idx_automation_logs_user_id").on(t.userId),
  ],
).enableRLS();

/** SPFP 2026 EPIC-003 - Permissões de automação por usuário */
export const automationPermissions = pgTable(
  "automation_permissions",
  {
    id: id(),
    userId: userId(),
    enabled: boolean("enabled").default(false),
    requireConfirmation: boolean("require_confirmation").default(true),
    allowedDomains: text("allowed_domains").array().default([]),
    blockedDomains: text("blocked_domains").array().default(sql`array['*.bank.*', '*.gov.*', 'login.*']`),
    maxActionsPerHour: integer("max_actions_per_hour").default(100),
    allowNavigation: boolean("allow_navigation").default(true),
    allowClicks: boolean("allow_clicks").default(false),
    allowTyping: boolean("allow_typing").default(false),
    ...created.zoned(),
    ...updated.zoned(),
  },
  (t) => [
    unique("automation_permissions_user_id_key").on(t.userId),
    owner("automation_permissions_user_id_fkey", t.userId),
  ],
).enableRLS();

/** What can happen to a user's automation permissions: the announced six, and the three that leave no gap. */
export const permissionChanges = [
  "enabled",
  "disabled",
  "whitelist_added",
  "whitelist_removed",
  "blacklist_added",
  "blacklist_removed",
  "created",
  "deleted",
  "setting_changed",
] as const;
export type PermissionChange = (typeof permissionChanges)[number];

/**
 * What became of a user's automation permissions, written by a trigger alone and never changed. No foreign key to
 * `automation_permissions`: deleting a permission must not delete the record of it.
 */
export const automationPermissionsAudit = pgTable(
  "automation_permissions_audit",
  {
    id: id(),
    userId: userId(),
    changedAt: zoned("changed_at").notNull().defaultNow(),
    changedBy: varchar("changed_by", { length: 255 }).notNull(),
    changeType: varchar("change_type", { length: 50, enum: permissionChanges }).notNull(),
    previousValue: text("previous_value"),
    newValue: text("new_value"),
  },
  (t) => [
    owner("automation_permissions_audit_user_id_fkey", t.userId),
    oneOf("automation_permissions_audit_change_type_check", t.changeType, permissionChanges),
    index("idx_automation_permissions_audit_user_id").on(t.userId),
    index("idx_automation_permissions_audit_changed_at").on(t.changedAt.desc().nullsFirst()),
  ],
).enableRLS();
