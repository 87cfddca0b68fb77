CREATE TABLE "automation_permissions_audit" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_by" varchar(255) NOT NULL,
	"change_type" varchar(50) NOT NULL,
	"previous_value" text,
	"new_value" text,
	CONSTRAINT "automation_permissions_audit_change_type_check" CHECK ("automation_permissions_audit"."change_type" in ('enabled', 'disabled', 'whitelist_added', 'whitelist_removed', 'blacklist_added', 'blacklist_removed', 'created', 'deleted', 'setting_changed'))
);
--> statement-breakpoint
ALTER TABLE "automation_permissions_audit" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "corporate_activities" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "marketing_posts" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "operational_tasks" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sales_leads" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sent_atas" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sent_atas" ADD COLUMN "updated_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "user_files" ADD COLUMN "deleted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "automation_permissions_audit" ADD CONSTRAINT "automation_permissions_audit_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_automation_permissions_audit_user_id" ON "automation_permissions_audit" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_automation_permissions_audit_changed_at" ON "automation_permissions_audit" USING btree ("changed_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_realtime" ON "corporate_activities" USING btree ("user_id","created_at" DESC NULLS FIRST,"status") WHERE "corporate_activities"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_approval" ON "corporate_activities" USING btree ("user_id","status") WHERE "corporate_activities"."requires_approval" and "corporate_activities"."approved_at" is null and "corporate_activities"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_approved_by" ON "corporate_activities" USING btree ("approved_by");--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_calendar" ON "marketing_posts" USING btree ("user_id","scheduled_date" DESC NULLS FIRST) WHERE "marketing_posts"."status" <> 'rejected' and "marketing_posts"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_by_platform" ON "marketing_posts" USING btree ("user_id","platform","status") WHERE "marketing_posts"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_deleted_at" ON "operational_tasks" USING btree ("deleted_at") WHERE "operational_tasks"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_kanban" ON "operational_tasks" USING btree ("user_id","status","position" DESC NULLS FIRST) WHERE "operational_tasks"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_due_dates" ON "operational_tasks" USING btree ("user_id","due_date") WHERE "operational_tasks"."status" <> 'done' and "operational_tasks"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_sales_leads_deleted_at" ON "sales_leads" USING btree ("deleted_at") WHERE "sales_leads"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "idx_sales_leads_analysis" ON "sales_leads" USING btree ("user_id","stage","probability" DESC NULLS FIRST) WHERE "sales_leads"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_sales_leads_value_analysis" ON "sales_leads" USING btree ("user_id","value" DESC NULLS FIRST) WHERE "sales_leads"."stage" not in ('closed_won', 'closed_lost') and "sales_leads"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "unique_default_template" ON "custom_templates" USING btree ("user_id","type") WHERE "custom_templates"."is_default";--> statement-breakpoint
CREATE INDEX "idx_sent_atas_deleted_at" ON "sent_atas" USING btree ("deleted_at") WHERE "sent_atas"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "idx_sent_atas_user_type_sent" ON "sent_atas" USING btree ("user_id","type","sent_at" DESC NULLS FIRST) WHERE "sent_atas"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_user_files_deleted_at" ON "user_files" USING btree ("deleted_at") WHERE "user_files"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "idx_accounts_user_type" ON "accounts" USING btree ("user_id","type") WHERE "accounts"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_categories_user_order" ON "categories" USING btree ("user_id","order_index") WHERE "categories"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "unique_user_category_name" ON "categories" USING btree ("user_id",lower("name")) WHERE "categories"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_goals_user_deadline" ON "goals" USING btree ("user_id","deadline") WHERE "goals"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_investments_account_id" ON "investments" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "idx_transactions_user_date_paid" ON "transactions" USING btree ("user_id","date" DESC NULLS FIRST,"paid") WHERE "transactions"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "idx_partnership_clients_closed" ON "partnership_clients" USING btree ("user_id","closed_at") WHERE "partnership_clients"."status" = 'paid' and "partnership_clients"."closed_at" is not null;