import { bigint, pgView, timestamp, uuid } from "drizzle-orm/pg-core";

/** The virtual office, one row per user with a live activity. */
export const corporateHealthCheck = pgView("corporate_health_check", {
  userId: uuid("user_id").notNull(),
  departmentsActive: bigint("departments_active", { mode: "number" }).notNull(),
  statusTypesUsed: bigint("status_types_used", { mode: "number" }).notNull(),
  totalActivities: bigint("total_activities", { mode: "number" }).notNull(),
  completedActivities: bigint("completed_activities", { mode: "number" }).notNull(),
  /** Approval required and not given. */
  pendingApprovals: bigint("pending_approvals", { mode: "number" }).notNull(),
  lastActivity: timestamp("last_activity", { withTimezone: true }).notNull(),
}).existing();

export const corporateHealthCheckQuery = `SELECT user_id,
	count(DISTINCT department) AS departments_active,
	count(DISTINCT status) AS status_types_used,
	count(*) AS total_activities,
	count(*) FILTER (WHERE status = 'completed') AS completed_activities,
	count(*) FILTER (WHERE requires_approval AND approved_at IS NULL) AS pending_approvals,
	max(created_at) AS last_activity
FROM "public"."corporate_activities"
WHERE deleted_at IS NULL
GROUP BY user_id`;
