import { afterAll, describe, expect, it } from "vitest";
import { type Catalog, compareCatalogs, readCatalog } from "../../src/catalog/index.ts";
import { baseline, rollback, spfpProject } from "../../src/deploy/index.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { deploy } from "./support/project.ts";

const databases: TestDatabase[] = [];
afterAll(() => Promise.all(databases.map((database) => database.drop())));

/** Ways in which a production that people made by hand differs from the one that the migrations describe. */
const variations: Readonly<Record<string, readonly string[]>> = {
  "other aliases and case in a view": [
    `CREATE OR REPLACE VIEW partnership_summary_by_partner AS
      SELECT pa.user_id, pa.id AS partner_id, pa.name AS partner_name, COUNT(pc.id) AS total_clients,
        COALESCE(SUM(pc.contract_value), 0) AS total_contract_value,
        COALESCE(SUM(pc.total_commission), 0) AS total_commission,
        COALESCE(SUM(pc.my_share), 0) AS total_my_share, COALESCE(SUM(pc.partner_share), 0) AS total_partner_share,
        COALESCE(SUM(pc.my_share) FILTER (WHERE pc.status = 'pending'), 0) AS pending_my_share,
        COALESCE(SUM(pc.my_share) FILTER (WHERE pc.status = 'paid'), 0) AS paid_my_share
      FROM partners_v2 pa LEFT JOIN partnership_clients pc ON pc.partner_id = pa.id
      GROUP BY pa.user_id, pa.id, pa.name`,
  ],
  "a view of another meaning with the same columns": [
    `CREATE OR REPLACE VIEW tasks_summary AS SELECT user_id, status, count(*) AS task_count,
      0::bigint AS high_priority_count, 0::bigint AS overdue_count
      FROM operational_tasks WHERE status <> 'done' GROUP BY user_id, status`,
  ],
  "NOW() in the function": [
    `CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER AS
      $$ BEGIN NEW.updated_at = NOW(); RETURN NEW; END; $$ LANGUAGE plpgsql`,
  ],
  "a function that does it in another way": [
    `CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER AS
      $$ BEGIN NEW.updated_at = clock_timestamp(); RETURN NEW; END; $$ LANGUAGE plpgsql`,
  ],
  "comments everywhere": [
    "COMMENT ON TABLE accounts IS 'Contas'",
    "COMMENT ON COLUMN accounts.balance IS 'Saldo'",
    "COMMENT ON VIEW tasks_summary IS 'Resumo'",
    "COMMENT ON FUNCTION update_updated_at_column() IS 'Carimbo'",
    "COMMENT ON TABLE sent_atas IS NULL",
  ],
  "more columns": [
    "ALTER TABLE accounts ADD COLUMN bank text NOT NULL DEFAULT 'none', ADD COLUMN branch text",
    "ALTER TABLE sales_leads ADD COLUMN score int DEFAULT 0",
  ],
  "text in place of varchar": ["ALTER TABLE goals ALTER COLUMN category TYPE text"],
  "indexes of other names": [
    "ALTER INDEX idx_goals_user_id RENAME TO goals_by_user",
    "DROP INDEX idx_accounts_deleted_at",
    "CREATE INDEX leads_by_stage ON sales_leads (user_id, stage, probability DESC)",
  ],
  "constraints of other names": [
    "ALTER TABLE accounts RENAME CONSTRAINT fk_accounts_user TO accounts_user_id_fkey",
    "ALTER TABLE goals RENAME CONSTRAINT check_target TO goals_target_amount_check",
  ],
  "policies turned round": ["ALTER POLICY accounts_select ON accounts USING (user_id = auth.uid())"],
  "a disabled trigger": ["ALTER TABLE sales_leads DISABLE TRIGGER update_sales_leads_updated_at"],
  "views over our tables": [
    "CREATE VIEW spenders AS SELECT user_id, sum(amount) AS spent FROM transactions GROUP BY user_id",
    "CREATE VIEW open_stages AS SELECT * FROM sales_pipeline_summary",
  ],
  "privileges given by hand": [
    "GRANT SELECT ON accounts TO service_role WITH GRANT OPTION",
    "REVOKE ALL ON goals FROM anon",
  ],
};

/**
 * The texts that a person wrote, to the letter. How PostgreSQL prints a list changes when a view is made from its own
 * printed text; what the list says does not.
 */
const letters = ({ views, functions }: Catalog) => ({
  views: views.map(({ name, definition, comment }) => ({
    name,
    comment,
    definition: definition.replaceAll(/\(ARRAY\[.*?\]\)::text\[\]|ARRAY\[.*?\]/g, "list"),
  })),
  functions: functions.map(({ name, body, comment, config }) => ({ name, body, comment, config })),
});

/** How a database differs from what it was, but for the columns that a rollback keeps. */
const differencesFrom = (before: Catalog, now: Catalog) =>
  compareCatalogs(before, now, { owners: true }).filter(
    ({ kind, object }) => !(kind === "extra" && object.kind === "column"),
  );

describe("a production made by hand is adopted, deployed, taken back to the letter and deployed again", () => {
  it.each([...Object.entries(variations), ["all of it", Object.values(variations).flat()] as const])(
    "%s",
    async (_title, statements) => {
      const database = await createDatabase("production");
      databases.push(database);
      const { sql, url } = database;
      for (const statement of statements) await sql.unsafe(statement);
      const before = await readCatalog(sql, { schemas: ["public"] });

      expect(await baseline(spfpProject, url)).toMatchObject({
        outcome: "adopted",
        point: "0001_baseline_objects",
        inTheWay: [],
      });
      const first = await deploy(url);
      expect(first.findings.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(first).toMatchObject({ ok: true, error: null });
      const after = await readCatalog(sql, { schemas: ["public"] });

      const back = await rollback(spfpProject, url, { scope: "all", approvedBy: "Ana Souza" });
      expect(back).toMatchObject({ ok: true, error: null });
      const now = await readCatalog(sql, { schemas: ["public"] });
      expect(differencesFrom(before, now)).toEqual([]);
      expect(letters(now)).toEqual(letters(before));

      expect(await deploy(url)).toMatchObject({ ok: true, error: null });
      expect(
        compareCatalogs(after, await readCatalog(sql, { schemas: ["public"] }), { owners: true }),
      ).toEqual([]);
    },
  );
});
