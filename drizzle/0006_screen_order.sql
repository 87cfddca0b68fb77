DROP INDEX IF EXISTS "idx_marketing_posts_calendar";--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_calendar" ON "marketing_posts" USING btree ("user_id","scheduled_date" DESC NULLS FIRST,"id") WHERE "marketing_posts"."status" <> 'rejected' and "marketing_posts"."deleted_at" is null;--> statement-breakpoint
DROP INDEX IF EXISTS "idx_operational_tasks_kanban";--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_kanban" ON "operational_tasks" USING btree ("user_id","status","position" DESC NULLS FIRST,"id") WHERE "operational_tasks"."deleted_at" is null;--> statement-breakpoint
DROP INDEX IF EXISTS "idx_operational_tasks_due_dates";--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_due_dates" ON "operational_tasks" USING btree ("user_id","due_date","id") WHERE "operational_tasks"."status" <> 'done' and "operational_tasks"."deleted_at" is null;--> statement-breakpoint
DROP INDEX IF EXISTS "idx_sales_leads_analysis";--> statement-breakpoint
CREATE INDEX "idx_sales_leads_analysis" ON "sales_leads" USING btree ("user_id","stage","probability" DESC NULLS FIRST,"id","value") WHERE "sales_leads"."deleted_at" is null;
