-- The text of each view stands in src/views; a test holds the two together.
CREATE OR REPLACE VIEW "public"."dashboard_metrics" WITH (security_invoker = true) AS
WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
SELECT t.user_id,
	b.today AS metric_date,
	count(*) FILTER (WHERE t.type = 'INCOME' AND t.date = b.today) AS today_income_count,
	count(*) FILTER (WHERE t.type = 'EXPENSE' AND t.date = b.today) AS today_expense_count,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME'), 0) AS total_income,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE'), 0) AS total_expense,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME' AND t.date = b.today), 0)
		- coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE' AND t.date = b.today), 0) AS net_today,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME' AND t.date = b.today), 0) AS today_income,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE' AND t.date = b.today), 0) AS today_expense,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME'), 0)
		- coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE'), 0) AS net_total
FROM "public"."transactions" t
CROSS JOIN business b
WHERE t.deleted_at IS NULL
GROUP BY t.user_id, b.today;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."crm_health_check" WITH (security_invoker = true) AS
WITH business AS MATERIALIZED (
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
GROUP BY a.user_id;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."corporate_health_check" WITH (security_invoker = true) AS
SELECT user_id,
	count(DISTINCT department) AS departments_active,
	count(DISTINCT status) AS status_types_used,
	count(*) AS total_activities,
	count(*) FILTER (WHERE status = 'completed') AS completed_activities,
	count(*) FILTER (WHERE requires_approval AND approved_at IS NULL) AS pending_approvals,
	max(created_at) AS last_activity
FROM "public"."corporate_activities"
WHERE deleted_at IS NULL
GROUP BY user_id;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."sales_health_check" WITH (security_invoker = true) AS
SELECT user_id,
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
GROUP BY user_id;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."operational_health_check" WITH (security_invoker = true) AS
WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
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
GROUP BY t.user_id;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."marketing_health_check" WITH (security_invoker = true) AS
WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
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
GROUP BY p.user_id;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."sales_pipeline_summary" WITH (security_invoker = true) AS
SELECT user_id, stage, count(*) AS lead_count, sum(value) AS total_value, avg(probability) AS avg_probability
FROM "public"."sales_leads"
WHERE stage NOT IN ('closed_won', 'closed_lost') AND deleted_at IS NULL
GROUP BY user_id, stage;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."tasks_summary" WITH (security_invoker = true) AS
WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
SELECT t.user_id, t.status, count(*) AS task_count,
	count(*) FILTER (WHERE t.priority = 'high') AS high_priority_count,
	count(*) FILTER (WHERE t.due_date < b.today AND t.status <> 'done') AS overdue_count
FROM "public"."operational_tasks" t
CROSS JOIN business b
WHERE t.deleted_at IS NULL
GROUP BY t.user_id, t.status;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."posts_by_platform" WITH (security_invoker = true) AS
SELECT user_id, platform, count(*) AS total_posts,
	count(*) FILTER (WHERE status = 'posted') AS posted_count,
	count(*) FILTER (WHERE status = 'pending') AS pending_count
FROM "public"."marketing_posts"
WHERE deleted_at IS NULL
GROUP BY user_id, platform;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."partnership_summary_by_partner" WITH (security_invoker = true) AS
SELECT p.user_id, p.id AS partner_id, p.name AS partner_name, count(c.id) AS total_clients,
	coalesce(sum(c.contract_value), 0) AS total_contract_value,
	coalesce(sum(c.total_commission), 0) AS total_commission,
	coalesce(sum(c.my_share), 0) AS total_my_share,
	coalesce(sum(c.partner_share), 0) AS total_partner_share,
	coalesce(sum(c.my_share) FILTER (WHERE c.status = 'pending'), 0) AS pending_my_share,
	coalesce(sum(c.my_share) FILTER (WHERE c.status = 'paid'), 0) AS paid_my_share
FROM "public"."partners_v2" p
LEFT JOIN "public"."partnership_clients" c ON c.partner_id = p.id
GROUP BY p.user_id, p.id, p.name;
--> statement-breakpoint
CREATE OR REPLACE VIEW "public"."partnership_monthly_revenue" WITH (security_invoker = true) AS
SELECT user_id, date_trunc('month', closed_at) AS month, count(*) AS clients_count,
	sum(contract_value) AS total_contract_value,
	coalesce(sum(total_commission), 0) AS total_commission,
	coalesce(sum(my_share), 0) AS total_my_share,
	coalesce(sum(partner_share), 0) AS total_partner_share
FROM "public"."partnership_clients"
WHERE closed_at IS NOT NULL
GROUP BY user_id, date_trunc('month', closed_at)
ORDER BY date_trunc('month', closed_at) DESC;
--> statement-breakpoint
REVOKE ALL ON TABLE "public"."dashboard_metrics", "public"."crm_health_check", "public"."corporate_health_check", "public"."sales_health_check", "public"."operational_health_check", "public"."marketing_health_check", "public"."sales_pipeline_summary", "public"."tasks_summary", "public"."posts_by_platform", "public"."partnership_summary_by_partner", "public"."partnership_monthly_revenue" FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
GRANT SELECT ON TABLE "public"."dashboard_metrics", "public"."crm_health_check", "public"."corporate_health_check", "public"."sales_health_check", "public"."operational_health_check", "public"."marketing_health_check", "public"."sales_pipeline_summary", "public"."tasks_summary", "public"."posts_by_platform", "public"."partnership_summary_by_partner", "public"."partnership_monthly_revenue" TO authenticated, service_role;
