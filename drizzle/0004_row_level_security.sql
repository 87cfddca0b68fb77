-- For signed-in users only, the caller computed once per statement, one policy per command. A new policy comes before
-- the one it replaces goes, so that no moment is without. SELECT does not filter deleted_at: PostgreSQL checks an
-- updated row against the SELECT policy too, and a user's own soft delete would fail with 42501.
ALTER POLICY "accounts_delete" ON "public"."accounts" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "accounts_insert" ON "public"."accounts" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "accounts_select" ON "public"."accounts" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "accounts_update" ON "public"."accounts" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can create their own automation logs" ON "public"."automation_logs" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can view their own automation logs" ON "public"."automation_logs" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "automation_permissions_select" ON "public"."automation_permissions" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "automation_permissions_insert" ON "public"."automation_permissions" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "automation_permissions_update" ON "public"."automation_permissions" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "automation_permissions_delete" ON "public"."automation_permissions" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own permissions" ON "public"."automation_permissions";--> statement-breakpoint
ALTER POLICY "categories_delete" ON "public"."categories" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "categories_insert" ON "public"."categories" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "categories_select" ON "public"."categories" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "categories_update" ON "public"."categories" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "budgets_delete" ON "public"."category_budgets" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "budgets_insert" ON "public"."category_budgets" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "budgets_select" ON "public"."category_budgets" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "budgets_update" ON "public"."category_budgets" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "corporate_activities_select" ON "public"."corporate_activities" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "corporate_activities_insert" ON "public"."corporate_activities" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "corporate_activities_update" ON "public"."corporate_activities" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "corporate_activities_delete" ON "public"."corporate_activities" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own activities" ON "public"."corporate_activities";--> statement-breakpoint
CREATE POLICY "custom_templates_select" ON "public"."custom_templates" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "custom_templates_insert" ON "public"."custom_templates" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "custom_templates_update" ON "public"."custom_templates" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "custom_templates_delete" ON "public"."custom_templates" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own templates" ON "public"."custom_templates";--> statement-breakpoint
ALTER POLICY "goals_delete" ON "public"."goals" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "goals_insert" ON "public"."goals" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "goals_select" ON "public"."goals" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "goals_update" ON "public"."goals" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "investments_delete" ON "public"."investments" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "investments_insert" ON "public"."investments" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "investments_select" ON "public"."investments" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "investments_update" ON "public"."investments" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "marketing_posts_select" ON "public"."marketing_posts" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "marketing_posts_insert" ON "public"."marketing_posts" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "marketing_posts_update" ON "public"."marketing_posts" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "marketing_posts_delete" ON "public"."marketing_posts" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own posts" ON "public"."marketing_posts";--> statement-breakpoint
CREATE POLICY "operational_tasks_select" ON "public"."operational_tasks" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "operational_tasks_insert" ON "public"."operational_tasks" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "operational_tasks_update" ON "public"."operational_tasks" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "operational_tasks_delete" ON "public"."operational_tasks" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own tasks" ON "public"."operational_tasks";--> statement-breakpoint
ALTER POLICY "Users can create their own partners" ON "public"."partners_v2" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can delete their own partners" ON "public"."partners_v2" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can update their own partners" ON "public"."partners_v2" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can view their own partners" ON "public"."partners_v2" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can create their own partnership clients" ON "public"."partnership_clients" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can delete their own partnership clients" ON "public"."partnership_clients" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can update their own partnership clients" ON "public"."partnership_clients" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can view their own partnership clients" ON "public"."partnership_clients" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "patrimony_delete" ON "public"."patrimony_items" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "patrimony_insert" ON "public"."patrimony_items" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "patrimony_select" ON "public"."patrimony_items" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "patrimony_update" ON "public"."patrimony_items" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_goals_select" ON "public"."sales_goals" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_goals_insert" ON "public"."sales_goals" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_goals_update" ON "public"."sales_goals" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_goals_delete" ON "public"."sales_goals" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own goals" ON "public"."sales_goals";--> statement-breakpoint
CREATE POLICY "sales_leads_select" ON "public"."sales_leads" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_leads_insert" ON "public"."sales_leads" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_leads_update" ON "public"."sales_leads" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "sales_leads_delete" ON "public"."sales_leads" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own leads" ON "public"."sales_leads";--> statement-breakpoint
ALTER POLICY "Users can create their own atas" ON "public"."sent_atas" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can delete their own atas" ON "public"."sent_atas" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "Users can view their own atas" ON "public"."sent_atas" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "Users can update their own atas" ON "public"."sent_atas" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "transaction_groups_select" ON "public"."transaction_groups" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "transaction_groups_insert" ON "public"."transaction_groups" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "transaction_groups_update" ON "public"."transaction_groups" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "transaction_groups_delete" ON "public"."transaction_groups" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "transactions_delete" ON "public"."transactions" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "transactions_insert" ON "public"."transactions" TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "transactions_select" ON "public"."transactions" TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
ALTER POLICY "transactions_update" ON "public"."transactions" TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "user_files_select" ON "public"."user_files" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "user_files_insert" ON "public"."user_files" FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "user_files_update" ON "public"."user_files" FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);--> statement-breakpoint
CREATE POLICY "user_files_delete" ON "public"."user_files" FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
DROP POLICY "Users can manage their own files" ON "public"."user_files";--> statement-breakpoint
CREATE POLICY "Users can view their own permission audit" ON "public"."automation_permissions_audit" FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);--> statement-breakpoint
-- The old script's second foreign key would delete the record together with the permission.
ALTER TABLE "public"."automation_permissions_audit" DROP CONSTRAINT IF EXISTS "fk_audit_permissions";
--> statement-breakpoint
REVOKE ALL ON TABLE "public"."automation_permissions_audit" FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
GRANT SELECT ON TABLE "public"."automation_permissions_audit" TO authenticated, service_role;--> statement-breakpoint
-- TRUNCATE is not behind row-level security; TRIGGER and REFERENCES are for owners.
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE "public"."accounts", "public"."automation_logs", "public"."automation_permissions", "public"."categories", "public"."category_budgets", "public"."corporate_activities", "public"."custom_templates", "public"."goals", "public"."investments", "public"."marketing_posts", "public"."operational_tasks", "public"."partners_v2", "public"."partnership_clients", "public"."patrimony_items", "public"."sales_goals", "public"."sales_leads", "public"."sent_atas", "public"."transaction_groups", "public"."transactions", "public"."user_files" FROM anon, authenticated;
