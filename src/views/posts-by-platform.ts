import { bigint, pgView, uuid, varchar } from "drizzle-orm/pg-core";
import { platforms } from "../schema/index.ts";

/** Legacy: live posts, one row per user and platform. */
export const postsByPlatform = pgView("posts_by_platform", {
  userId: uuid("user_id").notNull(),
  platform: varchar("platform", { length: 20, enum: platforms }).notNull(),
  totalPosts: bigint("total_posts", { mode: "number" }).notNull(),
  postedCount: bigint("posted_count", { mode: "number" }).notNull(),
  pendingCount: bigint("pending_count", { mode: "number" }).notNull(),
}).existing();

export const postsByPlatformQuery = `SELECT user_id, platform, count(*) AS total_posts,
	count(*) FILTER (WHERE status = 'posted') AS posted_count,
	count(*) FILTER (WHERE status = 'pending') AS pending_count
FROM "public"."marketing_posts"
WHERE deleted_at IS NULL
GROUP BY user_id, platform`;
