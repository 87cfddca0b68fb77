import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  unique,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { authUsers } from "drizzle-orm/supabase";
import { created, dead, id, live, oneOf, owner, softDelete, updated, userId, zoned } from "./columns.ts";

/** Departments of the virtual office. */
export const departments = ["financeiro", "marketing", "operacional", "comercial"] as const;
export type Department = (typeof departments)[number];

/** How far an agent's activity is. */
export const activityStatuses = ["running", "idle", "waiting", "completed", "error"] as const;
export type ActivityStatus = (typeof activityStatuses)[number];

/** How urgent a task is. */
export const taskPriorities = ["low", "medium", "high"] as const;
export type TaskPriority = (typeof taskPriorities)[number];

/** Columns of the Kanban board. */
export const taskStatuses = ["todo", "in_progress", "done"] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** Stages of the sales pipeline, the two closed ones last. */
export const leadStages = [
  "prospecting",
  "qualification",
  "proposal",
  "negotiation",
  "closed_won",
  "closed_lost",
] as const;
export type LeadStage = (typeof leadStages)[number];

/** Where a marketing post appears. */
export const platforms = [
  "instagram",
  "linkedin",
  "tiktok",
  "youtube",
  "twitter",
  "facebook",
  "other",
] as const;
export type Platform = (typeof platforms)[number];

/** How far a marketing post is. */
export const postStatuses = ["draft", "pending", "approved", "posted", "rejected"] as const;
export type PostStatus = (typeof postStatuses)[number];

/** SPFP 2026 EPIC-002 - Feed de atividades do escritório virtual */
export const corporateActivities = pgTable(
  "corporate_activities",
  {
    id: id(),
    userId: userId(),
    department: varchar("department", { length: 20, enum: departments }).notNull(),
    agentName: varchar("agent_name", { length: 100 }).notNull(),
    description: text("description").notNull(),
    status: varchar("status", { length: 20, enum: activityStatuses }).notNull().default("running"),
    requiresApproval: boolean("requires_approval").default(false),
    approvedAt: zoned("approved_at"),
    approvedBy: uuid("approved_by"),
    metadata: jsonb("metadata"),
    ...created.zoned(),
    ...softDelete.zoned(),
  },
  (t) => [
    foreignKey({
      name: "corporate_activities_approved_by_fkey",
      columns: [t.approvedBy],
      foreignColumns: [authUsers.id],
    }),
    owner("corporate_activities_user_id_fkey", t.userId),
    oneOf("corporate_activities_department_check", t.department, departments),
    oneOf("corporate_activities_status_check", t.status, activityStatuses),
    index("idx_corporate_activities_created_at").on(t.createdAt.desc().nullsFirst()),
    index("idx_corporate_activities_department").on(t.department),
    index("idx_corporate_activities_status").on(t.status),
    index("idx_corporate_activities_user_id").on(t.userId),
    index("idx_corporate_activities_realtime")
      .on(t.userId, t.createdAt.desc().nullsFirst(), t.status)
      .where(live(t.deletedAt)),
    index("idx_corporate_activities_approval")
      .on(t.userId, t.status)
      .where(sql`${t.requiresApproval} and ${t.approvedAt} is null and ${live(t.deletedAt)}`),
    index("idx_corporate_activities_approved_by").on(t.approvedBy),
  ],
).enableRLS();

/** SPFP 2026 EPIC-002 - Tarefas operacionais (Kanban) */
export const operationalTasks = pgTable(
  "operational_tasks",
  {
    id: id(),
    userId: userId(),
    title: varchar("title", { length: 255 }).notNull(),
    description: text("description"),
    status: varchar("status", { length: 20, enum: taskStatuses }).notNull().default("todo"),
    priority: varchar("priority", { length: 10, enum: taskPriorities }).notNull().default("medium"),
    assignee: varchar("assignee", { length: 100 }),
    dueDate: date("due_date"),
    completedAt: zoned("completed_at"),
    position: integer("position").notNull().default(0),
    tags: text("tags").array().default([]),
    ...created.zoned(),
    ...updated.zoned(),
    ...softDelete.zoned(),
  },
  (t) => [
    owner("operational_tasks_user_id_fkey", t.userId),
    oneOf("operational_tasks_priority_check", t.priority, taskPriorities),
    oneOf("operational_tasks_status_check", t.status, taskStatuses),
    index("idx_operational_tasks_due_date").on(t.dueDate),
    index("idx_operational_tasks_priority").on(t.priority),
    index("idx_operational_tasks_status").on(t.status),
    index("idx_operational_tasks_user_id").on(t.userId),
    index("idx_operational_tasks_deleted_at").on(t.deletedAt).where(dead(t.deletedAt)),
    index("idx_operational_tasks_kanban")
      .on(t.userId, t.status, t.position.desc().nullsFirst(), t.id)
      .where(live(t.deletedAt)),
    index("idx_operational_tasks_due_dates")
      .on(t.userId, t.dueDate, t.id)
      .where(sql`${t.status} <> 'done' and ${live(t.deletedAt)}`),
  ],
).enableRLS();

/** SPFP 2026 EPIC-002 - Leads comerciais (Pipeline de vendas) */
export const salesLeads = pgTable(
  "sales_leads",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    company: varchar("company", { length: 255 }),
    email: varchar("email", { length: 255 }),
    phone: varchar("phone", { length: 50 }),
    stage: varchar("stage", { length: 20, enum: leadStages }).notNull().default("prospecting"),
    value: numeric("value", { precision: 18, scale: 2 }).notNull().default(sql`0`),
    probability: integer("probability").notNull().default(0),
    source: varchar("source", { length: 100 }),
    notes: text("notes"),
    nextAction: text("next_action"),
    nextActionDate: date("next_action_date"),
    position: integer("position").notNull().default(0),
    lostReason: text("lost_reason"),
    ...created.zoned(),
    ...updated.zoned(),
    closedAt: zoned("closed_at"),
    ...softDelete.zoned(),
  },
  (t) => [
    owner("sales_leads_user_id_fkey", t.userId),
    check("sales_leads_probability_check", sql`${t.probability} >= 0 and ${t.probability} <= 100`),
    oneOf("sales_leads_stage_check", t.stage, leadStages),
    check("sales_leads_value_check", sql`${t.value} >= 0`),
    index("idx_sales_leads_next_action_date").on(t.nextActionDate),
    index("idx_sales_leads_stage").on(t.stage),
    index("idx_sales_leads_user_id").on(t.userId),
    index("idx_sales_leads_value").on(t.value.desc().nullsFirst()),
    index("idx_sales_leads_deleted_at").on(t.deletedAt).where(dead(t.deletedAt)),
    // The id ends the order of a page, here and in the others: rows of equal keys need no sort. The value is for the
    // sums of a stage, which then read the index alone.
    index("idx_sales_leads_analysis")
      .on(t.userId, t.stage, t.probability.desc().nullsFirst(), t.id, t.value)
      .where(live(t.deletedAt)),
    index("idx_sales_leads_value_analysis")
      .on(t.userId, t.value.desc().nullsFirst())
      .where(sql`${t.stage} not in ('closed_won', 'closed_lost') and ${live(t.deletedAt)}`),
  ],
).enableRLS();

/** SPFP 2026 EPIC-002 - Metas comerciais mensais */
export const salesGoals = pgTable(
  "sales_goals",
  {
    id: id(),
    userId: userId(),
    month: date("month").notNull(),
    targetValue: numeric("target_value", { precision: 18, scale: 2 }).notNull(),
    ...created.zoned(),
  },
  (t) => [
    unique("sales_goals_user_id_month_key").on(t.userId, t.month),
    owner("sales_goals_user_id_fkey", t.userId),
    check("sales_goals_target_value_check", sql`${t.targetValue} >= 0`),
    index("idx_sales_goals_month").on(t.month),
    index("idx_sales_goals_user_id").on(t.userId),
  ],
).enableRLS();

/** SPFP 2026 EPIC-002 - Posts de marketing (calendário) */
export const marketingPosts = pgTable(
  "marketing_posts",
  {
    id: id(),
    userId: userId(),
    title: varchar("title", { length: 255 }).notNull(),
    description: text("description"),
    platform: varchar("platform", { length: 20, enum: platforms }).notNull(),
    status: varchar("status", { length: 20, enum: postStatuses }).notNull().default("draft"),
    scheduledDate: date("scheduled_date"),
    postedDate: zoned("posted_date"),
    imageUrl: varchar("image_url", { length: 500 }),
    metrics: jsonb("metrics").default({}),
    rejectionReason: text("rejection_reason"),
    ...created.zoned(),
    ...updated.zoned(),
    ...softDelete.zoned(),
  },
  (t) => [
    owner("marketing_posts_user_id_fkey", t.userId),
    oneOf("marketing_posts_platform_check", t.platform, platforms),
    oneOf("marketing_posts_status_check", t.status, postStatuses),
    index("idx_marketing_posts_platform").on(t.platform),
    index("idx_marketing_posts_scheduled_date").on(t.scheduledDate),
    index("idx_marketing_posts_status").on(t.status),
    index("idx_marketing_posts_user_id").on(t.userId),
    index("idx_marketing_posts_calendar")
      .on(t.userId, t.scheduledDate.desc().nullsFirst(), t.id)
      .where(sql`${t.status} <> 'rejected' and ${live(t.deletedAt)}`),
    index("idx_marketing_posts_by_platform").on(t.userId, t.platform, t.status).where(live(t.deletedAt)),
  ],
).enableRLS();
