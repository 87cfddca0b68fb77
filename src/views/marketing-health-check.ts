import { bigint, pgView, uuid } from "drizzle-orm/pg-core";

/** The marketing calendar in figures, one row per user with a live post. */
export const marketingHealthCheck = pgView("marketing_health_check", {
  userId: uuid("user_id").notNull(),
  totalPosts: bigint("total_posts", { mode: "number" }).notNull(),
  draftCount: bigint("draft_count", { mode: "number" }).notNull(),
  pendingApprovalCount: bigint("pending_approval_count", { mode: "number" }).notNull(),
  postedCount: bigint("posted_count", { mode: "number" }).notNull(),
  rejectedCount: bigint("rejected_count", { mode: "number" }).notNull(),
  platformsUsed: bigint("platforms_used", { mode: "number" }).notNull(),
  /** Scheduled on or after the business date, neither posted nor rejected. */
  upcomingPosts: bigint("upcoming_posts", { mode: "number" }).notNull(),
}).existing();

export const marketingHealthCheckQuery = `WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
SELECT p.user_id,
	count(*) AS total_posts,
	count(*) FILTER (WHERE p.status = 'draft') AS draft_count,
	count(*) FILTER (WHERE p.status = 'pending') AS pending_approval_count,
	count(*) FILTER (WHERE p.status = 'posted') AS posted_count,
	count(*) FILTER (WHERE p.status = 'rejected') AS rejected_count,
	count(DISTINCT p.platform) AS platforms_used,
	count(*) FILTER (WHERE p.scheduled_date >= b.today AND p.status NOT IN ('posted', 'rejected')) AS upcoming_posts
FROM "public"."marketing_posts" p
CROSS JOIN business b
WHERE p.deleted_at IS NULL
GROUP BY p.user_id`;
