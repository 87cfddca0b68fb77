import { bigint, numeric, pgView, timestamp, uuid } from "drizzle-orm/pg-core";

/** The sales pipeline in figures, one row per user with a live lead. Open: neither won nor lost. */
export const salesHealthCheck = pgView("sales_health_check", {
  userId: uuid("user_id").notNull(),
  totalLeads: bigint("total_leads", { mode: "number" }).notNull(),
  prospectingCount: bigint("prospecting_count", { mode: "number" }).notNull(),
  /** Qualification, proposal and negotiation. */
  activeCount: bigint("active_count", { mode: "number" }).notNull(),
  wonCount: bigint("won_count", { mode: "number" }).notNull(),
  lostCount: bigint("lost_count", { mode: "number" }).notNull(),
  /** Value of the open leads. */
  pipelineValue: numeric("pipeline_value").notNull(),
  /** Mean over the open leads, in percent; 0 where there is none. */
  avgProbability: numeric("avg_probability").notNull(),
  lastUpdate: timestamp("last_update", { withTimezone: true }).notNull(),
  wonValue: numeric("won_value").notNull(),
  /** Value × probability over the open leads: what the pipeline is expected to bring. */
  weightedPipelineValue: numeric("weighted_pipeline_value").notNull(),
}).existing();

// × 0.01 and not / 100: numeric multiplication is exact, division rounds.
export const salesHealthCheckQuery = `SELECT user_id,
	count(*) AS total_leads,
	count(*) FILTER (WHERE stage = 'prospecting') AS prospecting_count,
	count(*) FILTER (WHERE stage IN ('qualification', 'proposal', 'negotiation')) AS active_count,
	count(*) FILTER (WHERE stage = 'closed_won') AS won_count,
	count(*) FILTER (WHERE stage = 'closed_lost') AS lost_count,
	coalesce(sum(value) FILTER (WHERE stage NOT IN ('closed_won', 'closed_lost')), 0) AS pipeline_value,
	coalesce(avg(probability) FILTER (WHERE stage NOT IN ('closed_won', 'closed_lost')), 0) AS avg_probability,
	max(updated_at) AS last_update,
	coalesce(sum(value) FILTER (WHERE stage = 'closed_won'), 0) AS won_value,
	coalesce(sum(value * probability * 0.01) FILTER (WHERE stage NOT IN ('closed_won', 'closed_lost')), 0)
		AS weighted_pipeline_value
FROM "public"."sales_leads"
WHERE deleted_at IS NULL
GROUP BY user_id`;
