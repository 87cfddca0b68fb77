import postgres from "postgres";
import { afterAll, describe, expect, inject, it } from "vitest";
import { parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { checkBehaviour } from "../../../src/checks/behaviour.ts";
import { gatherEvidence } from "../../../src/checks/evidence.ts";
import { check, expected, type Found, found } from "../../support/check-report.ts";
import { createDatabase } from "../../support/database.ts";
import { withDatabase } from "../../support/states.ts";

const database = await createDatabase("deployed");

/** As the role that made the server: the only one that may change what is Supabase's. */
const administrator = postgres(
  withDatabase(parseDatabaseUrl(inject("testServer").administrator), new URL(database.url).pathname.slice(1)),
  { max: 1, onnotice: () => {} },
);
afterAll(() => administrator.end());

const raising = `create function refuse() returns trigger language plpgsql as
  $$begin raise exception 'not on a %', to_char(now(), 'FMDay'); end$$`;
const swallowing = `create function swallow() returns trigger language plpgsql as 'begin return null; end'`;

describe("what no catalog shows is found by trying, once for both users:", () => {
  it.each<[string, string, Found]>([
    [
      "a trigger of somebody else's swallows deletes",
      `${swallowing}; create trigger mine before delete on accounts for each row execute function swallow()`,
      ["behaviour.delete", "public.accounts"],
    ],
    [
      "a rule makes deletes something else",
      "create rule mine as on delete to sales_goals do instead select 1",
      ["behaviour.delete", "public.sales_goals"],
    ],
    [
      "a trigger refuses every row",
      `${raising}; create trigger mine before insert on sent_atas for each row execute function refuse()`,
      ["behaviour.not-tried", "public.sent_atas"],
    ],
    [
      "a trigger refuses every row of a table that others refer to",
      `${raising}; create trigger mine before insert on categories for each row execute function refuse()`,
      ["behaviour.not-tried", "public.categories"],
    ],
    [
      "a restrictive policy hides deleted rows, so that no user can delete softly",
      "create policy mine on operational_tasks as restrictive for select to authenticated using (deleted_at is null)",
      ["behaviour.update", "public.operational_tasks"],
    ],
  ])("%s", async (_, breakage, wanted) => {
    await database.transaction(async (sql) => {
      await sql.unsafe(breakage).simple();
      expect(found((await check(sql)).areas)).toEqual([wanted]);
    });
  });

  it("users may not use the schema", async () => {
    await database.transaction(async (sql) => {
      await sql`revoke usage on schema public from public, authenticated`;
      const broken = (await check(sql)).areas.filter(({ findings }) => findings.length > 0);
      expect(broken.map(({ area }) => area)).toEqual(["behaviour"]);
      expect(found(broken)).toContainEqual(["behaviour.read", "public.accounts"]);
    });
  });

  it("auth.uid() takes everybody for one user: nobody's rows are their own, and only behaviour can tell", async () => {
    await expect(
      administrator.begin(async (sql) => {
        await sql.unsafe(`create or replace function auth.uid() returns uuid language sql stable
          as $$ select '00000000-0000-4000-8000-000000000001'::uuid $$`);
        const report = await check(sql);
        expect(report.ok).toBe(false);
        const broken = report.areas.filter(({ findings }) => findings.length > 0);
        expect(broken.map(({ area }) => area)).toEqual(["behaviour"]);
        expect(found(broken)).toContainEqual(["behaviour.read", "public.accounts"]);
        expect(found(broken)).toContainEqual(["behaviour.read", "public.dashboard_metrics"]);
        throw new Error("undo");
      }),
    ).rejects.toThrow("undo");
  });

  it("says who tried what, what should have come of it, and what did", async () => {
    await database.transaction(async (sql) => {
      await sql
        .unsafe(`${swallowing}; create trigger mine before delete on accounts for each row
        execute function swallow()`)
        .simple();
      const [behaviour] = (await check(sql, ["behaviour"])).areas;
      expect(behaviour?.findings[0]).toMatchObject({
        expected: "a user deletes a row of their own: 1 row",
        actual: "0 rows",
      });
    });
  });

  it("references to rows of others are let through, where nothing but row-level security looks at them", async () => {
    await database.transaction(async (sql) => {
      for (const table of ["transactions", "category_budgets", "partnership_clients", "investments"]) {
        await sql`drop trigger ${sql(`${table}_own_references`)} on ${sql(table)}`;
      }
      // The catalog would tell, and then nobody would try.
      const { findings } = await checkBehaviour(sql, gatherEvidence(expected, expected));
      expect(findings.map(({ check, object, expected: wanted }) => [check, object, wanted])).toEqual(
        [
          ["category_budgets", "category_id"],
          ["investments", "account_id"],
          ["partnership_clients", "partner_id"],
          ["transactions", "account_id"],
          ["transactions", "category_id"],
          ["transactions", "group_id"],
        ].flatMap(([table, column]) =>
          ["insert", "update"].map((rule) => [
            `behaviour.${rule}`,
            `public.${table}`,
            `a user refers to a row of another by ${column}: refusal`,
          ]),
        ),
      );
    });
  });

  it("a table that somebody has locked: the check does not queue before them for long", async () => {
    await database.transaction(async (other) => {
      await other`lock table goals in exclusive mode`;
      const findings = found((await check(database.sql, ["behaviour"])).areas);
      expect(findings).toEqual([["behaviour.not-tried", "public.goals"]]);
    });
  });
});
