import { bigint, pgView, timestamp, uuid } from "drizzle-orm/pg-core";

/** The Kanban board in figures, one row per user with a live task. */
export const operationalHealthCheck = pgView("operational_health_check", {
  userId: uuid("user_id").notNull(),
  totalTasks: bigint("total_tasks", { mode: "number" }).notNull(),
  todoCount: bigint("todo_count", { mode: "number" }).notNull(),
  inProgressCount: bigint("in_progress_count", { mode: "number" }).notNull(),
  doneCount: bigint("done_count", { mode: "number" }).notNull(),
  /** Priority high and not done. */
  highPriorityOpen: bigint("high_priority_open", { mode: "number" }).notNull(),
  /** Due before the business date and not done. */
  overdueCount: bigint("overdue_count", { mode: "number" }).notNull(),
  lastUpdate: timestamp("last_update", { withTimezone: true }).notNull(),
}).existing();

export const operationalHealthCheckQuery = `WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
SELECT t.user_id,
	count(*) AS total_tasks,
	count(*) FILTER (WHERE t.status = 'todo') AS todo_count,
	count(*) FILTER (WHERE t.status = 'in_progress') AS in_progress_count,
	count(*) FILTER (WHERE t.status = 'done') AS done_count,
	count(*) FILTER (WHERE t.priority = 'high' AND t.status <> 'done') AS high_priority_open,
	count(*) FILTER (WHERE t.due_date < b.today AND t.status <> 'done') AS overdue_count,
	max(t.updated_at) AS last_update
FROM "public"."operational_tasks" t
CROSS JOIN business b
WHERE t.deleted_at IS NULL
GROUP BY t.user_id`;
