import { beforeAll, describe, expect, it } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { baseline, planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { deploy, differencesBetween } from "../../support/deploy.ts";

async function database(state: "production" | "deployed"): Promise<TestDatabase> {
  const made = await createDatabase(state);
  return made;
}

/** What the others of a real database have in and around our tables. */
const others = [
  "create schema payments",
  "create table payments.invoices (id int primary key, user_id uuid not null, total numeric check (total > 0))",
  "insert into payments.invoices select n, gen_random_uuid(), n from generate_series(1, 10) n",
  "create view payments.spenders as select user_id, sum(amount) as spent from public.transactions group by user_id",
  "create materialized view payments.leads as select user_id, count(*) from public.sales_leads group by user_id",
  "create table public.settings (key text primary key, value jsonb)",
  "create view public.open_stages as select user_id, stage, lead_count from public.sales_pipeline_summary",
  "create function public.mine() returns int language sql as 'select 1'",
  "create index mine_on_transactions on public.transactions (amount) where amount > 100",
  "create index same_columns_by_hand on public.accounts (user_id, type) where deleted_at is null",
  "create statistics public.mine_statistics on user_id, stage from public.sales_leads",
  "alter table public.goals add column mine text default 'x'",
  "alter table public.goals add constraint mine_check check (mine <> '')",
  "create trigger mine before update on public.goals for each row execute function public.update_updated_at_column()",
  "comment on index public.mine_on_transactions is 'of another team'",
];

const seen = async ({ sql }: TestDatabase) => ({
  catalog: await readCatalog(sql, { schemas: ["payments"] }),
  settings: (await readCatalog(sql, { schemas: ["public"] })).tables.find(({ name }) => name === "settings"),
  invoices: [...(await sql`select * from payments.invoices order by id`)],
});

describe("a table of theirs that somebody holds as a whole", () => {
  it.each([
    ["it", "lock table payments.invoices in access exclusive mode"],
    ["an index of it", "reindex index payments.by_user"],
  ])("keeps no deployment waiting: %s", async (_title, hold) => {
    const one = await database("production");
    await one.sql.unsafe("create schema payments; create table payments.invoices (id int, user_id uuid)");
    await one.sql.unsafe("create index by_user on payments.invoices (user_id)");
    await baseline(spfpProject, one.url);
    await one.sql.begin(async (transaction) => {
      await transaction.unsafe(hold);
      expect(await deploy(one.url)).toMatchObject({ ok: true });
    });
  });
});

describe("what is not ours", () => {
  let theirs: TestDatabase;
  let plain: TestDatabase;
  let before: Awaited<ReturnType<typeof seen>>;
  let notes: readonly string[];

  beforeAll(async () => {
    theirs = await database("production");
    for (const statement of others) await theirs.sql.unsafe(statement);
    plain = await database("deployed");
    before = await seen(theirs);
    const adopted = await baseline(spfpProject, theirs.url);
    expect(adopted).toMatchObject({ outcome: "adopted", inTheWay: [], settled: [], untouched: [] });
    const sql = await connect(theirs.url);
    ({ notes } = await planFor(sql, spfpProject, []).finally(() => sql.end()));
    expect(await deploy(theirs.url)).toMatchObject({ ok: true });
  });

  it("is as it was after a deployment", async () => {
    expect(await seen(theirs)).toEqual(before);
  });

  it("is all that there is beyond what a deployment makes anywhere", async () => {
    expect((await differencesBetween(plain, theirs)).sort()).toEqual(
      [
        "extra column public.goals.mine",
        "extra constraint public.goals.mine_check",
        "extra function public.mine()",
        "extra index public.accounts.same_columns_by_hand",
        "extra index public.transactions.mine_on_transactions",
        "extra statistics public.mine_statistics",
        "extra table public.settings",
        "extra trigger public.goals.mine",
        "extra view public.open_stages",
      ].sort(),
    );
  });

  it("is named in the plan where it matters: an index on the same columns, a view on what changes", () => {
    const text = notes.join("\n");
    expect(text).toContain("same_columns_by_hand");
    expect(text).toContain("open_stages");
    expect(text).not.toContain("settings");
    expect(text).not.toContain("invoices");
  });
});
