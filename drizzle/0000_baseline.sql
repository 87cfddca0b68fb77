CREATE TABLE "automation_logs" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"action_type" varchar(50) NOT NULL,
	"target_url" varchar(2000),
	"selector" varchar(500),
	"value" text,
	"status" varchar(20) NOT NULL,
	"error_message" text,
	"screenshot_path" varchar(500),
	"duration_ms" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "automation_logs_action_type_check" CHECK ("automation_logs"."action_type" in ('screenshot', 'navigate', 'click', 'fill', 'select', 'scroll')),
	CONSTRAINT "automation_logs_status_check" CHECK ("automation_logs"."status" in ('pending', 'running', 'success', 'error'))
);
--> statement-breakpoint
ALTER TABLE "automation_logs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "automation_permissions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"enabled" boolean DEFAULT false,
	"require_confirmation" boolean DEFAULT true,
	"allowed_domains" text[] DEFAULT '{}',
	"blocked_domains" text[] DEFAULT array['*.bank.*', '*.gov.*', 'login.*'],
	"max_actions_per_hour" integer DEFAULT 100,
	"allow_navigation" boolean DEFAULT true,
	"allow_clicks" boolean DEFAULT false,
	"allow_typing" boolean DEFAULT false,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "automation_permissions_user_id_key" UNIQUE("user_id")
);
--> statement-breakpoint
ALTER TABLE "automation_permissions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "corporate_activities" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"department" varchar(20) NOT NULL,
	"agent_name" varchar(100) NOT NULL,
	"description" text NOT NULL,
	"status" varchar(20) DEFAULT 'running' NOT NULL,
	"requires_approval" boolean DEFAULT false,
	"approved_at" timestamp with time zone,
	"approved_by" uuid,
	"metadata" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "corporate_activities_department_check" CHECK ("corporate_activities"."department" in ('financeiro', 'marketing', 'operacional', 'comercial')),
	CONSTRAINT "corporate_activities_status_check" CHECK ("corporate_activities"."status" in ('running', 'idle', 'waiting', 'completed', 'error'))
);
--> statement-breakpoint
ALTER TABLE "corporate_activities" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "marketing_posts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"title" varchar(255) NOT NULL,
	"description" text,
	"platform" varchar(20) NOT NULL,
	"status" varchar(20) DEFAULT 'draft' NOT NULL,
	"scheduled_date" date,
	"posted_date" timestamp with time zone,
	"image_url" varchar(500),
	"metrics" jsonb DEFAULT '{}'::jsonb,
	"rejection_reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "marketing_posts_platform_check" CHECK ("marketing_posts"."platform" in ('instagram', 'linkedin', 'tiktok', 'youtube', 'twitter', 'facebook', 'other')),
	CONSTRAINT "marketing_posts_status_check" CHECK ("marketing_posts"."status" in ('draft', 'pending', 'approved', 'posted', 'rejected'))
);
--> statement-breakpoint
ALTER TABLE "marketing_posts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "operational_tasks" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"title" varchar(255) NOT NULL,
	"description" text,
	"status" varchar(20) DEFAULT 'todo' NOT NULL,
	"priority" varchar(10) DEFAULT 'medium' NOT NULL,
	"assignee" varchar(100),
	"due_date" date,
	"completed_at" timestamp with time zone,
	"position" integer DEFAULT 0 NOT NULL,
	"tags" text[] DEFAULT '{}',
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operational_tasks_priority_check" CHECK ("operational_tasks"."priority" in ('low', 'medium', 'high')),
	CONSTRAINT "operational_tasks_status_check" CHECK ("operational_tasks"."status" in ('todo', 'in_progress', 'done'))
);
--> statement-breakpoint
ALTER TABLE "operational_tasks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sales_goals" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"month" date NOT NULL,
	"target_value" numeric(18, 2) NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sales_goals_user_id_month_key" UNIQUE("user_id","month"),
	CONSTRAINT "sales_goals_target_value_check" CHECK ("sales_goals"."target_value" >= 0)
);
--> statement-breakpoint
ALTER TABLE "sales_goals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sales_leads" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"company" varchar(255),
	"email" varchar(255),
	"phone" varchar(50),
	"stage" varchar(20) DEFAULT 'prospecting' NOT NULL,
	"value" numeric(18, 2) DEFAULT 0 NOT NULL,
	"probability" integer DEFAULT 0 NOT NULL,
	"source" varchar(100),
	"notes" text,
	"next_action" text,
	"next_action_date" date,
	"position" integer DEFAULT 0 NOT NULL,
	"lost_reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp with time zone,
	CONSTRAINT "sales_leads_probability_check" CHECK ("sales_leads"."probability" >= 0 and "sales_leads"."probability" <= 100),
	CONSTRAINT "sales_leads_stage_check" CHECK ("sales_leads"."stage" in ('prospecting', 'qualification', 'proposal', 'negotiation', 'closed_won', 'closed_lost')),
	CONSTRAINT "sales_leads_value_check" CHECK ("sales_leads"."value" >= 0)
);
--> statement-breakpoint
ALTER TABLE "sales_leads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "custom_templates" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"type" varchar(20) NOT NULL,
	"name" varchar(100) DEFAULT 'Meu Template' NOT NULL,
	"content" text NOT NULL,
	"is_default" boolean DEFAULT false,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "custom_templates_type_check" CHECK ("custom_templates"."type" in ('reuniao', 'investimentos'))
);
--> statement-breakpoint
ALTER TABLE "custom_templates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sent_atas" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"client_id" uuid,
	"client_name" varchar(255) NOT NULL,
	"type" varchar(20) NOT NULL,
	"channel" varchar(20) NOT NULL,
	"content" text NOT NULL,
	"recipient" varchar(255) NOT NULL,
	"subject" varchar(255),
	"sent_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sent_atas_channel_check" CHECK ("sent_atas"."channel" in ('email', 'whatsapp')),
	CONSTRAINT "sent_atas_type_check" CHECK ("sent_atas"."type" in ('reuniao', 'investimentos'))
);
--> statement-breakpoint
ALTER TABLE "sent_atas" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "user_files" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"category" varchar(50) NOT NULL,
	"storage_path" varchar(500) NOT NULL,
	"size_bytes" integer NOT NULL,
	"mime_type" varchar(100) NOT NULL,
	"is_favorite" boolean DEFAULT false,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_files_category_check" CHECK ("user_files"."category" in ('investimentos', 'planejamento', 'educacional', 'outros', 'screenshots')),
	CONSTRAINT "user_files_size_bytes_check" CHECK ("user_files"."size_bytes" > 0 and "user_files"."size_bytes" <= 10485760)
);
--> statement-breakpoint
ALTER TABLE "user_files" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"type" varchar(50) NOT NULL,
	"balance" numeric(19, 2) DEFAULT 0 NOT NULL,
	"currency" varchar(3) DEFAULT 'BRL',
	"color" varchar(7),
	"icon" varchar(100),
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp,
	CONSTRAINT "accounts_type_check" CHECK ("accounts"."type" in ('checking', 'savings', 'credit', 'investment', 'other')),
	CONSTRAINT "check_balance" CHECK ("accounts"."balance" >= 0)
);
--> statement-breakpoint
ALTER TABLE "accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "categories" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"icon" varchar(100),
	"type" varchar(50),
	"color" varchar(7),
	"order_index" integer DEFAULT 0,
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp,
	CONSTRAINT "categories_type_check" CHECK ("categories"."type" in ('income', 'expense', 'mixed'))
);
--> statement-breakpoint
ALTER TABLE "categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "category_budgets" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"category_id" uuid NOT NULL,
	"monthly_limit" numeric(19, 2) NOT NULL,
	"alert_threshold" numeric(3, 2) DEFAULT 0.8,
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp
);
--> statement-breakpoint
ALTER TABLE "category_budgets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "goals" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"description" text,
	"target_amount" numeric(19, 2) NOT NULL,
	"current_amount" numeric(19, 2) DEFAULT 0,
	"deadline" date,
	"category" varchar(100),
	"priority" varchar(50),
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp,
	CONSTRAINT "check_current" CHECK ("goals"."current_amount" >= 0),
	CONSTRAINT "check_target" CHECK ("goals"."target_amount" > 0)
);
--> statement-breakpoint
ALTER TABLE "goals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "investments" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"account_id" uuid,
	"symbol" varchar(20) NOT NULL,
	"name" varchar(255) NOT NULL,
	"type" varchar(100),
	"quantity" numeric(19, 8) NOT NULL,
	"average_price" numeric(19, 8) NOT NULL,
	"current_price" numeric(19, 8),
	"total_value" numeric(19, 2),
	"currency" varchar(3) DEFAULT 'BRL',
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp
);
--> statement-breakpoint
ALTER TABLE "investments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "patrimony_items" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"description" text,
	"type" varchar(100),
	"value" numeric(19, 2) NOT NULL,
	"acquisition_date" date,
	"acquisition_value" numeric(19, 2),
	"currency" varchar(3) DEFAULT 'BRL',
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp
);
--> statement-breakpoint
ALTER TABLE "patrimony_items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "transaction_groups" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"type" varchar(50),
	"frequency" varchar(50),
	"created_at" timestamp DEFAULT now(),
	"deleted_at" timestamp,
	CONSTRAINT "transaction_groups_type_check" CHECK ("transaction_groups"."type" in ('recurring', 'installment', 'other'))
);
--> statement-breakpoint
ALTER TABLE "transaction_groups" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "transactions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"category_id" uuid NOT NULL,
	"description" varchar(500),
	"amount" numeric(19, 2) NOT NULL,
	"type" varchar(50) NOT NULL,
	"date" date NOT NULL,
	"paid" boolean DEFAULT false,
	"group_id" uuid,
	"group_index" integer,
	"spender" varchar(50),
	"notes" text,
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now(),
	"deleted_at" timestamp,
	CONSTRAINT "check_amount" CHECK ("transactions"."amount" > 0),
	CONSTRAINT "transactions_type_check" CHECK ("transactions"."type" in ('INCOME', 'EXPENSE'))
);
--> statement-breakpoint
ALTER TABLE "transactions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "partners_v2" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"email" varchar(255),
	"phone" varchar(50),
	"default_commission_rate" numeric(5, 2) DEFAULT 50.0 NOT NULL,
	"notes" text,
	"is_active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "partners_v2_default_commission_rate_check" CHECK ("partners_v2"."default_commission_rate" >= 0 and "partners_v2"."default_commission_rate" <= 100)
);
--> statement-breakpoint
ALTER TABLE "partners_v2" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "partnership_clients" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" uuid NOT NULL,
	"partner_id" uuid NOT NULL,
	"client_name" varchar(255) NOT NULL,
	"contract_value" numeric(18, 2) NOT NULL,
	"commission_rate" numeric(5, 2) DEFAULT 50.0 NOT NULL,
	"total_commission" numeric(18, 2) GENERATED ALWAYS AS (contract_value * commission_rate / 100) STORED,
	"my_share" numeric(18, 2) GENERATED ALWAYS AS (contract_value * commission_rate / 100 / 2) STORED,
	"partner_share" numeric(18, 2) GENERATED ALWAYS AS (contract_value * commission_rate / 100 / 2) STORED,
	"status" varchar(20) DEFAULT 'pending' NOT NULL,
	"closed_at" date,
	"paid_at" timestamp with time zone,
	"notes" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "partnership_clients_commission_rate_check" CHECK ("partnership_clients"."commission_rate" >= 0 and "partnership_clients"."commission_rate" <= 100),
	CONSTRAINT "partnership_clients_contract_value_check" CHECK ("partnership_clients"."contract_value" >= 0),
	CONSTRAINT "partnership_clients_status_check" CHECK ("partnership_clients"."status" in ('pending', 'paid', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "partnership_clients" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "automation_logs" ADD CONSTRAINT "automation_logs_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automation_permissions" ADD CONSTRAINT "automation_permissions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "corporate_activities" ADD CONSTRAINT "corporate_activities_approved_by_fkey" FOREIGN KEY ("approved_by") REFERENCES "auth"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "corporate_activities" ADD CONSTRAINT "corporate_activities_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "marketing_posts" ADD CONSTRAINT "marketing_posts_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "operational_tasks" ADD CONSTRAINT "operational_tasks_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sales_goals" ADD CONSTRAINT "sales_goals_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sales_leads" ADD CONSTRAINT "sales_leads_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "custom_templates" ADD CONSTRAINT "custom_templates_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sent_atas" ADD CONSTRAINT "sent_atas_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_files" ADD CONSTRAINT "user_files_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "fk_accounts_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "categories" ADD CONSTRAINT "fk_categories_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "category_budgets" ADD CONSTRAINT "fk_category_budgets_category" FOREIGN KEY ("category_id") REFERENCES "public"."categories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "category_budgets" ADD CONSTRAINT "fk_category_budgets_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "goals" ADD CONSTRAINT "fk_goals_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "investments" ADD CONSTRAINT "fk_investments_account" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "investments" ADD CONSTRAINT "fk_investments_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "patrimony_items" ADD CONSTRAINT "fk_patrimony_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transaction_groups" ADD CONSTRAINT "fk_transaction_groups_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "fk_transactions_account" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "fk_transactions_category" FOREIGN KEY ("category_id") REFERENCES "public"."categories"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "fk_transactions_group" FOREIGN KEY ("group_id") REFERENCES "public"."transaction_groups"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "fk_transactions_user" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partners_v2" ADD CONSTRAINT "partners_v2_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partnership_clients" ADD CONSTRAINT "partnership_clients_partner_id_fkey" FOREIGN KEY ("partner_id") REFERENCES "public"."partners_v2"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partnership_clients" ADD CONSTRAINT "partnership_clients_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "auth"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_automation_logs_action_type" ON "automation_logs" USING btree ("action_type");--> statement-breakpoint
CREATE INDEX "idx_automation_logs_created_at" ON "automation_logs" USING btree ("created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "idx_automation_logs_status" ON "automation_logs" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_automation_logs_user_id" ON "automation_logs" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_created_at" ON "corporate_activities" USING btree ("created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_department" ON "corporate_activities" USING btree ("department");--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_status" ON "corporate_activities" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_corporate_activities_user_id" ON "corporate_activities" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_platform" ON "marketing_posts" USING btree ("platform");--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_scheduled_date" ON "marketing_posts" USING btree ("scheduled_date");--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_status" ON "marketing_posts" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_marketing_posts_user_id" ON "marketing_posts" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_due_date" ON "operational_tasks" USING btree ("due_date");--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_priority" ON "operational_tasks" USING btree ("priority");--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_status" ON "operational_tasks" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_operational_tasks_user_id" ON "operational_tasks" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_sales_goals_month" ON "sales_goals" USING btree ("month");--> statement-breakpoint
CREATE INDEX "idx_sales_goals_user_id" ON "sales_goals" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_sales_leads_next_action_date" ON "sales_leads" USING btree ("next_action_date");--> statement-breakpoint
CREATE INDEX "idx_sales_leads_stage" ON "sales_leads" USING btree ("stage");--> statement-breakpoint
CREATE INDEX "idx_sales_leads_user_id" ON "sales_leads" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_sales_leads_value" ON "sales_leads" USING btree ("value" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "idx_custom_templates_type" ON "custom_templates" USING btree ("type");--> statement-breakpoint
CREATE INDEX "idx_custom_templates_user_id" ON "custom_templates" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_sent_atas_client_id" ON "sent_atas" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "idx_sent_atas_sent_at" ON "sent_atas" USING btree ("sent_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "idx_sent_atas_type" ON "sent_atas" USING btree ("type");--> statement-breakpoint
CREATE INDEX "idx_sent_atas_user_id" ON "sent_atas" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_user_files_category" ON "user_files" USING btree ("category");--> statement-breakpoint
CREATE INDEX "idx_user_files_is_favorite" ON "user_files" USING btree ("is_favorite");--> statement-breakpoint
CREATE INDEX "idx_user_files_user_id" ON "user_files" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_accounts_deleted_at" ON "accounts" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "idx_accounts_user_id" ON "accounts" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_categories_deleted_at" ON "categories" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "idx_categories_type" ON "categories" USING btree ("type");--> statement-breakpoint
CREATE INDEX "idx_categories_user_id" ON "categories" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_category_budgets_category_id" ON "category_budgets" USING btree ("category_id");--> statement-breakpoint
CREATE INDEX "idx_category_budgets_user_id" ON "category_budgets" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_goals_deadline" ON "goals" USING btree ("deadline");--> statement-breakpoint
CREATE INDEX "idx_goals_user_id" ON "goals" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_investments_symbol" ON "investments" USING btree ("symbol");--> statement-breakpoint
CREATE INDEX "idx_investments_user_id" ON "investments" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_patrimony_user_id" ON "patrimony_items" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_transaction_groups_user_id" ON "transaction_groups" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_transactions_account_id" ON "transactions" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "idx_transactions_category_id" ON "transactions" USING btree ("category_id");--> statement-breakpoint
CREATE INDEX "idx_transactions_composite" ON "transactions" USING btree ("user_id","date" DESC NULLS FIRST,"deleted_at");--> statement-breakpoint
CREATE INDEX "idx_transactions_date" ON "transactions" USING btree ("date" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "idx_transactions_deleted_at" ON "transactions" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "idx_transactions_group_id" ON "transactions" USING btree ("group_id");--> statement-breakpoint
CREATE INDEX "idx_transactions_paid" ON "transactions" USING btree ("paid");--> statement-breakpoint
CREATE INDEX "idx_transactions_user_id" ON "transactions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_partners_v2_is_active" ON "partners_v2" USING btree ("is_active");--> statement-breakpoint
CREATE INDEX "idx_partners_v2_user_id" ON "partners_v2" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_partnership_clients_closed_at" ON "partnership_clients" USING btree ("closed_at");--> statement-breakpoint
CREATE INDEX "idx_partnership_clients_partner_id" ON "partnership_clients" USING btree ("partner_id");--> statement-breakpoint
CREATE INDEX "idx_partnership_clients_status" ON "partnership_clients" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_partnership_clients_user_id" ON "partnership_clients" USING btree ("user_id");