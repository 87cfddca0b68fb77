-- What drizzle-kit does not describe: the function, comments, triggers, policies and legacy views of production
-- as of 2026-02-14, defects included; the migrations after this one correct them.
CREATE FUNCTION "public"."update_updated_at_column"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.updated_at = now();
	RETURN NEW;
END;
$$;
--> statement-breakpoint
COMMENT ON TABLE "public"."automation_logs" IS 'SPFP 2026 EPIC-003 - Log de ações de automação MCP';--> statement-breakpoint
COMMENT ON TABLE "public"."automation_permissions" IS 'SPFP 2026 EPIC-003 - Permissões de automação por usuário';--> statement-breakpoint
COMMENT ON TABLE "public"."corporate_activities" IS 'SPFP 2026 EPIC-002 - Feed de atividades do escritório virtual';--> statement-breakpoint
COMMENT ON TABLE "public"."custom_templates" IS 'SPFP 2026 EPIC-001 - Templates customizados de atas';--> statement-breakpoint
COMMENT ON TABLE "public"."marketing_posts" IS 'SPFP 2026 EPIC-002 - Posts de marketing (calendário)';--> statement-breakpoint
COMMENT ON TABLE "public"."operational_tasks" IS 'SPFP 2026 EPIC-002 - Tarefas operacionais (Kanban)';--> statement-breakpoint
COMMENT ON TABLE "public"."partners_v2" IS 'SPFP Evolution v2.0 - Business partners for commission sharing';--> statement-breakpoint
COMMENT ON TABLE "public"."partnership_clients" IS 'SPFP Evolution v2.0 - Clients acquired through partnerships with 50/50 split';--> statement-breakpoint
COMMENT ON TABLE "public"."sales_goals" IS 'SPFP 2026 EPIC-002 - Metas comerciais mensais';--> statement-breakpoint
COMMENT ON TABLE "public"."sales_leads" IS 'SPFP 2026 EPIC-002 - Leads comerciais (Pipeline de vendas)';--> statement-breakpoint
COMMENT ON TABLE "public"."sent_atas" IS 'SPFP 2026 EPIC-001 - Histórico de atas enviadas por email/whatsapp';--> statement-breakpoint
COMMENT ON TABLE "public"."user_files" IS 'SPFP 2026 EPIC-001 - Metadata de arquivos no Supabase Storage';--> statement-breakpoint
CREATE TRIGGER "update_automation_permissions_updated_at" BEFORE UPDATE ON "public"."automation_permissions" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE TRIGGER "update_custom_templates_updated_at" BEFORE UPDATE ON "public"."custom_templates" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE TRIGGER "update_marketing_posts_updated_at" BEFORE UPDATE ON "public"."marketing_posts" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE TRIGGER "update_operational_tasks_updated_at" BEFORE UPDATE ON "public"."operational_tasks" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE TRIGGER "update_partners_v2_updated_at" BEFORE UPDATE ON "public"."partners_v2" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE TRIGGER "update_partnership_clients_updated_at" BEFORE UPDATE ON "public"."partnership_clients" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE TRIGGER "update_sales_leads_updated_at" BEFORE UPDATE ON "public"."sales_leads" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
CREATE POLICY "accounts_delete" ON "public"."accounts" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "accounts_insert" ON "public"."accounts" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "accounts_select" ON "public"."accounts" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "accounts_update" ON "public"."accounts" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can create their own automation logs" ON "public"."automation_logs" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can view their own automation logs" ON "public"."automation_logs" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own permissions" ON "public"."automation_permissions" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "categories_delete" ON "public"."categories" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "categories_insert" ON "public"."categories" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "categories_select" ON "public"."categories" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "categories_update" ON "public"."categories" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "budgets_delete" ON "public"."category_budgets" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "budgets_insert" ON "public"."category_budgets" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "budgets_select" ON "public"."category_budgets" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "budgets_update" ON "public"."category_budgets" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own activities" ON "public"."corporate_activities" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own templates" ON "public"."custom_templates" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "goals_delete" ON "public"."goals" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "goals_insert" ON "public"."goals" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "goals_select" ON "public"."goals" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "goals_update" ON "public"."goals" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "investments_delete" ON "public"."investments" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "investments_insert" ON "public"."investments" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "investments_select" ON "public"."investments" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "investments_update" ON "public"."investments" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own posts" ON "public"."marketing_posts" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own tasks" ON "public"."operational_tasks" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can create their own partners" ON "public"."partners_v2" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can delete their own partners" ON "public"."partners_v2" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can update their own partners" ON "public"."partners_v2" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can view their own partners" ON "public"."partners_v2" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can create their own partnership clients" ON "public"."partnership_clients" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can delete their own partnership clients" ON "public"."partnership_clients" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can update their own partnership clients" ON "public"."partnership_clients" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can view their own partnership clients" ON "public"."partnership_clients" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "patrimony_delete" ON "public"."patrimony_items" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "patrimony_insert" ON "public"."patrimony_items" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "patrimony_select" ON "public"."patrimony_items" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "patrimony_update" ON "public"."patrimony_items" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own goals" ON "public"."sales_goals" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own leads" ON "public"."sales_leads" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can create their own atas" ON "public"."sent_atas" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can delete their own atas" ON "public"."sent_atas" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can view their own atas" ON "public"."sent_atas" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "transactions_delete" ON "public"."transactions" FOR DELETE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "transactions_insert" ON "public"."transactions" FOR INSERT WITH CHECK (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "transactions_select" ON "public"."transactions" FOR SELECT USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "transactions_update" ON "public"."transactions" FOR UPDATE USING (auth.uid() = user_id);--> statement-breakpoint
CREATE POLICY "Users can manage their own files" ON "public"."user_files" FOR ALL USING (auth.uid() = user_id);--> statement-breakpoint
CREATE VIEW "public"."sales_pipeline_summary" AS
SELECT user_id, stage, count(*) AS lead_count, sum(value) AS total_value, avg(probability) AS avg_probability
FROM "public"."sales_leads"
WHERE stage NOT IN ('closed_won', 'closed_lost')
GROUP BY user_id, stage;
--> statement-breakpoint
CREATE VIEW "public"."tasks_summary" AS
SELECT user_id, status, count(*) AS task_count,
	count(*) FILTER (WHERE priority = 'high') AS high_priority_count,
	count(*) FILTER (WHERE due_date < CURRENT_DATE AND status <> 'done') AS overdue_count
FROM "public"."operational_tasks"
GROUP BY user_id, status;
--> statement-breakpoint
CREATE VIEW "public"."posts_by_platform" AS
SELECT user_id, platform, count(*) AS total_posts,
	count(*) FILTER (WHERE status = 'posted') AS posted_count,
	count(*) FILTER (WHERE status = 'pending') AS pending_count
FROM "public"."marketing_posts"
GROUP BY user_id, platform;
--> statement-breakpoint
CREATE VIEW "public"."partnership_summary_by_partner" AS
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
CREATE VIEW "public"."partnership_monthly_revenue" AS
SELECT user_id, date_trunc('month', closed_at) AS month, count(*) AS clients_count,
	sum(contract_value) AS total_contract_value, sum(total_commission) AS total_commission,
	sum(my_share) AS total_my_share, sum(partner_share) AS total_partner_share
FROM "public"."partnership_clients"
WHERE closed_at IS NOT NULL
GROUP BY user_id, date_trunc('month', closed_at)
ORDER BY date_trunc('month', closed_at) DESC;
