import { bigint, numeric, pgView, uuid, varchar } from "drizzle-orm/pg-core";
import { leadStages } from "../schema/index.ts";

/** Legacy: leads in open stages, one row per user and stage. */
export const salesPipelineSummary = pgView("sales_pipeline_summary", {
  userId: uuid("user_id").notNull(),
  stage: varchar("stage", { length: 20, enum: leadStages }).notNull(),
  leadCount: bigint("lead_count", { mode: "number" }).notNull(),
  totalValue: numeric("total_value").notNull(),
  /** Mean, in percent. */
  avgProbability: numeric("avg_probability").notNull(),
}).existing();

export const salesPipelineSummaryQuery = `SELECT user_id, stage, count(*) AS lead_count, sum(value) AS total_value, avg(probability) AS avg_probability
FROM "public"."sales_leads"
WHERE stage NOT IN ('closed_won', 'closed_lost') AND deleted_at IS NULL
GROUP BY user_id, stage`;
