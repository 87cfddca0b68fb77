import { bigint, pgView, uuid, varchar } from "drizzle-orm/pg-core";
import { taskStatuses } from "../schema/index.ts";

/** Legacy: live tasks, one row per user and status. */
export const tasksSummary = pgView("tasks_summary", {
  userId: uuid("user_id").notNull(),
  status: varchar("status", { length: 20, enum: taskStatuses }).notNull(),
  taskCount: bigint("task_count", { mode: "number" }).notNull(),
  highPriorityCount: bigint("high_priority_count", { mode: "number" }).notNull(),
  /** Due before the business date and not done. */
  overdueCount: bigint("overdue_count", { mode: "number" }).notNull(),
}).existing();

export const tasksSummaryQuery = `WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
SELECT t.user_id, t.status, count(*) AS task_count,
	count(*) FILTER (WHERE t.priority = 'high') AS high_priority_count,
	count(*) FILTER (WHERE t.due_date < b.today AND t.status <> 'done') AS overdue_count
FROM "public"."operational_tasks" t
CROSS JOIN business b
WHERE t.deleted_at IS NULL
GROUP BY t.user_id, t.status`;
