import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { projectFolder } from "./states.ts";

const fixture = (name: string): string => readFileSync(`${projectFolder}/tests/fixtures/${name}`, "utf8");

/** Production as people wrote it, to be run as one string on an `empty` database. */
export const byHand: string = fixture("production-by-hand.sql");

/** One thing that the old script did. Its name is what a variation's `touches` would call it. */
export interface Effect {
  readonly name: string;
  /** The effects without which it cannot be run, or would break the table that it is on. */
  readonly needs: readonly string[];
  readonly sql: string;
}

const audit = "automation_permissions_audit";

/** The statements of the half-run script in its order, each with what it needs. */
const effects: readonly (readonly [name: string, ...needs: string[]])[] = [
  ["sent_atas.deleted_at"],
  ["sent_atas.updated_at"],
  ["user_files.deleted_at"],
  ["operational_tasks.deleted_at"],
  ["sales_leads.deleted_at"],
  ["sent_atas.idx_sent_atas_deleted_at", "sent_atas.deleted_at"],
  ["sent_atas.idx_sent_atas_user_type_sent", "sent_atas.deleted_at"],
  ["operational_tasks.idx_operational_tasks_deleted_at", "operational_tasks.deleted_at"],
  ["operational_tasks.idx_operational_tasks_kanban", "operational_tasks.deleted_at"],
  ["operational_tasks.idx_operational_tasks_due_dates", "operational_tasks.deleted_at"],
  ["sales_leads.idx_sales_leads_deleted_at", "sales_leads.deleted_at"],
  ["sales_leads.idx_sales_leads_analysis", "sales_leads.deleted_at"],
  ["sales_leads.idx_sales_leads_value_analysis", "sales_leads.deleted_at"],
  ["transactions.idx_transactions_user_date_paid"],
  ["categories.idx_categories_user_order"],
  ["user_files.idx_user_files_deleted_at", "user_files.deleted_at"],
  ["accounts.idx_accounts_user_type"],
  ["goals.idx_goals_user_deadline"],
  ["partnership_clients.idx_partnership_clients_closed"],
  ["sent_atas.update_sent_atas_updated_at", "sent_atas.updated_at"],
  [audit],
  [`${audit}.idx_automation_permissions_audit_user_id`, audit],
  [`${audit}.idx_automation_permissions_audit_changed_at`, audit],
  [`${audit}.row security`, audit],
  [`${audit}.Users can view their own permission audit`, audit],
  ["cleanup_old_automation_logs()"],
  ["dashboard_metrics"],
  ["crm_health_check", "sent_atas.deleted_at"],
  ["sales_health_check", "sales_leads.deleted_at"],
  ["operational_health_check", "operational_tasks.deleted_at"],
];

/** A statement ends where the next one, an empty line or the file's end follows; a body's statements do not. */
const scriptStatements = fixture("half-run.sql")
  .split(/;\n(?=ALTER |CREATE |\n|$)/)
  .map((statement) => statement.trim())
  .filter((statement) => statement !== "");

/** What the old script did when it ran without its transaction, one by one and in its order. */
export const scriptEffects: readonly Effect[] = scriptStatements.map((sql, at) => {
  const [name, ...needs] = effects[at] ?? [];
  const named = name?.split(".").at(-1) ?? "";
  if (name === undefined || effects.length !== scriptStatements.length)
    throw new Error("tests/fixtures/half-run.sql and the names of its effects are not of one length");
  if (named !== "row security" && !sql.includes(named.replace("()", "")))
    throw new Error(`tests/fixtures/half-run.sql does not have ${name} in that place`);
  return { name, needs, sql };
});

/** The effects of these names and those that they need, in the script's order. */
export function closeOver(names: readonly string[]): readonly Effect[] {
  const wanted = new Set<string>();
  const want = (name: string): void => {
    const effect = scriptEffects.find((one) => one.name === name);
    if (!effect) throw new Error(`the script has no effect ${name}`);
    wanted.add(name);
    for (const needed of effect.needs) want(needed);
  };
  for (const name of names) want(name);
  return scriptEffects.filter(({ name }) => wanted.has(name));
}

/** The script the second time: it says IF NOT EXISTS and OR REPLACE where SQL has them, and drops first where not. */
export const scriptAgain: readonly string[] = scriptEffects.flatMap(({ sql }) => {
  const [, kind, name, table] =
    /^CREATE (TRIGGER|POLICY) ("[^"]+"|\S+)[^;]*? ON (\S+)/.exec(withoutComments(sql)) ?? [];
  if (kind !== undefined) return [`DROP ${kind} IF EXISTS ${name} ON ${table}`, sql];
  return [
    withoutComments(sql)
      .replace(/ ADD COLUMN /, " ADD COLUMN IF NOT EXISTS ")
      .replace(/^CREATE (INDEX|TABLE) /, "CREATE $1 IF NOT EXISTS ")
      .replace(/^CREATE (FUNCTION|VIEW) /, "CREATE OR REPLACE $1 "),
  ];
});

function withoutComments(sql: string): string {
  return sql.replaceAll(/^--.*\n/gm, "");
}

/** A way in which hands have changed a production before the project's tools first see it. */
export interface Variation {
  readonly name: string;
  /**
   * `accepted`: adopted, deployed, taken back and deployed again. `refused`: before anything is changed, because a
   * pending step would fail, or because what it leads to would be broken or open to others.
   */
  readonly kind: "accepted" | "refused";
  /** Each is run by itself. */
  readonly statements: readonly string[];
  /** What it makes, changes or needs as it was, without `public.`: `goals`, `goals.deadline`, `tasks_summary`. */
  readonly touches: readonly string[];
  /** Whether a superuser, who may act for everybody, does not meet it. */
  readonly notForSuperusers?: true;
  /** What whoever knows the rows decides of them before the way out of a refusal can be followed. */
  readonly repair?: readonly string[];
  /** Its rows have to be merged, by `spfp-db fix duplicates`, between adoption and deployment. */
  readonly duplicates?: true;
}

/**
 * Whether two names of `touches` mean the same object, or one a part of the other. Two variations of which no names
 * overlap can be combined, and so can a variation with effects of the script that are run after it.
 */
export function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

type Touches = readonly string[];
const accepted = (name: string, touches: Touches, ...statements: string[]): Variation => ({
  name,
  kind: "accepted",
  statements,
  touches,
});
const refused = (name: string, touches: Touches, ...statements: string[]): Variation => ({
  ...accepted(name, touches, ...statements),
  kind: "refused",
});

const legacyViews = [
  "sales_pipeline_summary",
  "tasks_summary",
  "posts_by_platform",
  "partnership_summary_by_partner",
  "partnership_monthly_revenue",
] as const;

const viewsInOtherWords: readonly Variation[] = [
  accepted(
    "sales_pipeline_summary with an alias, a list turned round and capitals",
    ["sales_pipeline_summary"],
    `CREATE OR REPLACE VIEW SALES_PIPELINE_SUMMARY AS
      SELECT SL.USER_ID, SL.STAGE, COUNT(*) AS LEAD_COUNT, SUM(SL.VALUE) AS TOTAL_VALUE,
        AVG(SL.PROBABILITY) AS AVG_PROBABILITY
      FROM SALES_LEADS SL WHERE SL.STAGE <> ALL (ARRAY['closed_lost', 'closed_won']) GROUP BY SL.USER_ID, SL.STAGE`,
  ),
  accepted(
    "tasks_summary with positions in GROUP BY and the table before each column",
    ["tasks_summary"],
    `CREATE OR REPLACE VIEW public.tasks_summary AS
      SELECT operational_tasks.user_id, operational_tasks.status, count(*) AS task_count,
        count(*) FILTER (WHERE 'high' = operational_tasks.priority) AS high_priority_count,
        count(*) FILTER (WHERE operational_tasks.status != 'done' AND CURRENT_DATE > operational_tasks.due_date)
          AS overdue_count
      FROM public.operational_tasks GROUP BY 1, 2`,
  ),
  accepted(
    "posts_by_platform with an alias",
    ["posts_by_platform"],
    `create or replace view posts_by_platform as
      select mp.user_id, mp.platform, count(*) as total_posts,
        count(*) filter (where mp.status = 'posted') as posted_count,
        count(*) filter (where mp.status = 'pending') as pending_count
      from marketing_posts as mp group by mp.user_id, mp.platform`,
  ),
  accepted(
    "partnership_summary_by_partner with other aliases and case",
    ["partnership_summary_by_partner"],
    `CREATE OR REPLACE VIEW partnership_summary_by_partner AS
      SELECT pa.user_id, pa.id AS partner_id, pa.name AS partner_name, COUNT(pc.id) AS total_clients,
        COALESCE(SUM(pc.contract_value), 0) AS total_contract_value,
        COALESCE(SUM(pc.total_commission), 0) AS total_commission,
        COALESCE(SUM(pc.my_share), 0) AS total_my_share, COALESCE(SUM(pc.partner_share), 0) AS total_partner_share,
        COALESCE(SUM(pc.my_share) FILTER (WHERE pc.status = 'pending'), 0) AS pending_my_share,
        COALESCE(SUM(pc.my_share) FILTER (WHERE pc.status = 'paid'), 0) AS paid_my_share
      FROM partners_v2 pa LEFT JOIN partnership_clients pc ON pc.partner_id = pa.id
      GROUP BY pa.user_id, pa.id, pa.name`,
  ),
  accepted(
    "partnership_monthly_revenue ordered by its column's name",
    ["partnership_monthly_revenue"],
    `CREATE OR REPLACE VIEW partnership_monthly_revenue AS
      SELECT c.user_id, DATE_TRUNC('month', c.closed_at) AS month, COUNT(*) AS clients_count,
        SUM(c.contract_value) AS total_contract_value, SUM(c.total_commission) AS total_commission,
        SUM(c.my_share) AS total_my_share, SUM(c.partner_share) AS total_partner_share
      FROM partnership_clients c WHERE c.closed_at IS NOT NULL GROUP BY 1, 2 ORDER BY 2 DESC`,
  ),
];

const viewsOfAnotherMeaning: readonly Variation[] = [
  accepted(
    "a pipeline of all stages",
    ["sales_pipeline_summary"],
    `CREATE OR REPLACE VIEW sales_pipeline_summary AS SELECT user_id, stage, count(*) AS lead_count,
      sum(value) AS total_value, avg(probability) AS avg_probability FROM sales_leads GROUP BY user_id, stage`,
  ),
  accepted(
    "tasks of which none is urgent",
    ["tasks_summary"],
    `CREATE OR REPLACE VIEW tasks_summary AS SELECT user_id, status, count(*) AS task_count,
      0::bigint AS high_priority_count, 0::bigint AS overdue_count
      FROM operational_tasks WHERE status <> 'done' GROUP BY user_id, status`,
  ),
  accepted(
    "posts counted by CASE",
    ["posts_by_platform"],
    `CREATE OR REPLACE VIEW posts_by_platform AS SELECT user_id, platform, count(*) AS total_posts,
      count(CASE WHEN status = 'posted' THEN 1 END) AS posted_count,
      count(CASE WHEN status = 'pending' THEN 1 END) AS pending_count
      FROM marketing_posts GROUP BY user_id, platform`,
  ),
  accepted(
    "partners of whom only those with clients count",
    ["partnership_summary_by_partner"],
    `CREATE OR REPLACE VIEW partnership_summary_by_partner AS
      WITH totals AS (
        SELECT partner_id, count(*) AS clients, sum(contract_value) AS value, sum(total_commission) AS commission,
          sum(my_share) AS mine, sum(partner_share) AS theirs,
          sum(CASE WHEN status = 'pending' THEN my_share ELSE 0 END) AS pending,
          sum(CASE WHEN status = 'paid' THEN my_share ELSE 0 END) AS paid
        FROM partnership_clients GROUP BY partner_id
      )
      SELECT p.user_id, p.id AS partner_id, p.name AS partner_name, t.clients AS total_clients,
        t.value AS total_contract_value, t.commission AS total_commission, t.mine AS total_my_share,
        t.theirs AS total_partner_share, t.pending AS pending_my_share, t.paid AS paid_my_share
      FROM totals t JOIN partners_v2 p ON p.id = t.partner_id`,
  ),
  accepted(
    "months in the order in which they come",
    ["partnership_monthly_revenue"],
    `CREATE OR REPLACE VIEW partnership_monthly_revenue AS SELECT user_id, date_trunc('month', closed_at) AS month,
      count(*) AS clients_count, sum(contract_value) AS total_contract_value, sum(total_commission) AS total_commission,
      sum(my_share) AS total_my_share, sum(partner_share) AS total_partner_share
      FROM partnership_clients WHERE closed_at IS NOT NULL AND status <> 'cancelled'
      GROUP BY user_id, date_trunc('month', closed_at)`,
  ),
  accepted(
    "views of which one reads another",
    ["sales_pipeline_summary", "tasks_summary"],
    `CREATE OR REPLACE VIEW tasks_summary AS SELECT user_id, stage AS status, lead_count AS task_count,
      lead_count AS high_priority_count, lead_count AS overdue_count FROM sales_pipeline_summary`,
  ),
];

const viewsOfAnotherShape: readonly Variation[] = [
  accepted("a legacy view is gone", ["posts_by_platform"], "DROP VIEW posts_by_platform"),
  accepted("no legacy view is there", legacyViews, `DROP VIEW ${legacyViews.join(", ")}`),
  accepted(
    "a view has one column more",
    ["tasks_summary"],
    `CREATE OR REPLACE VIEW tasks_summary AS SELECT user_id, status, count(*) AS task_count,
      count(*) FILTER (WHERE priority = 'high') AS high_priority_count,
      count(*) FILTER (WHERE due_date < CURRENT_DATE AND status <> 'done') AS overdue_count,
      min(due_date) AS next_due_date FROM operational_tasks GROUP BY user_id, status`,
  ),
  accepted(
    "a view's column has another name",
    ["posts_by_platform"],
    "ALTER VIEW posts_by_platform RENAME COLUMN total_posts TO posts",
  ),
  accepted(
    "a view's columns come in another order and type",
    ["sales_pipeline_summary"],
    "DROP VIEW sales_pipeline_summary",
    `CREATE VIEW sales_pipeline_summary AS SELECT stage, user_id, count(*)::int AS lead_count,
      sum(value) AS total_value FROM sales_leads GROUP BY stage, user_id`,
  ),
  refused(
    "a view's column has another name, and another view reads it",
    ["tasks_summary", "open_work"],
    "ALTER VIEW tasks_summary RENAME COLUMN task_count TO tarefas",
    "CREATE VIEW open_work AS SELECT user_id, tarefas FROM tasks_summary WHERE status <> 'done'",
  ),
  refused(
    "a view has one column more, and a function reads the view",
    ["sales_pipeline_summary", "pipeline_of()"],
    `CREATE OR REPLACE VIEW sales_pipeline_summary AS SELECT user_id, stage, count(*) AS lead_count,
      sum(value) AS total_value, avg(probability) AS avg_probability, max(updated_at) AS last_update
      FROM sales_leads GROUP BY user_id, stage`,
    `CREATE FUNCTION pipeline_of(owner uuid) RETURNS SETOF sales_pipeline_summary STABLE
      BEGIN ATOMIC SELECT * FROM sales_pipeline_summary WHERE user_id = owner; END`,
  ),
  refused(
    "a table in place of a legacy view",
    ["posts_by_platform"],
    "DROP VIEW posts_by_platform",
    "CREATE TABLE posts_by_platform AS SELECT user_id, platform, count(*) AS total_posts FROM marketing_posts GROUP BY 1, 2",
  ),
  refused(
    "a materialized view in place of a legacy view",
    ["partnership_monthly_revenue"],
    "DROP VIEW partnership_monthly_revenue",
    `CREATE MATERIALIZED VIEW partnership_monthly_revenue AS SELECT user_id, date_trunc('month', closed_at) AS month,
      count(*) AS clients_count, sum(contract_value) AS total_contract_value, sum(total_commission) AS total_commission,
      sum(my_share) AS total_my_share, sum(partner_share) AS total_partner_share
      FROM partnership_clients WHERE closed_at IS NOT NULL GROUP BY user_id, date_trunc('month', closed_at)`,
  ),
  accepted(
    "a view of a new name with other columns",
    ["marketing_health_check"],
    "CREATE VIEW marketing_health_check AS SELECT user_id, count(*) AS posts FROM marketing_posts GROUP BY user_id",
  ),
  accepted(
    "a view of a new name that selects everything",
    ["dashboard_metrics", "transactions"],
    "CREATE VIEW dashboard_metrics AS SELECT * FROM transactions WHERE deleted_at IS NULL",
  ),
  refused(
    "a table of a new view's name",
    ["corporate_health_check"],
    "CREATE TABLE corporate_health_check (checked_at timestamptz PRIMARY KEY DEFAULT now(), result text)",
  ),
  accepted(
    "views that run with the caller's rights already",
    ["sales_pipeline_summary", "tasks_summary"],
    "ALTER VIEW sales_pipeline_summary SET (security_invoker = on)",
    "ALTER VIEW tasks_summary SET (security_invoker = true, security_barrier = true)",
  ),
  accepted(
    "a view's column has a default",
    ["tasks_summary"],
    "ALTER VIEW tasks_summary ALTER COLUMN status SET DEFAULT 'todo'",
  ),
  accepted(
    "a trigger on a legacy view",
    ["tasks_summary", "nothing_to_write()"],
    `CREATE FUNCTION nothing_to_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
    `CREATE TRIGGER nothing_to_write INSTEAD OF INSERT OR UPDATE OR DELETE ON tasks_summary
      FOR EACH ROW EXECUTE FUNCTION nothing_to_write()`,
  ),
  accepted(
    "a rule on a legacy view",
    ["posts_by_platform"],
    "CREATE RULE no_insert AS ON INSERT TO posts_by_platform DO INSTEAD NOTHING",
  ),
];

const viewsOverOurs: readonly Variation[] = [
  accepted(
    "views over our tables and views",
    ["spenders", "open_stages", "transactions.amount", "sales_pipeline_summary"],
    "CREATE VIEW spenders AS SELECT user_id, sum(amount) AS spent FROM transactions GROUP BY user_id",
    "CREATE VIEW open_stages AS SELECT * FROM sales_pipeline_summary",
  ),
  accepted(
    "a view with all columns of a table that gets more",
    ["all_leads", "sales_leads"],
    "CREATE VIEW all_leads AS SELECT * FROM sales_leads",
  ),
  accepted(
    "a materialized view over our tables, with an index",
    ["spent_by_month", "transactions.amount", "transactions.date"],
    `CREATE MATERIALIZED VIEW spent_by_month AS
      SELECT user_id, date_trunc('month', date) AS month, sum(amount) AS spent FROM transactions GROUP BY 1, 2`,
    "CREATE UNIQUE INDEX ON spent_by_month (user_id, month)",
  ),
  accepted(
    "a materialized view over a legacy view",
    ["revenue_of_the_year", "partnership_monthly_revenue"],
    `CREATE MATERIALIZED VIEW revenue_of_the_year AS
      SELECT user_id, sum(total_my_share) AS mine FROM partnership_monthly_revenue GROUP BY user_id`,
  ),
  accepted(
    "a schema of reports over our tables and views",
    ["schema reports_by_hand", "tasks_summary", "operational_tasks.assignee"],
    "CREATE SCHEMA reports_by_hand",
    "CREATE VIEW reports_by_hand.tasks AS SELECT status, sum(task_count) AS tasks FROM public.tasks_summary GROUP BY 1",
    "CREATE VIEW reports_by_hand.who AS SELECT assignee, count(*) FROM public.operational_tasks GROUP BY assignee",
  ),
  accepted(
    "a view that can be written through a rule",
    ["my_accounts", "accounts.name", "accounts.type"],
    "CREATE VIEW my_accounts AS SELECT name, type FROM accounts WHERE user_id = auth.uid() GROUP BY name, type",
    `CREATE RULE add_account AS ON INSERT TO my_accounts DO INSTEAD
      INSERT INTO accounts (user_id, name, type) VALUES (auth.uid(), NEW.name, NEW.type)`,
  ),
];

const stamp = (body: string, attributes = ""): string =>
  `CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER AS $$ ${body} $$ LANGUAGE plpgsql ${attributes}`;

/** The tables whose trigger calls the function, and the one that gets such a trigger. */
const stampedTables = [
  "automation_permissions",
  "custom_templates",
  "marketing_posts",
  "operational_tasks",
  "partners_v2",
  "partnership_clients",
  "sales_leads",
  "sent_atas",
];

const functions: readonly Variation[] = [
  accepted(
    "NOW() in the function",
    ["update_updated_at_column()"],
    stamp("BEGIN NEW.updated_at = NOW(); RETURN NEW; END;"),
  ),
  accepted(
    "comments and the other sign of assignment in the function",
    ["update_updated_at_column()"],
    stamp("/* carimbo */\nbegin\n  new.updated_at := current_timestamp; -- agora\n  return new;\nend"),
  ),
  accepted(
    "a function that stamps in another way",
    ["update_updated_at_column()"],
    stamp("BEGIN NEW.updated_at = clock_timestamp(); RETURN NEW; END;"),
  ),
  accepted(
    "a function that stamps only what changed, and notifies",
    ["update_updated_at_column()"],
    stamp(`BEGIN
      IF NEW IS DISTINCT FROM OLD THEN NEW.updated_at = now(); PERFORM pg_notify('changed', TG_TABLE_NAME); END IF;
      RETURN NEW; END;`),
  ),
  accepted(
    "a function of another volatility and cost",
    ["update_updated_at_column()"],
    "ALTER FUNCTION update_updated_at_column() STABLE COST 10",
  ),
  accepted(
    "a function that runs with its owner's rights",
    ["update_updated_at_column()"],
    stamp("BEGIN NEW.updated_at = NOW(); RETURN NEW; END;", "SECURITY DEFINER"),
  ),
  accepted(
    "a function with a search path and a setting",
    ["update_updated_at_column()"],
    "ALTER FUNCTION update_updated_at_column() SET search_path = public",
    "ALTER FUNCTION update_updated_at_column() SET work_mem = '8MB'",
  ),
  accepted(
    "a function that users may no longer call",
    ["update_updated_at_column()"],
    "REVOKE ALL ON FUNCTION update_updated_at_column() FROM PUBLIC, anon",
  ),
  refused(
    "a function that would not find what it calls without its search path",
    ["update_updated_at_column()", "agora()"],
    "CREATE FUNCTION agora() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    stamp("BEGIN NEW.updated_at = agora(); RETURN NEW; END;"),
  ),
  refused(
    "the function is gone, with its triggers",
    ["update_updated_at_column()", ...stampedTables.map((table) => `${table}.update_${table}_updated_at`)],
    "DROP FUNCTION update_updated_at_column() CASCADE",
  ),
  accepted(
    "another function of the same name",
    ["update_updated_at_column(text)"],
    "CREATE FUNCTION update_updated_at_column(tabela text) RETURNS void LANGUAGE sql AS 'SELECT'",
  ),
  accepted(
    "a cleanup without arguments that returns a number",
    ["cleanup_old_automation_logs()"],
    `CREATE FUNCTION cleanup_old_automation_logs() RETURNS integer LANGUAGE sql AS $$
      WITH gone AS (DELETE FROM automation_logs WHERE created_at < NOW() - INTERVAL '90 days' RETURNING 1)
      SELECT count(*)::integer FROM gone $$`,
  ),
  accepted(
    "a cleanup of the announced signature with another body and default",
    ["cleanup_old_automation_logs()"],
    `CREATE FUNCTION cleanup_old_automation_logs(retention interval DEFAULT '30 days') RETURNS bigint
      LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE gone bigint; BEGIN
      DELETE FROM public.automation_logs WHERE created_at < now() - retention; GET DIAGNOSTICS gone = ROW_COUNT;
      RETURN gone; END $$`,
  ),
  refused(
    "a cleanup of the announced arguments that returns nothing",
    ["cleanup_old_automation_logs()"],
    `CREATE FUNCTION cleanup_old_automation_logs(retention interval) RETURNS void LANGUAGE sql AS
      $$ DELETE FROM automation_logs WHERE created_at < now() - retention $$`,
  ),
  refused(
    "a cleanup whose argument has another name",
    ["cleanup_old_automation_logs()"],
    `CREATE FUNCTION cleanup_old_automation_logs(keep interval DEFAULT '90 days') RETURNS bigint LANGUAGE sql AS
      $$ SELECT 0::bigint $$`,
  ),
  refused(
    "a cleanup that would make a call without arguments ambiguous",
    ["cleanup_old_automation_logs()"],
    `CREATE FUNCTION cleanup_old_automation_logs(days integer DEFAULT 90) RETURNS integer LANGUAGE sql AS
      $$ SELECT days $$`,
  ),
  accepted(
    "a business date that is the server's",
    ["business_date()"],
    "CREATE FUNCTION business_date() RETURNS date LANGUAGE sql STABLE AS 'SELECT CURRENT_DATE'",
  ),
  refused(
    "a business date that is no date",
    ["business_date()"],
    "CREATE FUNCTION business_date() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()'",
  ),
  refused(
    "a business date that is no date, and a view reads it",
    ["business_date()", "due_today"],
    "CREATE FUNCTION business_date() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()'",
    "CREATE VIEW due_today AS SELECT id FROM operational_tasks WHERE due_date = business_date()::date",
  ),
  refused(
    "a cleanup whose argument has another name, and a procedure holds on to it",
    ["cleanup_old_automation_logs()", "nightly()"],
    `CREATE FUNCTION cleanup_old_automation_logs(keep interval DEFAULT '90 days') RETURNS bigint LANGUAGE sql AS
      $$ SELECT 0::bigint $$`,
    "CREATE PROCEDURE nightly() BEGIN ATOMIC SELECT cleanup_old_automation_logs('30 days'::interval); END",
  ),
  accepted(
    "functions of one's own, one with a default",
    ["balance_of()", "say()"],
    `CREATE FUNCTION balance_of(owner uuid DEFAULT auth.uid()) RETURNS numeric LANGUAGE sql STABLE AS
      $$ SELECT coalesce(sum(balance), 0) FROM public.accounts WHERE user_id = owner $$`,
    "CREATE PROCEDURE say(what text) LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', what; END $$",
  ),
  accepted(
    "a function that returns rows of a table that gets more columns",
    ["files_of()", "user_files"],
    `CREATE FUNCTION files_of(owner uuid) RETURNS SETOF user_files LANGUAGE sql STABLE AS
      $$ SELECT * FROM public.user_files WHERE user_id = owner $$`,
  ),
  accepted(
    "a function whose body holds on to a legacy view",
    ["open_tasks()", "tasks_summary"],
    `CREATE FUNCTION open_tasks() RETURNS numeric STABLE
      BEGIN ATOMIC SELECT sum(task_count) FROM tasks_summary WHERE status <> 'done'; END`,
  ),
];

const columns: readonly Variation[] = [
  accepted(
    "more columns",
    ["accounts.bank", "accounts.branch", "sales_leads.score"],
    "ALTER TABLE accounts ADD COLUMN bank text NOT NULL DEFAULT 'none', ADD COLUMN branch text",
    "ALTER TABLE sales_leads ADD COLUMN score int DEFAULT 0",
  ),
  accepted(
    "a generated column",
    ["transactions.amount", "transactions.cents"],
    "ALTER TABLE transactions ADD COLUMN cents bigint GENERATED ALWAYS AS ((amount * 100)::bigint) STORED",
  ),
  accepted(
    "an identity column and a serial one",
    ["goals.number", "categories.number"],
    "ALTER TABLE goals ADD COLUMN number bigint GENERATED BY DEFAULT AS IDENTITY",
    "ALTER TABLE categories ADD COLUMN number serial",
  ),
  accepted(
    "a column with a default that differs for each row, and a check of its own",
    ["patrimony_items.code"],
    `ALTER TABLE patrimony_items ADD COLUMN code uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE
      CHECK (code <> '00000000-0000-0000-0000-000000000000')`,
  ),
  accepted(
    "another order of columns",
    ["categories.icon", "goals.description", "sent_atas.subject"],
    "ALTER TABLE categories DROP COLUMN icon, ADD COLUMN icon varchar(100)",
    "ALTER TABLE goals DROP COLUMN description, ADD COLUMN description text",
    "ALTER TABLE sent_atas DROP COLUMN subject, ADD COLUMN subject varchar(255)",
  ),
  accepted(
    "a column that nothing needs is gone",
    ["accounts.icon", "marketing_posts.image_url"],
    "ALTER TABLE accounts DROP COLUMN icon",
    "ALTER TABLE marketing_posts DROP COLUMN image_url",
  ),
  accepted(
    "the older shape of investments",
    ["investments"],
    `ALTER TABLE investments DROP COLUMN symbol CASCADE, DROP COLUMN account_id CASCADE,
      ADD COLUMN ticker text, ADD COLUMN institution text, ADD COLUMN rate numeric, ADD COLUMN goal_id uuid`,
  ),
  refused(
    "a column that an index needs has another name",
    ["transactions"],
    "ALTER TABLE transactions RENAME COLUMN paid TO is_paid",
  ),
  refused(
    "a column that a rule and an index need is gone",
    ["categories"],
    "ALTER TABLE categories DROP COLUMN deleted_at CASCADE",
  ),
  refused(
    "a column that a new view and an announced index need is gone",
    ["marketing_posts"],
    "ALTER TABLE marketing_posts DROP COLUMN scheduled_date CASCADE",
  ),
  refused(
    "a table is gone",
    ["partnership_clients", "partnership_summary_by_partner", "partnership_monthly_revenue"],
    "DROP TABLE partnership_clients CASCADE",
  ),
  refused(
    "a condition that is a number",
    ["custom_templates.is_default", "custom_templates.unique_default_template"],
    "ALTER TABLE custom_templates ALTER COLUMN is_default DROP DEFAULT",
    "ALTER TABLE custom_templates ALTER COLUMN is_default TYPE smallint USING is_default::int",
  ),
];

const types: readonly Variation[] = [
  accepted(
    "text in place of varchar",
    ["goals.category", "transactions.description", "user_files.mime_type"],
    "ALTER TABLE goals ALTER COLUMN category TYPE text",
    "ALTER TABLE transactions ALTER COLUMN description TYPE text",
    "ALTER TABLE user_files ALTER COLUMN mime_type TYPE text",
  ),
  accepted(
    "text where a check and an announced index look",
    ["accounts.type"],
    "ALTER TABLE accounts ALTER COLUMN type TYPE text",
  ),
  accepted(
    "text where a legacy view looks",
    ["partners_v2.name", "partnership_summary_by_partner"],
    "DROP VIEW partnership_summary_by_partner",
    "ALTER TABLE partners_v2 ALTER COLUMN name TYPE text",
    `CREATE VIEW partnership_summary_by_partner AS
      SELECT p.user_id, p.id AS partner_id, p.name AS partner_name, count(c.id) AS total_clients,
        coalesce(sum(c.contract_value), 0) AS total_contract_value,
        coalesce(sum(c.total_commission), 0) AS total_commission,
        coalesce(sum(c.my_share), 0) AS total_my_share, coalesce(sum(c.partner_share), 0) AS total_partner_share,
        coalesce(sum(c.my_share) FILTER (WHERE c.status = 'pending'), 0) AS pending_my_share,
        coalesce(sum(c.my_share) FILTER (WHERE c.status = 'paid'), 0) AS paid_my_share
      FROM partners_v2 p LEFT JOIN partnership_clients c ON c.partner_id = p.id GROUP BY p.user_id, p.id, p.name`,
  ),
  accepted(
    "varchar of other lengths",
    ["accounts.icon", "transactions.spender", "automation_logs.selector"],
    "ALTER TABLE accounts ALTER COLUMN icon TYPE varchar(200)",
    "ALTER TABLE transactions ALTER COLUMN spender TYPE varchar(30)",
    "ALTER TABLE automation_logs ALTER COLUMN selector TYPE varchar",
  ),
  accepted(
    "numeric of other precisions",
    ["patrimony_items.value", "category_budgets.alert_threshold"],
    "ALTER TABLE patrimony_items ALTER COLUMN value TYPE numeric(21, 4)",
    "ALTER TABLE category_budgets ALTER COLUMN alert_threshold TYPE numeric",
  ),
  accepted(
    "numeric of another precision where a legacy view looks",
    ["sales_leads.value", "sales_pipeline_summary"],
    "DROP VIEW sales_pipeline_summary",
    "ALTER TABLE sales_leads ALTER COLUMN value TYPE numeric(20, 2)",
    `CREATE VIEW sales_pipeline_summary AS SELECT user_id, stage, count(*) AS lead_count, sum(value) AS total_value,
      avg(probability) AS avg_probability FROM sales_leads WHERE stage NOT IN ('closed_won', 'closed_lost')
      GROUP BY user_id, stage`,
  ),
  accepted(
    "bigint in place of integer",
    ["user_files.size_bytes", "categories.order_index", "transactions.group_index"],
    "ALTER TABLE user_files ALTER COLUMN size_bytes TYPE bigint",
    "ALTER TABLE categories ALTER COLUMN order_index TYPE bigint",
    "ALTER TABLE transactions ALTER COLUMN group_index TYPE smallint",
  ),
  accepted(
    "timestamps of another precision",
    ["automation_permissions.created_at", "partners_v2.created_at"],
    "ALTER TABLE automation_permissions ALTER COLUMN created_at TYPE timestamp(3) with time zone",
    "ALTER TABLE partners_v2 ALTER COLUMN created_at TYPE timestamptz(0)",
  ),
  accepted(
    "timestamps with a time zone where there was none",
    ["accounts.created_at", "accounts.deleted_at", "categories.deleted_at"],
    "ALTER TABLE accounts ALTER COLUMN created_at TYPE timestamptz, ALTER COLUMN deleted_at TYPE timestamptz",
    "ALTER TABLE categories ALTER COLUMN deleted_at TYPE timestamptz USING deleted_at AT TIME ZONE 'America/Sao_Paulo'",
  ),
  accepted(
    "a name that is compared byte by byte",
    ["patrimony_items.name"],
    `ALTER TABLE patrimony_items ALTER COLUMN name TYPE varchar(255) COLLATE "C"`,
  ),
  accepted(
    "columns of types of one's own",
    ["goals.priority", "sales_leads.email", "type goal_priority", "type email_address"],
    "CREATE TYPE goal_priority AS ENUM ('baixa', 'media', 'alta')",
    "ALTER TABLE goals ALTER COLUMN priority TYPE goal_priority USING priority::goal_priority",
    "CREATE DOMAIN email_address AS varchar(255) CHECK (VALUE ~ '@')",
    "ALTER TABLE sales_leads ALTER COLUMN email TYPE email_address",
  ),
  accepted(
    "NOT NULL taken away by hand",
    ["marketing_posts.title", "user_files.user_id", "partnership_clients.commission_rate"],
    "ALTER TABLE marketing_posts ALTER COLUMN title DROP NOT NULL",
    "ALTER TABLE user_files ALTER COLUMN user_id DROP NOT NULL",
    "ALTER TABLE partnership_clients ALTER COLUMN commission_rate DROP NOT NULL",
  ),
  accepted(
    "NOT NULL set by hand",
    ["goals.deadline", "accounts.currency", "custom_templates.is_default"],
    "ALTER TABLE goals ALTER COLUMN deadline SET NOT NULL",
    "ALTER TABLE accounts ALTER COLUMN currency SET NOT NULL",
    "ALTER TABLE custom_templates ALTER COLUMN is_default SET NOT NULL",
  ),
  accepted(
    "other defaults",
    ["accounts.currency", "categories.order_index", "custom_templates.name", "marketing_posts.metrics"],
    "ALTER TABLE accounts ALTER COLUMN currency SET DEFAULT 'USD'",
    "ALTER TABLE categories ALTER COLUMN order_index DROP DEFAULT",
    "ALTER TABLE custom_templates ALTER COLUMN name SET DEFAULT 'Modelo'",
    `ALTER TABLE marketing_posts ALTER COLUMN metrics SET DEFAULT '{"likes": 0}'`,
  ),
];

const indexes: readonly Variation[] = [
  accepted(
    "indexes of other names, one of them gone",
    ["goals.idx_goals_user_id", "accounts.idx_accounts_deleted_at", "sales_leads.leads_by_stage"],
    "ALTER INDEX idx_goals_user_id RENAME TO goals_by_user",
    "DROP INDEX idx_accounts_deleted_at",
    "CREATE INDEX leads_by_stage ON sales_leads (user_id, stage, probability DESC)",
  ),
  accepted(
    "no index is left on a table",
    [
      "user_files.idx_user_files_user_id",
      "user_files.idx_user_files_category",
      "user_files.idx_user_files_is_favorite",
    ],
    "DROP INDEX idx_user_files_user_id, idx_user_files_category, idx_user_files_is_favorite",
  ),
  accepted(
    "an index of production with other columns",
    ["transactions.idx_transactions_composite"],
    "DROP INDEX idx_transactions_composite",
    "CREATE INDEX idx_transactions_composite ON transactions (user_id, deleted_at, date)",
  ),
  accepted(
    "the same as announced under other names",
    ["transactions.by_hand", "goals.by_hand", "categories.by_hand"],
    "CREATE INDEX transactions_by_hand ON transactions (user_id, date DESC, paid) WHERE deleted_at IS NULL",
    "CREATE INDEX goals_by_hand ON goals (user_id, deadline) WHERE deleted_at IS NULL",
    "CREATE UNIQUE INDEX categories_by_hand ON categories (user_id, lower(name)) WHERE deleted_at IS NULL",
  ),
  accepted(
    "indexes of all sorts",
    ["operational_tasks.by_tags", "accounts.large", "automation_logs.by_day", "partners_v2.by_email"],
    "CREATE INDEX by_tags ON operational_tasks USING gin (tags)",
    "CREATE INDEX large ON accounts (user_id) INCLUDE (balance) WHERE balance > 1000000",
    "CREATE INDEX by_day ON automation_logs USING brin (created_at) WITH (pages_per_range = 32)",
    "CREATE UNIQUE INDEX by_email ON partners_v2 (user_id, lower(email)) NULLS NOT DISTINCT WHERE is_active AND email > ''",
  ),
  accepted(
    "indexes with the announced names and definitions",
    ["transactions.idx_transactions_user_date_paid", "goals.idx_goals_user_deadline"],
    "CREATE INDEX idx_transactions_user_date_paid ON transactions (user_id, date DESC, paid) WHERE deleted_at IS NULL",
    "CREATE INDEX idx_goals_user_deadline ON goals USING btree (user_id ASC, deadline ASC NULLS LAST) WHERE (goals.deleted_at IS NULL)",
  ),
  accepted(
    "the rules of uniqueness are there already",
    ["categories.unique_user_category_name", "custom_templates.unique_default_template"],
    "CREATE UNIQUE INDEX unique_user_category_name ON categories (user_id, LOWER(name)) WHERE deleted_at IS NULL",
    "CREATE UNIQUE INDEX unique_default_template ON custom_templates (user_id, type) WHERE is_default = true",
  ),
  accepted(
    "an announced index with a fill factor",
    ["categories.idx_categories_user_order"],
    `CREATE INDEX idx_categories_user_order ON categories (user_id, order_index) WITH (fillfactor = 70)
      WHERE deleted_at IS NULL`,
  ),
  refused(
    "an announced name with other columns",
    ["goals.idx_goals_user_deadline"],
    "CREATE INDEX idx_goals_user_deadline ON goals (name)",
  ),
  refused(
    "an announced name without its condition",
    ["categories.idx_categories_user_order"],
    "CREATE INDEX idx_categories_user_order ON categories (user_id, order_index)",
  ),
  refused(
    "an announced name in another order",
    ["transactions.idx_transactions_user_date_paid"],
    `CREATE INDEX idx_transactions_user_date_paid ON transactions (user_id, date DESC NULLS LAST, paid)
      WHERE deleted_at IS NULL`,
  ),
  refused(
    "an announced rule that refuses nothing",
    ["categories.unique_user_category_name"],
    "CREATE INDEX unique_user_category_name ON categories (user_id, lower(name)) WHERE deleted_at IS NULL",
  ),
  refused(
    "an announced rule as a constraint that tells cases apart",
    ["categories.unique_user_category_name"],
    "ALTER TABLE categories ADD CONSTRAINT unique_user_category_name UNIQUE (user_id, name)",
  ),
  refused(
    "an announced name on another table",
    ["goals.idx_goals_user_deadline", "accounts.idx_goals_user_deadline"],
    "CREATE INDEX idx_goals_user_deadline ON accounts (user_id)",
  ),
  refused(
    "an announced name that a sequence has",
    ["investments.idx_investments_account_id"],
    "CREATE SEQUENCE idx_investments_account_id",
  ),
];

const constraints: readonly Variation[] = [
  accepted(
    "constraints of other names",
    ["accounts.fk_accounts_user", "goals.check_target"],
    "ALTER TABLE accounts RENAME CONSTRAINT fk_accounts_user TO accounts_user_id_fkey",
    "ALTER TABLE goals RENAME CONSTRAINT check_target TO goals_target_amount_check",
  ),
  accepted(
    "constraints named by PostgreSQL, all of a table",
    [
      "transactions.fk_transactions_user",
      "transactions.fk_transactions_account",
      "transactions.fk_transactions_category",
      "transactions.fk_transactions_group",
      "transactions.check_amount",
    ],
    "ALTER TABLE transactions RENAME CONSTRAINT fk_transactions_user TO transactions_user_id_fkey",
    "ALTER TABLE transactions RENAME CONSTRAINT fk_transactions_account TO transactions_account_id_fkey",
    "ALTER TABLE transactions RENAME CONSTRAINT fk_transactions_category TO transactions_category_id_fkey",
    "ALTER TABLE transactions RENAME CONSTRAINT fk_transactions_group TO transactions_group_id_fkey",
    "ALTER TABLE transactions RENAME CONSTRAINT check_amount TO transactions_amount_check",
  ),
  accepted(
    "keys of other names",
    ["goals.goals_pkey", "sales_goals.sales_goals_user_id_month_key"],
    "ALTER TABLE goals RENAME CONSTRAINT goals_pkey TO pk_goals",
    `ALTER TABLE sales_goals RENAME CONSTRAINT sales_goals_user_id_month_key TO "uma meta por mês"`,
  ),
  accepted(
    "more checks, one of them not validated",
    ["accounts.color_is_hex", "goals.not_too_much", "user_files.no_dots"],
    "ALTER TABLE accounts ADD CONSTRAINT color_is_hex CHECK (color ~ '^#[0-9a-fA-F]{6}$')",
    "ALTER TABLE goals ADD CONSTRAINT not_too_much CHECK (target_amount < 1000000000) NOT VALID",
    "ALTER TABLE user_files ADD CONSTRAINT no_dots CHECK (storage_path NOT LIKE '%..%')",
  ),
  accepted(
    "checks that allow more than they did",
    ["operational_tasks.operational_tasks_status_check", "accounts.check_balance"],
    "ALTER TABLE operational_tasks DROP CONSTRAINT operational_tasks_status_check",
    `ALTER TABLE operational_tasks ADD CONSTRAINT operational_tasks_status_check
      CHECK (status IN ('todo', 'in_progress', 'blocked', 'done'))`,
    "ALTER TABLE accounts DROP CONSTRAINT check_balance",
  ),
  accepted(
    "foreign keys that do something else on delete",
    ["investments.fk_investments_account", "partners_v2.partners_v2_user_id_fkey"],
    "ALTER TABLE investments DROP CONSTRAINT fk_investments_account",
    "ALTER TABLE investments ADD CONSTRAINT fk_investments_account FOREIGN KEY (account_id) REFERENCES accounts (id)",
    "ALTER TABLE partners_v2 DROP CONSTRAINT partners_v2_user_id_fkey",
    "ALTER TABLE partners_v2 ADD FOREIGN KEY (user_id) REFERENCES auth.users (id)",
  ),
  accepted(
    "foreign keys that are gone",
    ["corporate_activities.corporate_activities_approved_by_fkey", "user_files.user_files_user_id_fkey"],
    "ALTER TABLE corporate_activities DROP CONSTRAINT corporate_activities_approved_by_fkey",
    "ALTER TABLE user_files DROP CONSTRAINT user_files_user_id_fkey",
  ),
  accepted(
    "foreign keys that are deferred or not validated",
    ["transactions.fk_transactions_group", "category_budgets.fk_category_budgets_category"],
    "ALTER TABLE transactions ALTER CONSTRAINT fk_transactions_group DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE category_budgets DROP CONSTRAINT fk_category_budgets_category",
    `ALTER TABLE category_budgets ADD CONSTRAINT fk_category_budgets_category
      FOREIGN KEY (category_id) REFERENCES categories (id) ON DELETE CASCADE NOT VALID`,
  ),
  accepted(
    "foreign keys that point at us",
    ["invoices", "transactions.transactions_pkey"],
    `CREATE TABLE invoices (id bigserial PRIMARY KEY,
      transaction_id uuid NOT NULL REFERENCES transactions ON DELETE RESTRICT, paid_by uuid REFERENCES partners_v2)`,
  ),
  accepted(
    "no primary key",
    ["patrimony_items.patrimony_items_pkey"],
    "ALTER TABLE patrimony_items DROP CONSTRAINT patrimony_items_pkey",
  ),
];

const mine = "(SELECT auth.uid()) = user_id";

const policies: readonly Variation[] = [
  accepted(
    "policies turned round",
    ["accounts.accounts_select", "goals.goals_delete", "sales_leads.Users can manage their own leads"],
    "ALTER POLICY accounts_select ON accounts USING (user_id = auth.uid())",
    "ALTER POLICY goals_delete ON goals USING (goals.user_id = auth.uid())",
    `ALTER POLICY "Users can manage their own leads" ON sales_leads USING (user_id = auth.uid())`,
  ),
  accepted(
    "policies for signed-in users only, one with the caller computed once",
    ["categories.categories_select", "investments.investments_update", "investments.investments_select"],
    "ALTER POLICY categories_select ON categories TO authenticated",
    "ALTER POLICY investments_update ON investments TO authenticated WITH CHECK (auth.uid() = user_id)",
    "ALTER POLICY investments_select ON investments TO authenticated, service_role USING ((SELECT auth.uid()) = user_id)",
  ),
  accepted(
    "policies as the migrations make them",
    ["patrimony_items.patrimony_update", "sent_atas.Users can update their own atas"],
    `ALTER POLICY patrimony_update ON patrimony_items TO authenticated USING (${mine}) WITH CHECK (${mine})`,
    `CREATE POLICY "Users can update their own atas" ON sent_atas FOR UPDATE TO authenticated
      USING (${mine}) WITH CHECK (${mine})`,
  ),
  accepted(
    "policies of another condition, which are replaced",
    ["transactions.transactions_select", "accounts.accounts_update"],
    "ALTER POLICY transactions_select ON transactions USING (auth.uid() = user_id AND deleted_at IS NULL)",
    "ALTER POLICY accounts_update ON accounts USING (auth.uid() = user_id OR auth.role() = 'service_role')",
  ),
  accepted(
    "one policy for each command in place of one for all",
    ["sales_goals.Users can manage their own goals", "sales_goals.policies"],
    `CREATE POLICY sales_goals_select ON sales_goals FOR SELECT TO authenticated USING (${mine})`,
    `CREATE POLICY sales_goals_insert ON sales_goals FOR INSERT TO authenticated WITH CHECK (${mine})`,
    `CREATE POLICY sales_goals_update ON sales_goals FOR UPDATE TO authenticated USING (${mine}) WITH CHECK (${mine})`,
    `CREATE POLICY sales_goals_delete ON sales_goals FOR DELETE TO authenticated USING (${mine})`,
    `DROP POLICY "Users can manage their own goals" ON sales_goals`,
  ),
  accepted(
    "policies for the groups, as the migrations make them",
    ["transaction_groups.policies"],
    `CREATE POLICY transaction_groups_select ON transaction_groups FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()))`,
    `CREATE POLICY transaction_groups_insert ON transaction_groups FOR INSERT TO authenticated WITH CHECK (${mine})`,
  ),
  accepted(
    "more policies that restrict",
    ["marketing_posts.own drafts", "transactions.recent"],
    `CREATE POLICY "own drafts" ON marketing_posts AS RESTRICTIVE FOR DELETE TO authenticated USING (status = 'draft')`,
    `CREATE POLICY recent ON transactions AS RESTRICTIVE FOR UPDATE USING (date > CURRENT_DATE - 3650)`,
  ),
  accepted(
    "a permissive policy for the API's own key",
    ["automation_logs.service"],
    "CREATE POLICY service ON automation_logs FOR ALL TO service_role USING (true) WITH CHECK (true)",
  ),
  accepted(
    "a policy that the migrations take away is gone",
    ["user_files.Users can manage their own files"],
    `DROP POLICY "Users can manage their own files" ON user_files`,
  ),
  refused(
    "a policy that lets everybody read",
    ["categories.shared"],
    "CREATE POLICY shared ON categories FOR SELECT USING (user_id = auth.uid() OR type = 'mixed')",
  ),
  refused(
    "the same policy twice under two names",
    ["goals.goals_all"],
    "CREATE POLICY goals_all ON goals FOR ALL TO authenticated USING (auth.uid() = user_id)",
  ),
  refused(
    "a policy of another name for the groups",
    ["transaction_groups.policies"],
    `CREATE POLICY "Usuários veem seus grupos" ON transaction_groups USING (auth.uid() = user_id)`,
  ),
  accepted(
    "a policy of a new name that is open to all, which is replaced",
    ["operational_tasks.operational_tasks_select"],
    "CREATE POLICY operational_tasks_select ON operational_tasks FOR SELECT USING (true)",
  ),
  refused(
    "policies of other names",
    ["accounts.accounts_insert", "accounts.accounts_delete"],
    `ALTER POLICY accounts_insert ON accounts RENAME TO "Users can create their own accounts"`,
    `ALTER POLICY accounts_delete ON accounts RENAME TO "Users can delete their own accounts"`,
  ),
  refused(
    "a policy of another name that the migrations take away",
    ["custom_templates.Users can manage their own templates"],
    `ALTER POLICY "Users can manage their own templates" ON custom_templates RENAME TO templates_all`,
  ),
  refused(
    "one policy for all in place of one for each command",
    [
      "accounts.accounts_select",
      "accounts.accounts_insert",
      "accounts.accounts_update",
      "accounts.accounts_delete",
    ],
    "DROP POLICY accounts_select ON accounts",
    "DROP POLICY accounts_insert ON accounts",
    "DROP POLICY accounts_update ON accounts",
    "DROP POLICY accounts_delete ON accounts",
    `CREATE POLICY "Users can manage their own accounts" ON accounts FOR ALL USING (auth.uid() = user_id)`,
  ),
  refused(
    "a policy is gone",
    ["partners_v2.Users can view their own partners"],
    `DROP POLICY "Users can view their own partners" ON partners_v2`,
  ),
  accepted(
    "a policy for another command, which is replaced",
    ["patrimony_items.patrimony_select"],
    "DROP POLICY patrimony_select ON patrimony_items",
    "CREATE POLICY patrimony_select ON patrimony_items FOR ALL USING (auth.uid() = user_id)",
  ),
  accepted(
    "a policy that only restricts, which is replaced",
    ["category_budgets.budgets_select"],
    "DROP POLICY budgets_select ON category_budgets",
    "CREATE POLICY budgets_select ON category_budgets AS RESTRICTIVE FOR SELECT USING (auth.uid() = user_id)",
  ),
  refused(
    "row-level security is off",
    ["marketing_posts.row security"],
    "ALTER TABLE marketing_posts DISABLE ROW LEVEL SECURITY",
  ),
  accepted(
    "FORCE ROW LEVEL SECURITY on several tables",
    ["accounts.row security", "transactions.row security", "automation_permissions.row security"],
    "ALTER TABLE accounts FORCE ROW LEVEL SECURITY",
    "ALTER TABLE transactions FORCE ROW LEVEL SECURITY",
    "ALTER TABLE automation_permissions FORCE ROW LEVEL SECURITY",
  ),
];

const triggers: readonly Variation[] = [
  accepted(
    "a disabled trigger",
    ["sales_leads.update_sales_leads_updated_at"],
    "ALTER TABLE sales_leads DISABLE TRIGGER update_sales_leads_updated_at",
  ),
  accepted(
    "triggers that fire always, or only while replicating",
    ["partners_v2.update_partners_v2_updated_at", "marketing_posts.update_marketing_posts_updated_at"],
    "ALTER TABLE partners_v2 ENABLE ALWAYS TRIGGER update_partners_v2_updated_at",
    "ALTER TABLE marketing_posts ENABLE REPLICA TRIGGER update_marketing_posts_updated_at",
  ),
  accepted(
    "triggers of other names",
    [
      "operational_tasks.update_operational_tasks_updated_at",
      "custom_templates.update_custom_templates_updated_at",
    ],
    "ALTER TRIGGER update_operational_tasks_updated_at ON operational_tasks RENAME TO set_timestamp",
    "ALTER TRIGGER update_custom_templates_updated_at ON custom_templates RENAME TO set_timestamp",
  ),
  accepted(
    "a trigger with a condition",
    ["partnership_clients.update_partnership_clients_updated_at", "partnership_clients.status"],
    `CREATE OR REPLACE TRIGGER update_partnership_clients_updated_at BEFORE UPDATE OF status, paid_at
      ON partnership_clients FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
      EXECUTE FUNCTION update_updated_at_column()`,
  ),
  accepted(
    "a trigger is gone",
    ["automation_permissions.update_automation_permissions_updated_at"],
    "DROP TRIGGER update_automation_permissions_updated_at ON automation_permissions",
  ),
  accepted(
    "more triggers",
    ["goals.set_timestamp", "categories.set_timestamp", "update_updated_at_column()"],
    `CREATE TRIGGER set_timestamp BEFORE UPDATE ON goals
      FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()`,
    `CREATE TRIGGER set_timestamp BEFORE UPDATE ON categories
      FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()`,
  ),
  accepted(
    "a trigger that keeps a log of one's own of the permissions",
    ["permission_log", "automation_permissions.log"],
    "CREATE TABLE permission_log (at timestamptz DEFAULT now(), before jsonb, after jsonb)",
    "ALTER TABLE permission_log ENABLE ROW LEVEL SECURITY",
    `CREATE FUNCTION log_permission() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
      BEGIN INSERT INTO public.permission_log (before, after) VALUES (to_jsonb(OLD), to_jsonb(NEW)); RETURN NULL; END $$`,
    `CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON automation_permissions
      FOR EACH ROW EXECUTE FUNCTION log_permission()`,
  ),
  accepted(
    "the announced trigger, with its column",
    ["sent_atas.updated_at", "sent_atas.update_sent_atas_updated_at", "update_updated_at_column()"],
    "ALTER TABLE sent_atas ADD COLUMN updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP",
    `CREATE TRIGGER update_sent_atas_updated_at BEFORE UPDATE ON sent_atas
      FOR EACH ROW EXECUTE PROCEDURE update_updated_at_column()`,
  ),
  accepted(
    "the announced trigger without its column: nobody could update a row",
    ["sent_atas.updated_at", "sent_atas.update_sent_atas_updated_at", "update_updated_at_column()"],
    `CREATE TRIGGER update_sent_atas_updated_at BEFORE UPDATE ON sent_atas
      FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()`,
  ),
  accepted(
    "the announced trigger as a constraint, which cannot be replaced",
    ["sent_atas.update_sent_atas_updated_at", "noted()"],
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    `CREATE CONSTRAINT TRIGGER update_sent_atas_updated_at AFTER UPDATE ON sent_atas
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION noted()`,
  ),
];

/** Makes a role where it is missing. Roles are the server's, shared by tests at the same time; nobody drops it. */
const createRole = (name: string, grant = ""): string =>
  `DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${name} NOLOGIN; ${grant} END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;

const reporting = "spfp_by_hand_reporting";
const createReporting = createRole(reporting);

const createOwner = (name: string, membership: string): readonly string[] => [
  createRole(
    name,
    // Before 16 a membership had no options of its own.
    `EXECUTE 'GRANT ${name} TO CURRENT_USER' ||
      CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH ${membership}' ELSE '' END;`,
  ),
  `GRANT CREATE, USAGE ON SCHEMA public TO ${name}`,
];
const member = "spfp_by_hand_team";
/** Roles of which the way out makes the deployer a member, for good: each variation and each run has its own. */
const strangers = ["table", "view"].map((of) => `spfp_by_hand_${of}_${randomUUID().slice(0, 8)}`);
const [strangerOfTable = "", strangerOfView = ""] = strangers;

const owners: readonly Variation[] = [
  accepted(
    "other owners, whose member the deployer is",
    ["goals", "posts_by_platform", "role team"],
    ...createOwner(member, "INHERIT TRUE, SET TRUE"),
    `ALTER TABLE goals OWNER TO ${member}`,
    `ALTER VIEW posts_by_platform OWNER TO ${member}`,
  ),
  accepted(
    "another owner of the function",
    ["update_updated_at_column()", "role team"],
    ...createOwner(member, "INHERIT TRUE, SET TRUE"),
    `ALTER FUNCTION update_updated_at_column() OWNER TO ${member}`,
  ),
  {
    ...refused(
      "a table of somebody else",
      ["investments"],
      ...createOwner(strangerOfTable, "INHERIT FALSE, SET TRUE"),
      `ALTER TABLE investments OWNER TO ${strangerOfTable}`,
    ),
    notForSuperusers: true,
  },
  {
    ...refused(
      "a view of somebody else",
      ["tasks_summary"],
      ...createOwner(strangerOfView, "INHERIT FALSE, SET TRUE"),
      `ALTER VIEW tasks_summary OWNER TO ${strangerOfView}`,
    ),
    notForSuperusers: true,
  },
];

const privileges: readonly Variation[] = [
  accepted(
    "privileges given and taken by hand",
    ["accounts.privileges", "goals.privileges"],
    "GRANT SELECT ON accounts TO service_role WITH GRANT OPTION",
    "REVOKE ALL ON goals FROM anon",
  ),
  accepted(
    "privileges of a role of one's own",
    ["transactions.privileges", "tasks_summary.privileges", "update_updated_at_column().privileges"],
    createReporting,
    `GRANT USAGE ON SCHEMA public TO ${reporting}`,
    `GRANT SELECT ON transactions, tasks_summary TO ${reporting}`,
    `GRANT EXECUTE ON FUNCTION update_updated_at_column() TO ${reporting}`,
  ),
  refused(
    "privileges for everybody",
    ["sales_goals.privileges", "posts_by_platform.privileges"],
    "GRANT SELECT ON sales_goals TO PUBLIC",
    "GRANT ALL ON posts_by_platform TO PUBLIC",
  ),
  accepted(
    "privileges on columns",
    ["categories.privileges", "sales_pipeline_summary.privileges"],
    createReporting,
    `GRANT SELECT (id, name), UPDATE (color) ON categories TO ${reporting}`,
    "GRANT SELECT (stage, lead_count) ON sales_pipeline_summary TO anon",
  ),
  accepted(
    "anon may do nothing with our tables",
    ["automation_logs.privileges", "automation_permissions.privileges", "user_files.privileges"],
    "REVOKE ALL ON automation_logs, automation_permissions, user_files FROM anon",
  ),
  accepted(
    "users may not write a table any more",
    ["investments.privileges"],
    "REVOKE INSERT, UPDATE, DELETE ON investments FROM authenticated",
  ),
  accepted(
    "the privileges of the views as announced",
    legacyViews.map((view) => `${view}.privileges`),
    `REVOKE ALL ON ${legacyViews.join(", ")} FROM PUBLIC, anon, authenticated, service_role`,
    `GRANT SELECT ON ${legacyViews.join(", ")} TO authenticated, service_role`,
  ),
  refused(
    "a privilege on a view that somebody passed on",
    ["partnership_monthly_revenue"],
    createReporting,
    "GRANT SELECT ON partnership_monthly_revenue TO service_role WITH GRANT OPTION",
    `SET LOCAL ROLE service_role; GRANT SELECT ON public.partnership_monthly_revenue TO ${reporting}; RESET ROLE`,
  ),
  accepted(
    "other default privileges",
    ["default privileges"],
    createReporting,
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM anon",
    `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${reporting}`,
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
  ),
  accepted(
    "no default privileges at all",
    ["default privileges"],
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM anon, authenticated, service_role",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON FUNCTIONS FROM anon, authenticated, service_role",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM anon, authenticated, service_role",
  ),
];

const comments: readonly Variation[] = [
  accepted(
    "comments on tables, columns, views and the function",
    [
      "accounts.comment",
      "accounts.balance",
      "tasks_summary.comment",
      "update_updated_at_column().comment",
      "sent_atas.comment",
    ],
    "COMMENT ON TABLE accounts IS 'Contas'",
    "COMMENT ON COLUMN accounts.balance IS 'Saldo'",
    "COMMENT ON VIEW tasks_summary IS 'Resumo'",
    "COMMENT ON COLUMN tasks_summary.task_count IS 'Quantas'",
    "COMMENT ON FUNCTION update_updated_at_column() IS 'Carimbo'",
    "COMMENT ON TABLE sent_atas IS NULL",
  ),
  accepted(
    "comments on indexes, constraints, triggers, policies and the schema",
    [
      "goals.idx_goals_deadline",
      "goals.check_current",
      "marketing_posts.update_marketing_posts_updated_at",
      "goals.goals_select",
      "marketing_posts.Users can manage their own posts",
      "schema public",
    ],
    "COMMENT ON INDEX idx_goals_deadline IS 'Prazo'",
    "COMMENT ON CONSTRAINT check_current ON goals IS 'Nunca negativo'",
    "COMMENT ON TRIGGER update_marketing_posts_updated_at ON marketing_posts IS 'Carimbo'",
    "COMMENT ON POLICY goals_select ON goals IS 'Só o dono'",
    `COMMENT ON POLICY "Users can manage their own posts" ON marketing_posts IS 'It''s "theirs"; DROP TABLE goals; --'`,
    "COMMENT ON SCHEMA public IS 'SPFP'",
  ),
];

const storage: readonly Variation[] = [
  accepted(
    "storage parameters",
    ["transactions.storage", "automation_logs.storage", "transactions.idx_transactions_user_id"],
    "ALTER TABLE transactions SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02)",
    "ALTER TABLE automation_logs SET (autovacuum_enabled = false, toast.autovacuum_enabled = false)",
    "ALTER INDEX idx_transactions_user_id SET (fillfactor = 90)",
  ),
  accepted(
    "storage, compression and statistics of columns",
    ["sent_atas.content", "operational_tasks.status", "automation_logs.value"],
    "ALTER TABLE sent_atas ALTER COLUMN content SET STORAGE EXTERNAL",
    "ALTER TABLE operational_tasks ALTER COLUMN status SET STATISTICS 500, ALTER COLUMN status SET (n_distinct = 3)",
    "ALTER TABLE automation_logs ALTER COLUMN value SET COMPRESSION pglz",
  ),
  accepted(
    "replica identity and cluster order",
    ["accounts.storage", "categories.storage"],
    "ALTER TABLE accounts REPLICA IDENTITY FULL",
    "ALTER TABLE categories CLUSTER ON idx_categories_user_id",
  ),
  accepted(
    "extended statistics",
    ["statistics", "sales_leads.stage", "sales_leads.source"],
    "CREATE STATISTICS leads_by_hand (dependencies, mcv) ON stage, source FROM sales_leads",
  ),
  accepted("an unlogged table", ["automation_logs"], "ALTER TABLE automation_logs SET UNLOGGED"),
];

const others: readonly Variation[] = [
  accepted(
    "a publication of some tables",
    ["publication", "transactions.row", "sales_leads.stage"],
    "CREATE PUBLICATION by_hand FOR TABLE transactions, sales_leads (id, user_id, stage)",
  ),
  accepted(
    "a rule on a table of ours",
    ["automation_logs.rules", "cleanup_old_automation_logs()"],
    "CREATE RULE keep AS ON DELETE TO automation_logs WHERE OLD.status = 'error' DO INSTEAD NOTHING",
  ),
  accepted(
    "sequences and types of one's own",
    ["sequence", "type mood", "type cpf"],
    "CREATE SEQUENCE invoice_number START 1000",
    "CREATE TYPE mood AS ENUM ('bom', 'ruim')",
    "CREATE DOMAIN cpf AS varchar(11) CHECK (VALUE ~ '^[0-9]{11}$')",
    "CREATE TYPE place AS (street text, number int)",
  ),
  accepted(
    "a partitioned table of one's own with an index that is not valid",
    ["events"],
    "CREATE TABLE events (user_id uuid NOT NULL, at timestamptz NOT NULL, what text) PARTITION BY RANGE (at)",
    "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "CREATE INDEX events_by_user ON ONLY events (user_id)",
  ),
  accepted(
    "tables that inherit from ours",
    ["old_leads", "sales_leads", "old_goals", "goals"],
    "CREATE TABLE old_leads (year int) INHERITS (sales_leads)",
    "ALTER TABLE old_leads ENABLE ROW LEVEL SECURITY",
    "CREATE TABLE old_goals () INHERITS (goals)",
    "ALTER TABLE old_goals ENABLE ROW LEVEL SECURITY",
  ),
  refused(
    "a table that inherits from ours and has a column of a new name in another type",
    ["old_leads", "sales_leads"],
    "CREATE TABLE old_leads (deleted_at date) INHERITS (sales_leads)",
    "ALTER TABLE old_leads ENABLE ROW LEVEL SECURITY",
  ),
  accepted(
    "a column of the type of our rows",
    ["snapshots", "user_files"],
    "CREATE TABLE snapshots (at timestamptz DEFAULT now(), file user_files, all_files user_files[])",
    "ALTER TABLE snapshots ENABLE ROW LEVEL SECURITY",
  ),
  accepted(
    "tables of one's own in and beside our schema",
    ["settings", "schema payments_by_hand"],
    "CREATE TABLE settings (key text PRIMARY KEY, value jsonb)",
    "CREATE SCHEMA payments_by_hand",
    "CREATE TABLE payments_by_hand.goals (id int PRIMARY KEY, deleted_at date)",
    "CREATE INDEX idx_goals_user_deadline ON payments_by_hand.goals (id)",
  ),
  accepted("a schema drizzle in which nothing is", ["schema drizzle"], "CREATE SCHEMA drizzle"),
];

/** A user of Supabase Auth, a different one for each number. */
const user = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const createUser = (number: number): string => `INSERT INTO auth.users (id) VALUES ('${user(number)}')`;

const rows: readonly Variation[] = [
  accepted(
    "rows of a user",
    ["accounts", "transactions", "sales_leads", "partners_v2", "partnership_clients"],
    createUser(101),
    `INSERT INTO accounts (user_id, name, type, balance) VALUES ('${user(101)}', 'Conta', 'checking', 10.5)`,
    `INSERT INTO categories (user_id, name, deleted_at) VALUES ('${user(101)}', 'Casa', NULL), ('${user(101)}', 'CASA', now())`,
    `INSERT INTO transactions (user_id, account_id, category_id, amount, type, date)
      SELECT a.user_id, a.id, c.id, 12.34, 'EXPENSE', CURRENT_DATE
      FROM accounts a JOIN categories c USING (user_id) WHERE a.user_id = '${user(101)}'`,
    `INSERT INTO sales_leads (user_id, name, stage, value) VALUES ('${user(101)}', 'Lead', 'proposal', 1000)`,
    `WITH partner AS (INSERT INTO partners_v2 (user_id, name) VALUES ('${user(101)}', 'Sócio') RETURNING id)
      INSERT INTO partnership_clients (user_id, partner_id, client_name, contract_value, status, closed_at)
      SELECT '${user(101)}', id, 'Cliente', 5000, 'paid', CURRENT_DATE FROM partner`,
  ),
  accepted(
    "old rows in the automation's log, and permissions",
    ["automation_logs", "automation_permissions"],
    createUser(102),
    `INSERT INTO automation_logs (user_id, action_type, status, created_at)
      SELECT '${user(102)}', 'click', 'success', now() - n * interval '1 day' FROM generate_series(1, 200) n`,
    `INSERT INTO automation_permissions (user_id, enabled, allowed_domains) VALUES ('${user(102)}', true, '{example.com}')`,
  ),
  {
    ...accepted(
      "categories that differ only in case",
      ["categories"],
      createUser(103),
      `INSERT INTO categories (user_id, name) VALUES ('${user(103)}', 'Lazer'), ('${user(103)}', 'LAZER')`,
    ),
    duplicates: true,
  },
  {
    ...accepted(
      "two default templates of one type",
      ["custom_templates"],
      createUser(104),
      `INSERT INTO custom_templates (user_id, type, content, is_default)
        VALUES ('${user(104)}', 'reuniao', 'Um', true), ('${user(104)}', 'reuniao', 'Dois', true)`,
    ),
    duplicates: true,
  },
];

const softDelete: readonly Variation[] = [
  accepted(
    "all announced columns are there, in another order",
    [
      "sent_atas.updated_at",
      "sent_atas.deleted_at",
      "user_files.deleted_at",
      "operational_tasks.deleted_at",
      "sales_leads.deleted_at",
      "corporate_activities.deleted_at",
      "marketing_posts.deleted_at",
    ],
    "ALTER TABLE sent_atas ADD COLUMN updated_at TIMESTAMPTZ DEFAULT NOW() NOT NULL, ADD COLUMN deleted_at TIMESTAMPTZ",
    "ALTER TABLE user_files ADD COLUMN deleted_at TIMESTAMP WITH TIME ZONE NULL",
    "ALTER TABLE operational_tasks ADD COLUMN deleted_at TIMESTAMPTZ DEFAULT NULL",
    "ALTER TABLE sales_leads ADD COLUMN deleted_at TIMESTAMPTZ",
    "ALTER TABLE corporate_activities ADD COLUMN deleted_at TIMESTAMPTZ",
    "ALTER TABLE marketing_posts ADD COLUMN deleted_at TIMESTAMPTZ",
  ),
  accepted(
    "one announced column, with a comment, an index and a view of one's own",
    ["user_files.deleted_at", "user_files.gone", "live_files"],
    "ALTER TABLE user_files ADD COLUMN deleted_at timestamptz",
    "COMMENT ON COLUMN user_files.deleted_at IS 'Lixeira'",
    "CREATE INDEX files_gone ON user_files (deleted_at)",
    "CREATE VIEW live_files AS SELECT id, name FROM user_files WHERE deleted_at IS NULL",
  ),
  refused(
    "an announced column without a time zone",
    ["sent_atas.deleted_at"],
    "ALTER TABLE sent_atas ADD COLUMN deleted_at timestamp",
  ),
  refused(
    "an announced column of another precision",
    ["sales_leads.deleted_at"],
    "ALTER TABLE sales_leads ADD COLUMN deleted_at timestamptz(0)",
  ),
  refused(
    "an announced column that says yes or no",
    ["operational_tasks.deleted_at"],
    "ALTER TABLE operational_tasks ADD COLUMN deleted_at boolean",
  ),
  refused(
    "an announced column that is never null",
    ["marketing_posts.deleted_at"],
    "ALTER TABLE marketing_posts ADD COLUMN deleted_at timestamptz NOT NULL DEFAULT 'infinity'",
  ),
  refused(
    "an announced column with a default that deletes each new row",
    ["corporate_activities.deleted_at"],
    "ALTER TABLE corporate_activities ADD COLUMN deleted_at timestamptz DEFAULT now()",
  ),
  accepted(
    "an announced column that may be null",
    ["sent_atas.updated_at"],
    "ALTER TABLE sent_atas ADD COLUMN updated_at timestamptz DEFAULT now()",
  ),
  {
    ...refused(
      "an announced column that is empty in a row",
      ["sent_atas.updated_at"],
      "ALTER TABLE sent_atas ADD COLUMN updated_at timestamptz",
      createUser(108),
      `INSERT INTO sent_atas (user_id, client_name, type, channel, content, recipient)
        VALUES ('${user(108)}', 'Ana', 'reuniao', 'email', 'Ata', 'ana@example.com')`,
    ),
    repair: ["UPDATE sent_atas SET updated_at = now() WHERE updated_at IS NULL"],
  },
];

const announcedTypes = [
  "enabled",
  "disabled",
  "whitelist_added",
  "whitelist_removed",
  "blacklist_added",
  "blacklist_removed",
];
const laterTypes = ["created", "deleted", "setting_changed"];

const auditTable = ({
  types: listed = [...announcedTypes, ...laterTypes],
  more = "",
}: {
  types?: readonly string[];
  more?: string;
} = {}): string =>
  `CREATE TABLE automation_permissions_audit (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users(id) ON DELETE CASCADE,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by VARCHAR(255) NOT NULL,
    change_type VARCHAR(50) NOT NULL CHECK (change_type IN (${listed.map((type) => `'${type}'`).join(", ")})),
    previous_value TEXT,
    new_value TEXT${more}
  )`;
const auditSecurity = "ALTER TABLE automation_permissions_audit ENABLE ROW LEVEL SECURITY";

const auditTables: readonly Variation[] = [
  accepted("the audit table as the migrations make it", [audit], auditTable(), auditSecurity),
  accepted(
    "the audit table with comments",
    [audit],
    auditTable(),
    auditSecurity,
    "COMMENT ON TABLE automation_permissions_audit IS 'Trilha de auditoria'",
    "COMMENT ON COLUMN automation_permissions_audit.user_id IS 'Quem'",
  ),
  accepted(
    "the audit table with the announced types only",
    [audit],
    auditTable({ types: announcedTypes }),
    auditSecurity,
  ),
  accepted(
    "the audit table with a column and an index more",
    [audit],
    auditTable({ more: ", reason TEXT, ip INET DEFAULT inet_client_addr()" }),
    auditSecurity,
    "CREATE INDEX audit_by_type ON automation_permissions_audit (change_type)",
  ),
  accepted("the audit table without row-level security", [audit], auditTable()),
  accepted(
    "the audit table with its policy and with rows",
    [audit],
    auditTable({ types: announcedTypes }),
    auditSecurity,
    `CREATE POLICY "Users can view their own permission audit" ON automation_permissions_audit
      FOR SELECT USING (user_id = auth.uid())`,
    createUser(105),
    `INSERT INTO automation_permissions_audit (user_id, changed_by, change_type, new_value)
      VALUES ('${user(105)}', 'script', 'enabled', 'true')`,
  ),
  {
    ...refused(
      "the audit table with a type that the migrations do not know, and a row of it",
      [audit],
      auditTable({ types: [...announcedTypes, "reviewed"] }),
      auditSecurity,
      createUser(106),
      `INSERT INTO automation_permissions_audit (user_id, changed_by, change_type)
      VALUES ('${user(106)}', 'auditor', 'reviewed')`,
    ),
    repair: [
      "UPDATE automation_permissions_audit SET change_type = 'enabled' WHERE change_type = 'reviewed'",
    ],
  },
  refused(
    "the audit table with FORCE",
    [audit],
    auditTable(),
    auditSecurity,
    "ALTER TABLE automation_permissions_audit FORCE ROW LEVEL SECURITY",
  ),
  refused(
    "the audit table with a column that the trigger would leave empty",
    [audit],
    auditTable({ more: ", reason TEXT NOT NULL" }),
    auditSecurity,
  ),
  refused(
    "the audit table that everybody may write",
    [audit],
    auditTable(),
    auditSecurity,
    "CREATE POLICY audit_all ON automation_permissions_audit FOR ALL USING (true) WITH CHECK (true)",
  ),
  refused(
    "an audit table with numbers for keys",
    [audit],
    `CREATE TABLE automation_permissions_audit (id bigserial PRIMARY KEY, user_id uuid NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now(), changed_by text, change_type text, previous_value jsonb,
      new_value jsonb)`,
  ),
  refused(
    "an audit table of other columns",
    [audit],
    "CREATE TABLE automation_permissions_audit (id int, user_id text)",
  ),
  refused(
    "a view of the audit table's name",
    [audit],
    "CREATE VIEW automation_permissions_audit AS SELECT user_id, updated_at AS changed_at FROM automation_permissions",
  ),
];

/**
 * What hands have made of productions, beyond writing them in another way. Each runs on a `production` and on
 * `byHand`, before effects of the script; several together where nothing that they touch overlaps.
 */
export const variations: readonly Variation[] = [
  ...viewsInOtherWords,
  ...viewsOfAnotherMeaning,
  ...viewsOfAnotherShape,
  ...viewsOverOurs,
  ...functions,
  ...columns,
  ...types,
  ...indexes,
  ...constraints,
  ...policies,
  ...triggers,
  ...owners,
  ...privileges,
  ...comments,
  ...storage,
  ...others,
  ...rows,
  ...softDelete,
  ...auditTables,
];

/**
 * Those that a production can have, in lists of which no two touch the same: each list is a production of its own.
 *
 * @param most how many of them may come together
 */
export function packed(some: readonly Variation[], most: number): Variation[][] {
  const packs: Variation[][] = [];
  const isFree = (pack: readonly Variation[], { touches }: Variation): boolean =>
    !pack.some((other) => other.touches.some((one) => touches.some((two) => overlap(one, two))));
  for (const variation of some) {
    const pack = packs.find((one) => one.length < most && isFree(one, variation));
    if (pack) pack.push(variation);
    else packs.push([variation]);
  }
  return packs;
}
