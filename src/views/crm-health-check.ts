import { bigint, pgView, timestamp, uuid } from "drizzle-orm/pg-core";

/** Minutes of meetings sent to clients, one row per user with a live one. */
export const crmHealthCheck = pgView("crm_health_check", {
  userId: uuid("user_id").notNull(),
  uniqueClients: bigint("unique_clients", { mode: "number" }).notNull(),
  ataTypesUsed: bigint("ata_types_used", { mode: "number" }).notNull(),
  totalAtasSent: bigint("total_atas_sent", { mode: "number" }).notNull(),
  lastAtaSent: timestamp("last_ata_sent", { withTimezone: true }).notNull(),
  /** Sent on the business date or one of the 29 days before it. */
  atasLast30Days: bigint("atas_last_30_days", { mode: "number" }).notNull(),
}).existing();

// A day begins at midnight in the business time zone, wherever the server and the session are.
export const crmHealthCheckQuery = `WITH business AS MATERIALIZED (
	SELECT "public"."business_date"() AS today,
		coalesce(nullif(current_setting('spfp.time_zone', true), ''), 'America/Sao_Paulo') AS zone
), span AS MATERIALIZED (
	SELECT (today - 29)::timestamp AT TIME ZONE zone AS since, (today + 1)::timestamp AT TIME ZONE zone AS until
	FROM business
)
SELECT a.user_id,
	count(DISTINCT a.client_id) AS unique_clients,
	count(DISTINCT a.type) AS ata_types_used,
	count(*) AS total_atas_sent,
	max(a.sent_at) AS last_ata_sent,
	count(*) FILTER (WHERE a.sent_at >= span.since AND a.sent_at < span.until) AS atas_last_30_days
FROM "public"."sent_atas" a
CROSS JOIN span
WHERE a.deleted_at IS NULL
GROUP BY a.user_id`;
