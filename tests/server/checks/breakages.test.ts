import { describe, expect, it } from "vitest";
import { areas } from "../../../src/checks/index.ts";
import { check, type Found, found } from "../../support/check-report.ts";
import { createDatabase } from "../../support/database.ts";

/** Each: what was done to a deployed database, its SQL, and the one finding that it must lead to. */
type Breakage = readonly [what: string, sql: string, ...Found];

const redefined = (index: string, definition: string): string => `drop index ${index}; ${definition}`;

const columns: Breakage[] = [
  [
    "a column is dropped",
    "alter table goals drop column description",
    "columns.missing",
    "public.goals.description",
  ],
  [
    "a column is dropped that a constraint, an index and a view need",
    "alter table sales_leads drop column stage cascade",
    "columns.missing",
    "public.sales_leads.stage",
  ],
  [
    "a column is renamed that everything needs",
    "alter table sales_leads rename column stage to step",
    "columns.missing",
    "public.sales_leads.stage",
  ],
  [
    "a column is of another type",
    "alter table goals alter column description type varchar(10)",
    "columns.type",
    "public.goals.description",
  ],
  [
    "a column with a default and a check is of another type",
    "alter table accounts drop constraint accounts_type_check; alter table accounts alter column currency type text; alter table accounts add constraint accounts_type_check check (type in ('checking', 'savings', 'credit', 'investment', 'other'))",
    "columns.type",
    "public.accounts.currency",
  ],
  [
    "a column with a check and an index is of another type",
    "alter table accounts alter column type type text",
    "columns.type",
    "public.accounts.type",
  ],
  [
    "a column is nullable that must not be",
    "alter table goals alter column name drop not null",
    "columns.nullable",
    "public.goals.name",
  ],
  [
    "a column must not be null that may be",
    "alter table goals alter column created_at set not null",
    "columns.nullable",
    "public.goals.created_at",
  ],
  [
    "a default is gone",
    "alter table operational_tasks alter column status drop default",
    "columns.default",
    "public.operational_tasks.status",
  ],
  [
    "a default is another",
    "alter table operational_tasks alter column status set default 'done'",
    "columns.default",
    "public.operational_tasks.status",
  ],
  [
    "a column is no longer generated",
    "alter table partnership_clients alter column my_share drop expression",
    "columns.generated",
    "public.partnership_clients.my_share",
  ],
  ["a table is dropped", "drop table user_files", "columns.table-missing", "public.user_files"],
  [
    "a table is dropped with what depends on it",
    "drop table partners_v2 cascade",
    "columns.table-missing",
    "public.partners_v2",
  ],
  [
    "a table is renamed that others refer to",
    "alter table accounts rename to accounts_old",
    "columns.table-missing",
    "public.accounts",
  ],
  ["a table loses its log", "alter table user_files set unlogged", "columns.storage", "public.user_files"],
];

const constraints: Breakage[] = [
  [
    "a primary key is dropped",
    "alter table goals drop constraint goals_pkey",
    "constraints.missing",
    "public.goals.goals_pkey",
  ],
  [
    "a primary key is dropped that foreign keys refer to",
    "alter table accounts drop constraint accounts_pkey cascade",
    "constraints.missing",
    "public.accounts.accounts_pkey",
  ],
  [
    "a foreign key is dropped",
    "alter table transactions drop constraint fk_transactions_group",
    "constraints.missing",
    "public.transactions.fk_transactions_group",
  ],
  [
    "a foreign key cascades that did not",
    "alter table transactions drop constraint fk_transactions_account; alter table transactions add constraint fk_transactions_account foreign key (account_id) references accounts (id) on delete cascade",
    "constraints.definition",
    "public.transactions.fk_transactions_account",
  ],
  [
    "a foreign key was never validated",
    "alter table transactions drop constraint fk_transactions_account; alter table transactions add constraint fk_transactions_account foreign key (account_id) references accounts (id) on delete restrict not valid",
    "constraints.not-validated",
    "public.transactions.fk_transactions_account",
  ],
  [
    "a foreign key can be deferred",
    "alter table transactions alter constraint fk_transactions_category deferrable",
    "constraints.definition",
    "public.transactions.fk_transactions_category",
  ],
  [
    "a unique constraint is dropped",
    "alter table sales_goals drop constraint sales_goals_user_id_month_key",
    "constraints.missing",
    "public.sales_goals.sales_goals_user_id_month_key",
  ],
  [
    "a unique constraint is on other columns",
    "alter table sales_goals drop constraint sales_goals_user_id_month_key; alter table sales_goals add constraint sales_goals_user_id_month_key unique (user_id, month, target_value)",
    "constraints.definition",
    "public.sales_goals.sales_goals_user_id_month_key",
  ],
  [
    "a check is dropped",
    "alter table accounts drop constraint check_balance",
    "constraints.missing",
    "public.accounts.check_balance",
  ],
  [
    "a check allows more",
    "alter table accounts drop constraint check_balance; alter table accounts add constraint check_balance check (balance >= -1000)",
    "constraints.definition",
    "public.accounts.check_balance",
  ],
  [
    "a check was never validated",
    "alter table accounts drop constraint check_balance; alter table accounts add constraint check_balance check (balance >= 0) not valid",
    "constraints.not-validated",
    "public.accounts.check_balance",
  ],
  [
    "the rule against categories that differ in case is dropped",
    "drop index unique_user_category_name",
    "constraints.uniqueness-missing",
    "public.categories.unique_user_category_name",
  ],
  [
    "that rule heeds the case",
    redefined(
      "unique_user_category_name",
      "create unique index unique_user_category_name on categories (user_id, name) where deleted_at is null",
    ),
    "constraints.uniqueness",
    "public.categories.unique_user_category_name",
  ],
  [
    "that rule holds for deleted rows too",
    redefined(
      "unique_user_category_name",
      "create unique index unique_user_category_name on categories (user_id, lower(name))",
    ),
    "constraints.uniqueness",
    "public.categories.unique_user_category_name",
  ],
  [
    "that rule is an index that enforces nothing",
    redefined(
      "unique_user_category_name",
      "create index unique_user_category_name on categories (user_id, lower(name)) where deleted_at is null",
    ),
    "constraints.uniqueness",
    "public.categories.unique_user_category_name",
  ],
  [
    "the rule of one default template is dropped",
    "drop index unique_default_template",
    "constraints.uniqueness-missing",
    "public.custom_templates.unique_default_template",
  ],
  [
    "that rule is for each name",
    redefined(
      "unique_default_template",
      "create unique index unique_default_template on custom_templates (user_id, type, name) where is_default",
    ),
    "constraints.uniqueness",
    "public.custom_templates.unique_default_template",
  ],
];

const kanban = (definition: string): string =>
  redefined(
    "idx_operational_tasks_kanban",
    `create index idx_operational_tasks_kanban on operational_tasks ${definition}`,
  );
const kanbanIs = "public.operational_tasks.idx_operational_tasks_kanban";

const indexes: Breakage[] = [
  ["an index is dropped", "drop index idx_operational_tasks_kanban", "indexes.missing", kanbanIs],
  [
    "an index has other keys",
    kanban("(user_id, priority, position desc) where deleted_at is null"),
    "indexes.keys",
    kanbanIs,
  ],
  [
    "an index has its keys in another order",
    kanban("(status, user_id, position desc, id) where deleted_at is null"),
    "indexes.keys",
    kanbanIs,
  ],
  [
    "an index ascends that must descend",
    kanban("(user_id, status, position, id) where deleted_at is null"),
    "indexes.order",
    kanbanIs,
  ],
  [
    "an index descends with nulls last, as an ORM's .desc() may write it",
    kanban("(user_id, status, position desc nulls last, id) where deleted_at is null"),
    "indexes.nulls",
    kanbanIs,
  ],
  [
    "an index has no predicate",
    kanban("(user_id, status, position desc, id)"),
    "indexes.predicate",
    kanbanIs,
  ],
  [
    "an index has another predicate",
    kanban("(user_id, status, position desc, id) where deleted_at is not null"),
    "indexes.predicate",
    kanbanIs,
  ],
  [
    "an index is on an expression",
    kanban("(user_id, lower(status), position desc, id) where deleted_at is null"),
    "indexes.keys",
    kanbanIs,
  ],
  [
    "an index has another operator class",
    kanban("(user_id, status varchar_pattern_ops, position desc, id) where deleted_at is null"),
    "indexes.definition",
    kanbanIs,
  ],
  [
    "an index is of another method",
    redefined(
      "idx_investments_account_id",
      "create index idx_investments_account_id on investments using hash (account_id)",
    ),
    "indexes.method",
    "public.investments.idx_investments_account_id",
  ],
  [
    "an index is unique that must not be",
    redefined(
      "idx_sales_leads_analysis",
      "create unique index idx_sales_leads_analysis on sales_leads (user_id, stage, probability desc, id, value) where deleted_at is null",
    ),
    "indexes.uniqueness",
    "public.sales_leads.idx_sales_leads_analysis",
  ],
  [
    "an index includes a column",
    kanban("(user_id, status, position desc, id) include (title) where deleted_at is null"),
    "indexes.include",
    kanbanIs,
  ],
  [
    "an index of production is dropped",
    "drop index idx_transactions_composite",
    "indexes.missing",
    "public.transactions.idx_transactions_composite",
  ],
];

const views: Breakage[] = [
  ["a view is dropped", "drop view tasks_summary", "views.missing", "public.tasks_summary"],
  [
    "a view has a column more",
    "create or replace view posts_by_platform with (security_invoker = true) as select user_id, platform, count(*) as total_posts, count(*) filter (where status = 'posted') as posted_count, count(*) filter (where status = 'pending') as pending_count, count(*) as again from marketing_posts where deleted_at is null group by user_id, platform",
    "views.definition",
    "public.posts_by_platform",
  ],
  [
    "a view's column is named otherwise",
    "alter view posts_by_platform rename column total_posts to total",
    "views.columns",
    "public.posts_by_platform.total_posts",
  ],
  [
    "a view's column is of another type",
    "drop view sales_pipeline_summary; create view sales_pipeline_summary with (security_invoker = true) as select user_id, stage, count(*) as lead_count, sum(value)::float8 as total_value, avg(probability) as avg_probability from sales_leads where stage not in ('closed_won', 'closed_lost') and deleted_at is null group by user_id, stage; revoke all on sales_pipeline_summary from anon, authenticated, service_role; grant select on sales_pipeline_summary to authenticated, service_role",
    "views.columns",
    "public.sales_pipeline_summary.total_value",
  ],
  [
    "a view shows deleted rows",
    "create or replace view posts_by_platform with (security_invoker = true) as select user_id, platform, count(*) as total_posts, count(*) filter (where status = 'posted') as posted_count, count(*) filter (where status = 'pending') as pending_count from marketing_posts group by user_id, platform",
    "views.definition",
    "public.posts_by_platform",
  ],
  [
    "a view reads with its owner's rights",
    "alter view tasks_summary set (security_invoker = false)",
    "views.invoker",
    "public.tasks_summary",
  ],
  [
    "a view's option was never set",
    "alter view tasks_summary reset (security_invoker)",
    "views.invoker",
    "public.tasks_summary",
  ],
  [
    "anon may read a view",
    "grant select on tasks_summary to anon",
    "views.grants",
    "public.tasks_summary to anon",
  ],
  [
    "anon may read a view's column",
    "grant select (user_id) on tasks_summary to anon",
    "views.grants",
    "public.tasks_summary.user_id to anon",
  ],
  [
    "everybody may read a view",
    "grant select on tasks_summary to public",
    "views.grants",
    "public.tasks_summary to PUBLIC",
  ],
  [
    "users may insert through a view",
    "grant insert on tasks_summary to authenticated",
    "views.grants",
    "public.tasks_summary to authenticated",
  ],
  [
    "users may not read a view",
    "revoke select on tasks_summary from authenticated",
    "views.grants",
    "public.tasks_summary to authenticated",
  ],
];

const oldTypes =
  "'enabled', 'disabled', 'whitelist_added', 'whitelist_removed', 'blacklist_added', 'blacklist_removed'";
const trail = "automation_permissions_audit";

const audit: Breakage[] = [
  ["the audit table is dropped", `drop table ${trail}`, "audit.missing", `public.${trail}`],
  [
    "its column is dropped",
    `alter table ${trail} drop column previous_value`,
    "audit.columns",
    `public.${trail}.previous_value`,
  ],
  [
    "its check has the six old types",
    `alter table ${trail} drop constraint ${trail}_change_type_check; alter table ${trail} add constraint ${trail}_change_type_check check (change_type in (${oldTypes}))`,
    "audit.constraints",
    `public.${trail}.${trail}_change_type_check`,
  ],
  [
    "the trail outlives the user",
    `alter table ${trail} drop constraint ${trail}_user_id_fkey; alter table ${trail} add constraint ${trail}_user_id_fkey foreign key (user_id) references auth.users (id)`,
    "audit.constraints",
    `public.${trail}.${trail}_user_id_fkey`,
  ],
  [
    "it has the old script's foreign key, which deletes the record with what it records",
    `alter table ${trail} add constraint fk_audit_permissions foreign key (user_id) references automation_permissions (user_id) on delete cascade`,
    "audit.extra-constraint",
    `public.${trail}.fk_audit_permissions`,
  ],
  [
    "its index is dropped",
    `drop index idx_${trail}_changed_at`,
    "audit.indexes",
    `public.${trail}.idx_${trail}_changed_at`,
  ],
  [
    "its policy is dropped",
    `drop policy "Users can view their own permission audit" on ${trail}`,
    "audit.policies",
    `public.${trail}.Users can view their own permission audit`,
  ],
  [
    "it has a policy more",
    `create policy own on ${trail} for insert to authenticated with check (true)`,
    "audit.policies",
    `public.${trail}.own`,
  ],
  [
    "its row security is off",
    `alter table ${trail} disable row level security`,
    "audit.table",
    `public.${trail}`,
  ],
  [
    "users may write it",
    `grant insert on ${trail} to authenticated`,
    "audit.append-only",
    `public.${trail} to authenticated`,
  ],
  [
    "the API's own key may empty it",
    `grant truncate on ${trail} to service_role`,
    "audit.append-only",
    `public.${trail} to service_role`,
  ],
  ["anon may read it", `grant select on ${trail} to anon`, "audit.append-only", `public.${trail} to anon`],
];

const functions: Breakage[] = [
  [
    "a function is dropped",
    "drop function cleanup_old_automation_logs(interval)",
    "functions.missing",
    "public.cleanup_old_automation_logs(interval)",
  ],
  [
    "a function is dropped with the triggers that call it",
    "drop function update_updated_at_column() cascade",
    "functions.missing",
    "public.update_updated_at_column()",
  ],
  [
    "a function is dropped with the views that call it",
    "drop function business_date() cascade",
    "functions.missing",
    "public.business_date()",
  ],
  [
    "a function does something else",
    "create or replace function business_date() returns date language sql stable parallel safe set search_path = '' as 'select current_date'",
    "functions.definition",
    "public.business_date()",
  ],
  [
    "a function is of another volatility",
    "alter function business_date() volatile",
    "functions.definition",
    "public.business_date()",
  ],
  [
    "a function's search_path is its caller's",
    "alter function business_date() reset search_path",
    "functions.search-path",
    "public.business_date()",
  ],
  [
    "a function's search_path is another",
    "alter function business_date() set search_path = public",
    "functions.search-path",
    "public.business_date()",
  ],
  [
    "a function runs with its owner's rights",
    "alter function cleanup_old_automation_logs(interval) security definer",
    "functions.security",
    "public.cleanup_old_automation_logs(interval)",
  ],
  [
    "the trail's function runs with its caller's rights",
    "alter function record_automation_permission_change() security invoker",
    "functions.security",
    "public.record_automation_permission_change()",
  ],
  [
    "anon may call a function",
    "grant execute on function business_date() to anon",
    "functions.execute",
    "public.business_date() to anon",
  ],
  [
    "everybody may call a function",
    "grant execute on function cleanup_old_automation_logs(interval) to public",
    "functions.execute",
    "public.cleanup_old_automation_logs(interval) to PUBLIC",
  ],
  [
    "users may not call a function that their views call",
    "revoke execute on function business_date() from authenticated",
    "functions.execute",
    "public.business_date() to authenticated",
  ],
  [
    "a function has the old script's version beside it",
    "create function cleanup_old_automation_logs() returns void language sql as ''",
    "functions.overload",
    "public.cleanup_old_automation_logs()",
  ],
];

const triggers: Breakage[] = [
  [
    "a trigger is dropped",
    "drop trigger update_sent_atas_updated_at on sent_atas",
    "triggers.missing",
    "public.sent_atas.update_sent_atas_updated_at",
  ],
  [
    "a trigger is disabled",
    "alter table sent_atas disable trigger update_sent_atas_updated_at",
    "triggers.disabled",
    "public.sent_atas.update_sent_atas_updated_at",
  ],
  [
    "a trigger fires at another time",
    "create or replace trigger update_sent_atas_updated_at after update on sent_atas for each row execute function update_updated_at_column()",
    "triggers.definition",
    "public.sent_atas.update_sent_atas_updated_at",
  ],
  [
    "a trigger calls another function",
    "create function mine() returns trigger language plpgsql as 'begin return new; end'; create or replace trigger update_sent_atas_updated_at before update on sent_atas for each row execute function mine()",
    "triggers.definition",
    "public.sent_atas.update_sent_atas_updated_at",
  ],
  [
    "the trail's trigger is dropped",
    "drop trigger record_automation_permission_change on automation_permissions",
    "triggers.missing",
    "public.automation_permissions.record_automation_permission_change",
  ],
  [
    "the trail's trigger does not fire for deletes",
    "create or replace trigger record_automation_permission_change after insert or update on automation_permissions for each row execute function record_automation_permission_change()",
    "triggers.definition",
    "public.automation_permissions.record_automation_permission_change",
  ],
];

const rls: Breakage[] = [
  [
    "row security is off",
    "alter table accounts disable row level security",
    "rls.enabled",
    "public.accounts",
  ],
  [
    "row security is forced upon the owner",
    "alter table accounts force row level security",
    "rls.forced",
    "public.accounts",
  ],
  [
    "a policy is dropped",
    "drop policy accounts_update on accounts",
    "rls.policy-missing",
    "public.accounts.accounts_update",
  ],
  [
    "there is a permissive policy more",
    "create policy everybody on accounts for select to authenticated using (true)",
    "rls.policy-extra",
    "public.accounts.everybody",
  ],
  [
    "a policy is for everybody",
    "alter policy accounts_select on accounts to public",
    "rls.roles",
    "public.accounts.accounts_select",
  ],
  [
    "a policy lets everything be read",
    "alter policy accounts_select on accounts using (true)",
    "rls.expression",
    "public.accounts.accounts_select",
  ],
  [
    "a policy asks for the caller once per row",
    "alter policy accounts_select on accounts using (auth.uid() = user_id)",
    "rls.expression",
    "public.accounts.accounts_select",
  ],
  [
    "a policy lets rows be given away",
    "alter policy accounts_update on accounts with check (true)",
    "rls.expression",
    "public.accounts.accounts_update",
  ],
  [
    "a policy checks no new row",
    "drop policy accounts_update on accounts; create policy accounts_update on accounts for update to authenticated using ((select auth.uid()) = user_id)",
    "rls.expression",
    "public.accounts.accounts_update",
  ],
  [
    "a policy is for all commands",
    "drop policy accounts_select on accounts; create policy accounts_select on accounts for all to authenticated using ((select auth.uid()) = user_id)",
    "rls.command",
    "public.accounts.accounts_select",
  ],
  [
    "a policy restricts in place of permitting",
    "drop policy accounts_select on accounts; create policy accounts_select on accounts as restrictive for select to authenticated using ((select auth.uid()) = user_id)",
    "rls.permissive",
    "public.accounts.accounts_select",
  ],
  [
    "users may empty a table",
    "grant truncate on accounts to authenticated",
    "rls.grants",
    "public.accounts to authenticated",
  ],
  [
    "everybody may read a table",
    "grant select on accounts to public",
    "rls.grants",
    "public.accounts to PUBLIC",
  ],
  [
    "users may not read a table",
    "revoke select on accounts from authenticated",
    "rls.grants",
    "public.accounts to authenticated",
  ],
  [
    "the API's own key may not read a table",
    "revoke all on accounts from service_role",
    "rls.grants",
    "public.accounts to service_role",
  ],
];

const database = await createDatabase("deployed");

/** Breaks it, runs every check of every area, and undoes it. */
async function breakAndCheck(breakage: string): Promise<Found[]> {
  return database.transaction(async (sql) => {
    await sql.unsafe(breakage).simple();
    const report = await check(sql);
    expect(report.areas.map(({ area }) => area)).toEqual(areas);
    return found(report.areas);
  });
}

describe.each([
  ["columns", columns],
  ["constraints", constraints],
  ["indexes", indexes],
  ["views", views],
  ["the audit table", audit],
  ["functions", functions],
  ["triggers", triggers],
  ["row-level security", rls],
])("of %s, that and nothing else is reported:", (_, breakages) => {
  it.each(breakages)("%s", async (_what, breakage, ...finding) => {
    expect(await breakAndCheck(breakage)).toEqual([finding]);
  });
});
