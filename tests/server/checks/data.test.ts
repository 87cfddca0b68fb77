import postgres from "postgres";
import { afterAll, describe, expect, inject, it } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { checkData } from "../../../src/checks/data.ts";
import { check, found } from "../../support/check-report.ts";
import { createDatabase, type Transaction } from "../../support/database.ts";
import { withDatabase } from "../../support/states.ts";

const database = await createDatabase("deployed");
const administrator = postgres(
  withDatabase(parseDatabaseUrl(inject("testServer").administrator), new URL(database.url).pathname.slice(1)),
  { max: 1, onnotice: () => {} },
);
afterAll(() => administrator.end());

const user = "00000000-0000-4000-8000-000000000001";
const createUser = `insert into auth.users (id) values ('${user}')`;

/** What is reported, area by area, of a database in which this was done. */
async function afterwards(sql: Transaction, statements: string): Promise<string[][]> {
  await sql.unsafe(statements).simple();
  const report = await check(sql);
  return report.areas.flatMap(({ findings }) =>
    findings.map(({ check: id, severity, object, actual }) => [id, severity, object, actual ?? "nothing"]),
  );
}

describe("rows that the rules of uniqueness forbid are reported beside the rule that is missing:", () => {
  it("categories of one user that differ only in case", async () => {
    const findings = await database.transaction((sql) =>
      afterwards(
        sql,
        `${createUser}; drop index unique_user_category_name;
         insert into categories (user_id, name) values ('${user}', 'Food'), ('${user}', 'FOOD'), ('${user}', 'food')`,
      ),
    );
    expect(findings.map(([id]) => id)).toEqual(["constraints.uniqueness-missing", "data.duplicate-category"]);
    expect(findings[1]?.slice(2)).toEqual(["public.categories", `1 (for example ${user})`]);
  });

  it("several default templates of one type", async () => {
    const findings = await database.transaction((sql) =>
      afterwards(
        sql,
        `${createUser}; drop index unique_default_template;
         insert into custom_templates (user_id, type, content, is_default)
           values ('${user}', 'reuniao', '', true), ('${user}', 'reuniao', '', true)`,
      ),
    );
    expect(findings.map(([id, , object]) => [id, object])).toEqual([
      ["constraints.uniqueness-missing", "public.custom_templates.unique_default_template"],
      ["data.duplicate-default-template", "public.custom_templates"],
    ]);
  });

  it("but not those of deleted categories, other users, or templates that are no default", async () => {
    const findings = await database.transaction((sql) =>
      afterwards(
        sql,
        `${createUser}; insert into auth.users (id) values ('00000000-0000-4000-8000-000000000002');
         drop index unique_user_category_name; drop index unique_default_template;
         insert into categories (user_id, name, deleted_at) values ('${user}', 'Food', null), ('${user}', 'FOOD', now()),
           ('00000000-0000-4000-8000-000000000002', 'food', null);
         insert into custom_templates (user_id, type, content, is_default)
           values ('${user}', 'reuniao', '', true), ('${user}', 'reuniao', '', false), ('${user}', 'reuniao', '', null)`,
      ),
    );
    expect(findings.map(([id]) => id)).toEqual([
      "constraints.uniqueness-missing",
      "constraints.uniqueness-missing",
    ]);
  });

  it("and an index left half built by duplicates is not taken for the rule", async () => {
    const copy = await createDatabase("deployed");
    await copy.sql.unsafe(
      `drop index unique_user_category_name; ${createUser};
         insert into categories (user_id, name) values ('${user}', 'Food'), ('${user}', 'FOOD')`,
    );
    await expect(
      copy.sql.unsafe(
        "create unique index concurrently unique_user_category_name on categories (user_id, lower(name)) where deleted_at is null",
      ),
    ).rejects.toThrow("could not create unique index");
    expect(found((await check(copy.sql)).areas)).toEqual([
      ["constraints.uniqueness", "public.categories.unique_user_category_name"],
      ["data.duplicate-category", "public.categories"],
    ]);
  });
});

describe("a row without its parent is reported, and nothing else is:", () => {
  it.each([
    [
      "a row of a user who is not there",
      `insert into goals (user_id, name, target_amount) values ('${user}', 'x', 1)`,
      "public.goals.user_id",
    ],
    [
      "a transaction in a group that is not there",
      `${createUser};
       insert into accounts (id, user_id, name, type) values ('${user}', '${user}', 'x', 'other');
       insert into categories (id, user_id, name) values ('${user}', '${user}', 'x');
       insert into transactions (user_id, account_id, category_id, amount, type, date, group_id)
         values ('${user}', '${user}', '${user}', 1, 'INCOME', '2026-01-01', '${user}')`,
      "public.transactions.group_id",
    ],
  ])("%s", async (_, statements, object) => {
    await expect(
      // Foreign keys are triggers of the system: only a superuser can turn them off, as a restore does.
      administrator.begin(async (sql) => {
        await sql`set local session_replication_role = replica`;
        await sql.unsafe(statements).simple();
        await sql`set local session_replication_role = origin`;
        expect(found((await check(sql)).areas)).toEqual([["data.orphan", object]]);
        throw new Error("undo");
      }),
    ).rejects.toThrow("undo");
  });
});

describe("a row that refers to another user's is reported, and nothing else is:", () => {
  const other = "00000000-0000-4000-8000-000000000009";
  it.each([
    [
      "a transaction under another's account",
      `insert into transactions (user_id, account_id, category_id, amount, type, date)
         values ('${user}', '${other}', '${user}', 1, 'INCOME', '2026-01-01')`,
      "public.transactions.account_id",
    ],
    [
      "a deleted budget for another's category",
      `insert into category_budgets (user_id, category_id, monthly_limit, deleted_at) values ('${user}', '${other}', 1, now())`,
      "public.category_budgets.category_id",
    ],
  ])("%s", async (_, statement, object) => {
    const findings = await database.transaction((sql) =>
      afterwards(
        sql,
        `${createUser}; insert into auth.users (id) values ('${other}');
         insert into accounts (id, user_id, name, type) values ('${other}', '${other}', 'x', 'other');
         insert into categories (id, user_id, name) values ('${user}', '${user}', 'x'), ('${other}', '${other}', 'x');
         alter table transactions disable trigger transactions_own_references;
         alter table category_budgets disable trigger category_budgets_own_references;
         ${statement};
         alter table transactions enable trigger transactions_own_references;
         alter table category_budgets enable trigger category_budgets_own_references`,
      ),
    );
    expect(findings.map((finding) => finding.slice(0, 3))).toEqual([["data.crossing", "error", object]]);
  });
});

const insertPermissions = `insert into automation_permissions (user_id, enabled, allowed_domains, blocked_domains)
  values ('${user}', false, '{a.example}', '{}')`;
const unseen = (change: string): string =>
  `alter table automation_permissions disable trigger record_automation_permission_change; ${change};
   alter table automation_permissions enable trigger record_automation_permission_change`;
const trailEnds = ["data.audit-trail", "error", "public.automation_permissions_audit"];

describe("a trail that does not end in the permissions as they are is reported:", () => {
  it.each([
    ["enabled", "update automation_permissions set enabled = true"],
    ["a domain allowed", "update automation_permissions set allowed_domains = '{a.example, b.example}'"],
    ["a domain no longer allowed", "update automation_permissions set allowed_domains = '{}'"],
    ["a domain blocked", "update automation_permissions set blocked_domains = '{b.example}'"],
    ["a setting changed", "update automation_permissions set max_actions_per_hour = 7"],
    ["a setting emptied", "update automation_permissions set allow_typing = null"],
    ["deleted", "delete from automation_permissions"],
  ])("%s unseen", async (_, change) => {
    const findings = await database.transaction((sql) =>
      afterwards(sql, `${createUser}; ${insertPermissions}; ${unseen(change)}`),
    );
    expect(findings.map((finding) => finding.slice(0, 3))).toEqual([trailEnds]);
  });

  it.each([
    [
      "changes back and forth",
      `update automation_permissions set enabled = true, allow_clicks = true, allowed_domains = '{b.example}';
       update automation_permissions set enabled = false, allow_clicks = false, allowed_domains = '{a.example, b.example}';
       update automation_permissions set max_actions_per_hour = null, blocked_domains = '{c.example, null}'`,
    ],
    ["deletion", "delete from automation_permissions"],
    ["deletion and another beginning", `delete from automation_permissions; ${insertPermissions}`],
    [
      "a move to another user",
      `insert into auth.users (id) values ('00000000-0000-4000-8000-000000000002');
       update automation_permissions set user_id = '00000000-0000-4000-8000-000000000002'`,
    ],
    ["a column added later", "alter table automation_permissions add column colour text default 'red'"],
  ])("not after %s that it recorded", async (_, changes) => {
    // Each statement of its own, as an application sends them: a trail is ordered by the clock.
    expect(
      await database.transaction((sql) => afterwards(sql, `${createUser}; ${insertPermissions}; ${changes}`)),
    ).toEqual([]);
  });

  it("only as a warning where its records are older than the trigger", async () => {
    const findings = await database.transaction((sql) =>
      afterwards(
        sql,
        `${createUser}; ${unseen(insertPermissions)};
         insert into automation_permissions_audit (user_id, changed_by, change_type, previous_value, new_value)
           values ('${user}', 'the application', 'enabled', 'false', 'true')`,
      ),
    );
    expect(findings.map((finding) => finding.slice(0, 3))).toEqual([
      ["data.audit-trail-before", "warning", "public.automation_permissions_audit"],
    ]);
  });

  it("not where there are no records: permissions can be older than the trail", async () => {
    expect(
      await database.transaction((sql) => afterwards(sql, `${createUser}; ${unseen(insertPermissions)}`)),
    ).toEqual([]);
  });
});

describe("a table with more rows than are looked at whole", () => {
  it("is looked at in part, which is told, and what is small is looked at whole", async () => {
    const { sql } = await createDatabase("deployed");
    await sql`insert into auth.users (id) select gen_random_uuid() from generate_series(1, 50)`;
    await sql`insert into goals (user_id, name, target_amount) select id, 'x', 1 from auth.users`;
    await sql`analyze goals`;
    const catalog = await readCatalog(sql, { schemas: ["public"] });
    const look = (most: number) =>
      checkData(sql, { expected: catalog, actual: catalog }, { whole: most, sample: most });
    expect((await look(50)).findings).toEqual([]);
    expect((await look(10)).findings).toEqual([
      expect.objectContaining({
        check: "data.sampled",
        severity: "info",
        object: "public.goals",
        actual: "one row of 5 looked at, picked at random",
      }),
    ]);
  });
});
