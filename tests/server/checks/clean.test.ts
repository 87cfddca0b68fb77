import { getTableConfig } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { check, found } from "../../support/check-report.ts";
import { createDatabase } from "../../support/database.ts";
import { insertRow, managedTables } from "../../support/rows.ts";

const database = await createDatabase("deployed");

/** What a real database holds beside what is managed. */
const unmanaged = `
  create schema billing;
  create table billing.invoices (id int, note text);
  create table payments (id bigserial, account_id uuid references accounts (id), "Odd Name" text unique);
  create index on payments (account_id);
  create view account_names as select id, name from accounts;
  create materialized view totals as select user_id, count(*) from transactions group by 1;
  grant select on payments, account_names, totals to anon, authenticated;
  create function discount(amount numeric) returns numeric language sql as 'select amount * 0.9';
  create type mood as enum ('well', 'ill');
  create domain positive as int check (value > 0);
  create sequence invoice_numbers;

  alter table accounts add column bank text default 'none', add column nickname text;
  alter table goals add column doubled numeric generated always as (target_amount * 2) stored;
  create index accounts_by_bank on accounts (bank);
  create unique index accounts_by_name on accounts (user_id, name, id);
  alter table accounts add constraint short_nickname check (length(nickname) < 100);
  create function log_nothing() returns trigger language plpgsql as 'begin return new; end';
  create trigger log_accounts before insert or update on accounts for each row execute function log_nothing();
  create trigger log_categories after delete on categories for each statement execute function log_nothing();
  create policy not_frozen on accounts as restrictive for select to authenticated using (balance >= 0);
  grant select, insert, update, delete on accounts, tasks_summary to postgres;
  revoke insert, update, delete on accounts from anon;
  alter table accounts set (fillfactor = 90);
  alter table accounts alter column name set statistics 500;
  comment on table accounts is 'ours';
  comment on column accounts.name is 'shown in the list';
  comment on view tasks_summary is 'for the board';
  comment on function business_date() is 'today';
  comment on policy accounts_select on accounts is 'own rows'`;

describe("a deployed database has no finding", () => {
  it("when empty, and every area has looked at something", async () => {
    const report = await check(database.sql);
    expect(found(report.areas)).toEqual([]);
    expect(report.ok).toBe(true);
    for (const { area, examined } of report.areas) expect(examined, area).toBeGreaterThan(0);
  });

  it("when it holds rows of several users, deleted ones among them", async () => {
    await database.transaction(async (sql) => {
      for (const deletedAt of [null, "2026-03-01", null]) {
        const user = crypto.randomUUID();
        await sql`insert into auth.users (id) values (${user})`;
        for (const [, table] of managedTables) {
          const { name, columns } = getTableConfig(table);
          // Its rows come from the trigger.
          if (name === "automation_permissions_audit") continue;
          const deletable = columns.some((column) => column.name === "deleted_at");
          await insertRow(sql, table, user, deletable ? { deleted_at: deletedAt } : {});
        }
      }
      expect(found((await check(sql)).areas)).toEqual([]);
    });
  });

  it("when somebody keeps things of their own there", async () => {
    await database.transaction(async (sql) => {
      await sql.unsafe(unmanaged).simple();
      expect(found((await check(sql)).areas)).toEqual([]);
    });
  });

  it("when a role of somebody else's has rights on everything", async () => {
    const role = `spfp_test_reader_${crypto.randomUUID().slice(0, 8)}`;
    await database.transaction(async (sql) => {
      // Rolled back with the transaction: roles are the whole server's.
      await sql
        .unsafe(
          `create role ${role}; grant all on all tables in schema public to ${role};
         grant execute on all functions in schema public to ${role}; grant select (name) on accounts to ${role}`,
        )
        .simple();
      expect(found((await check(sql)).areas)).toEqual([]);
    });
  });
});

describe("what is not as the migrations make it, and need not be", () => {
  it("a column of somebody else's that must be given a value: only that table's behaviour is not tried", async () => {
    await database.transaction(async (sql) => {
      await sql.unsafe("alter table user_files add column bucket text not null");
      const report = await check(sql);
      expect(found(report.areas)).toEqual([["behaviour.not-tried", "public.user_files"]]);
      expect(report.ok).toBe(true);
    });
  });

  it("investments in its older shape is worth a remark", async () => {
    await database.transaction(async (sql) => {
      await sql
        .unsafe(
          `drop index idx_investments_account_id;
         alter table investments drop column account_id, drop column symbol, drop column average_price,
           add column ticker varchar(20) not null, add column institution text, add column rate numeric(5, 2),
           add column goal_id uuid references goals (id), alter column quantity type numeric(19, 4);
         create index on investments (goal_id)`,
        )
        .simple();
      const report = await check(sql);
      const findings = report.areas.flatMap((area) => area.findings);
      expect(findings.map(({ check, severity, object }) => [check, severity, object])).toEqual([
        ["columns.older-shape", "info", "public.investments"],
      ]);
      expect(report.ok).toBe(true);
    });
  });

  it("but an older investments whose row security is off is no remark", async () => {
    await database.transaction(async (sql) => {
      await sql
        .unsafe(
          `alter table investments drop column account_id cascade, drop column symbol;
         alter table investments disable row level security`,
        )
        .simple();
      const report = await check(sql);
      expect(found(report.areas)).toEqual([
        ["columns.older-shape", "public.investments"],
        ["rls.enabled", "public.investments"],
      ]);
      expect(report.ok).toBe(false);
    });
  });
});
