import { expect, it } from "vitest";
import { followCatalog } from "../../../packages/drizzle-deploy/src/catalog/follow.ts";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { createDatabase } from "../../support/database.ts";

/** Each changes how some table is printed, its own or another's, or shows that nothing else is. */
const changes = [
  "create schema app",
  "create type mood as enum ('low', 'high')",
  "create type app.mood as enum ('other')",
  "create domain email as text check (value like '%@%')",
  "create function f(int) returns boolean language sql immutable as 'select $1 > 0'",
  "create sequence numbers",
  `create table a (id int primary key default nextval('numbers'), m mood default 'low', e email, x int, y int,
    check (f(x)), constraint xy unique (x, y))`,
  "create table b (id int primary key, a int references a (id), ax int, ay int, foreign key (ax, ay) references a (x, y))",
  "create table app.c (id serial primary key, t text collate \"C\" default 'x')",
  "create policy p on b using (exists (select from a where a.x = b.ax))",
  "create view v as select id, x as renamed from a",
  "create policy q on b using (exists (select from v where v.renamed = b.ax))",
  "create function touch() returns trigger language plpgsql as 'begin return new; end'",
  "create trigger t before update of ax on b for each row execute function touch()",
  "alter type mood rename value 'low' to 'lower'",
  "alter type mood add value 'middle' before 'high'",
  "alter type mood rename to moods",
  "alter function f(int) rename to g",
  "create function g(bigint) returns boolean language sql immutable as 'select $1 > 1'",
  "alter sequence numbers rename to counted",
  "alter table a rename column x to xx",
  "alter table a rename column xx to z; alter table a rename column y to xx; alter table a rename column z to y",
  "alter view v rename column renamed to again",
  "alter table a rename to alpha",
  "alter table b set schema app",
  "alter table app.b set schema public",
  "create table app.alpha (id int)",
  "drop table app.alpha",
  "create type app.moods as enum ('x')",
  "comment on table b is 'of b'",
  "comment on column b.ax is 'of ax'",
  "comment on index xy is 'of xy'",
  "comment on constraint xy on alpha is 'of xy'",
  "comment on policy p on b is 'of p'",
  "comment on trigger t on b is 'of t'",
  "grant select on b to public",
  "grant update (ax) on b to public",
  "grant usage on schema app to public",
  "alter table b enable row level security",
  "alter table b disable trigger t",
  "alter policy p on b using (true)",
  "drop policy p on b",
  "create index b_ax on b (ax)",
  "create index concurrently b_ay on b (ay) where ay > 0",
  "alter index b_ax rename to b_ax_2",
  "alter index b_ax_2 set (fillfactor = 70)",
  "drop index b_ax_2",
  "alter table b alter column ax set statistics 50",
  "alter table b alter column ax set storage plain",
  "alter table b replica identity full",
  "alter table b set (fillfactor = 80)",
  "alter table b alter column ax set default 3",
  "alter table b alter column ax drop default",
  "alter table b alter column ay type bigint",
  "alter table b add check (ax > 0) not valid",
  "alter table b validate constraint b_ax_check",
  "alter table b drop constraint b_ax_check",
  "alter table b drop constraint b_a_fkey",
  "alter table b add column late int generated always as (ax + 1) stored",
  "alter table b drop column late",
  "alter table b add column late text",
  "create table parts (id int, at date) partition by range (at)",
  "create table parts_1 (at date, id int)",
  "alter table parts attach partition parts_1 for values from ('2026-01-01') to ('2027-01-01')",
  "create index parts_at on parts (at)",
  "alter table parts detach partition parts_1",
  "create table child () inherits (b)",
  "create rule r as on insert to b do nothing",
  "create statistics s on ax, ay from b",
  "create unlogged table u (id int)",
  "alter table u set logged",
  "alter domain email rename to address",
  "alter domain address drop constraint email_check",
  "analyze b",
  "vacuum full b",
  "drop function touch() cascade",
  "drop type moods cascade",
  "drop view v cascade",
  "drop table alpha cascade",
  "alter schema app rename to application",
  "create table quiet (id int)",
  "select 1",
];

it("is the same catalog as one that is read whole, after each change there is", async () => {
  const { sql } = await createDatabase("empty");
  const connection = await sql.reserve();
  try {
    const schemas = ["app", "public", "application"];
    const follow = followCatalog(connection, schemas);
    await follow();
    for (const change of changes) {
      await connection.unsafe(change).simple();
      expect(await follow(), change).toEqual(await readCatalog(connection, { schemas }));
    }
  } finally {
    connection.release();
  }
});

it("reads again only what changed", async () => {
  const { sql } = await createDatabase("empty");
  const connection = await sql.reserve();
  try {
    const follow = followCatalog(connection, ["public"]);
    await connection.unsafe("create table one (id int); create table other (id int)").simple();
    const before = await follow();
    await connection.unsafe("alter table one add column n int; create table third (id int)").simple();
    const after = await follow();
    expect(after.tables.map(({ name }) => name)).toEqual(["one", "other", "third"]);
    expect(after.tables.map((table) => before.tables.includes(table))).toEqual([false, true, false]);
  } finally {
    connection.release();
  }
});
