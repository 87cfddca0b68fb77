import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  deploy,
  gatherFacts,
  makePlan,
  type Plan,
  type Project,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { createDatabase, type Sql, type TestDatabase } from "../../support/database.ts";
import { isToRun, outline, runStep, withDone } from "../../support/steps.ts";
import { writtenProject } from "../../support/written-project.ts";

const base = [
  "create type mood as enum ('ok', 'sad', 'bad')",
  "create table t (id integer primary key, a integer, b text, m mood default 'ok')",
  "create index t_a on t (a)",
];

/** A database after the base, and the project whose next migration is given. */
async function migrated(
  then: readonly string[],
): Promise<Pick<TestDatabase, "sql" | "url"> & { project: Project }> {
  const project = await writtenProject("pair", [base, then]);
  const database = await createDatabase("empty");
  const { sql, url } = database;
  for (const statement of base) await sql.unsafe(statement);
  await sql`insert into t select i, i, 'b' || i from generate_series(1, 3) i`;
  await writeJournal(sql, readMigrations(project.migrationsFolder).slice(0, 1));
  return { sql, url, project };
}

const planned = async (sql: Sql, project: Project): Promise<Plan> =>
  makePlan(project, await gatherFacts(sql, project), { allow: ["0001_pair"] });

/** Every way in which the database is not as the migrations leave it, what is there too included. */
async function differences(sql: Sql, project: Project): Promise<string[]> {
  const found = compareCatalogs(
    project.expectedCatalog("0001_pair"),
    await readCatalog(sql, { schemas: project.schemas }),
  );
  return found.map(({ kind, object }) => `${kind} ${object.kind} ${object.label}`);
}

describe("what a migration makes on its way and leaves in another form, or not at all,", () => {
  it.each([
    [
      "a key that is made again with more columns",
      [
        "alter table t add constraint t_key unique (a)",
        "alter table t drop constraint t_key",
        "alter table t add constraint t_key unique (a, b)",
      ],
    ],
    [
      "an index that is made again in another form",
      ["drop index t_a", "create index t_a on t (b)", "drop index t_a", "create index t_a on t (a, b)"],
    ],
    [
      "a table under the name that a view gets",
      ["create table u (id integer)", "drop table u", "create view u as select id from t"],
    ],
    [
      "a table that takes another's place",
      [
        "create table t_new (id bigint constraint t_new_pkey primary key, a integer, b text, m mood)",
        "insert into t_new select * from t",
        "alter table t rename to t_old",
        "alter table t_new rename to t",
        "drop table t_old",
        "create index t_b on t (b)",
      ],
    ],
    [
      "columns that change places",
      [
        "alter table t rename column a to c",
        "alter table t rename column b to a",
        "alter table t rename column c to b",
        "create index t_b on t (b)",
      ],
    ],
    [
      "a table and a column that get other names after they were changed",
      [
        "alter table t alter column a set not null",
        "alter table t rename column a to c",
        "alter table t alter column b set not null",
        "alter table t alter column b set default 'x'",
        "alter table t add constraint t_check check (c > 0)",
        "drop index t_a",
        "create index t_c on t (c)",
        "alter table t rename to s",
        "create index s_b on s (b)",
        "alter table s add constraint s_key unique (c)",
        "comment on column s.c is 'C'",
        "create view t as select id from s",
      ],
    ],
    [
      "a type that is made again with other values, as drizzle-kit does it",
      [
        "alter table t alter column m drop default",
        "alter table t alter column m set data type text",
        "drop type mood",
        "create type mood as enum ('ok', 'bad', 'new')",
        "alter table t alter column m set data type mood using m::mood",
        "alter table t alter column m set default 'new'",
        "create index t_m on t (m)",
      ],
    ],
    [
      "a column that is generated, no longer, and then in another way",
      [
        "alter table t add column g integer generated always as (a * 2) stored",
        "alter table t alter column g drop expression",
        "create index t_b on t (b)",
        "alter table t drop column g",
        "alter table t add column g integer generated always as (a * 3) stored",
      ],
    ],
    [
      "what is only for the migration itself",
      [
        "create table helper (id integer)",
        "insert into helper values (1)",
        "create index helper_id on helper (id)",
        "drop table helper",
        "create index t_b on t (b)",
        "drop index t_b",
        "create index t_c on t (b)",
        "alter index t_c rename to t_d",
        "drop index t_d",
        "create function touch() returns trigger language plpgsql as $$ begin return new; end $$",
        "create trigger touch after insert on t execute function touch()",
        "create or replace trigger touch after update on t for each row execute function touch()",
        "alter table t disable trigger touch",
        "drop trigger touch on t",
        "create type state as enum ('a', 'c')",
        "alter type state add value 'b' before 'c'",
        "create function f() returns integer language sql as 'select 1'",
        "comment on function f() is 'One'",
        "alter table t alter column a set default 1",
        "alter table t alter column a set not null",
        "alter table t alter column a set default 2",
      ],
    ],
  ])("%s: is continued from every point on the way, and no step done twice", async (_, statements) => {
    const { sql, project } = await migrated(statements);
    const whole = await planned(sql, project);
    const toRun = whole.steps.filter(isToRun);
    // All of it runs, but the drop of an index whose place the new one takes.
    const others = whole.steps.filter(
      (step) => !isToRun(step) && !step.reason?.startsWith("It serves until"),
    );
    expect(outline(others)).toEqual([]);
    const done: Plan["steps"] = [];
    for (const step of toRun) {
      await runStep(sql, step);
      done.push(step);
      const facts = withDone(await gatherFacts(sql, project), whole, done);
      const rest = await makePlan(project, facts, { allow: ["0001_pair"] });
      expect(outline(rest.steps.filter(({ action }) => action === "blocked"))).toEqual([]);
      expect(rest.steps.filter(isToRun).map(({ id }) => id)).toEqual(
        toRun.slice(done.length).map(({ id }) => id),
      );
    }
    expect(await differences(sql, project)).toEqual([]);
    expect(await sql`select count(*)::int as rows from t`).toEqual([{ rows: 3 }]);
  });
});

it("what somebody has changed since is put right, though later steps work on it too", async () => {
  const { sql, project } = await migrated([
    "create function f() returns integer language sql as 'select 1'",
    "comment on function f() is 'One'",
    "create type state as enum ('a', 'c')",
    "alter type state add value 'b' before 'c'",
    "create index t_b on t (b)",
    "alter table t rename to s",
  ]);
  const whole = await planned(sql, project);
  const done = whole.steps.slice(0, -1);
  for (const step of done) await runStep(sql, step);
  await sql`create or replace function f() returns integer language sql as 'select 2'`;
  await sql`drop index t_b`;
  const facts = withDone(await gatherFacts(sql, project), whole, done);
  const rest = await makePlan(project, facts, { allow: ["0001_pair"] });
  for (const step of rest.steps.filter(isToRun)) await runStep(sql, step);
  expect(await differences(sql, project)).toEqual([]);
});

it("an enum that somebody has made by hand gets the value that a later step adds", async () => {
  const { sql, project } = await migrated([
    "create type state as enum ('a', 'c')",
    "alter type state add value 'b' before 'c'",
    "alter table t alter column a set default 1",
    "alter table t alter column a drop not null",
  ]);
  await sql`create type state as enum ('a', 'c')`;
  const plan = await planned(sql, project);
  for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
  expect(await differences(sql, project)).toEqual([]);
});

it("what a step gave its name is not taken for somebody else's", async () => {
  const { sql, url, project } = await migrated([
    "create function f(a integer) returns integer language sql as 'select 1'",
    "alter function f(integer) rename to g",
    "alter function g(integer) strict",
    "create policy p on t using (true)",
    "alter policy p on t rename to q",
    "alter policy q on t using (a > 0)",
  ]);
  const report = await deploy(project, url, { mode: "quick", backupId: "none", allow: ["0001_pair"] });
  expect(report.error).toBeNull();
  expect(await differences(sql, project)).toEqual([]);
});

describe("what a plan sees of its own steps", () => {
  it.each([
    [
      "the columns that come from a query or another table",
      [
        "create materialized view m as select a, count(*) as n from t group by a",
        "create unique index m_a on m (a)",
        "create table l (like t including all)",
        "create index l_b on l (b)",
        "alter table l add column c integer",
        "alter table l alter column a set default 1",
        "alter table l rename column b to bb",
        "create view v as select id from t",
        "comment on column v.id is 'Number'",
        "create table p (id integer, at date) partition by range (at)",
        "create table p_1 partition of p for values from ('2025-01-01') to ('2026-01-01')",
        "create index p_1_at on p_1 (at)",
      ],
    ],
    [
      "which function of a name is left",
      [
        "create function f(a integer) returns integer language sql as 'select 1'",
        "drop function f(integer)",
        "create function f(a integer, b text) returns integer language sql as 'select 2'",
        "comment on function f is 'Two'",
        "revoke all on function f from public",
        "alter function f(integer, text) rename to g",
        "alter function g stable",
        "drop function g",
      ],
    ],
    [
      "what code that it cannot see into made",
      [
        "do $$ begin create table made (id integer); create type state as enum ('a'); end $$",
        "create index made_id on made (id)",
        "alter table made add column state state",
        "comment on table made is 'Made'",
      ],
    ],
    [
      "privileges on all that a schema holds, or on columns",
      [
        "revoke all on all tables in schema public from anon, authenticated",
        "grant select on all tables in schema public to anon",
        "grant update (a) on t to authenticated",
        "revoke select on t from anon",
        "revoke update on t from authenticated",
      ],
    ],
  ])("%s", async (_, statements) => {
    const { sql, project } = await migrated(statements);
    const plan = await planned(sql, project);
    expect(outline(plan.steps.filter((step) => !isToRun(step)))).toEqual([]);
    for (const step of plan.steps) await runStep(sql, step);
    expect(await differences(sql, project)).toEqual([]);
  });
});

describe("what is there, or is not, and so is nothing to do", () => {
  it("is IF EXISTS of what is not", async () => {
    const { sql, project } = await migrated([
      "alter table if exists nowhere add column a integer, add constraint c check (a > 0)",
      "alter table if exists nowhere rename to elsewhere",
      "alter table if exists nowhere rename column a to b",
      "alter table if exists nowhere set schema public",
      "alter index if exists nowhere rename to elsewhere",
      "alter view if exists nowhere rename to elsewhere",
      "alter sequence if exists nowhere increment by 2",
    ]);
    const plan = await planned(sql, project);
    expect(new Set(plan.steps.map(({ action }) => action))).toEqual(new Set(["skip"]));
  });

  it("is a role of the server", async () => {
    const role = `app_${randomBytes(6).toString("hex")}`;
    const { sql, project } = await migrated([
      `create role "${role}"`,
      `drop role if exists nobody_of_${role}`,
    ]);
    // It is every database's: another one may have made it.
    await sql.unsafe(`create role "${role}"`);
    try {
      const plan = await planned(sql, project);
      expect(plan.steps.map(({ action, title }) => [action, title])).toEqual([
        ["skip", `create role ${role}`],
        ["skip", `drop role nobody_of_${role}`],
      ]);
    } finally {
      await sql.unsafe(`drop role "${role}"`);
    }
  });
});
