import { expect, it } from "vitest";
import {
  type Catalog,
  compareCatalogs,
  readCatalog,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { drizzleJournal } from "../../../packages/drizzle-deploy/src/model/journal-table.ts";
import { targetOf } from "../../../packages/drizzle-deploy/src/model/step.ts";
import { readDependents } from "../../../packages/drizzle-deploy/src/rollback/facts.ts";
import { planRollback, type RollbackFacts } from "../../../packages/drizzle-deploy/src/rollback/rollback.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase, type Sql } from "../../support/database.ts";

const schemas = ["Odd Schema", "public"];
const catalogOf = (sql: Sql): Promise<Catalog> => readCatalog(sql, { schemas });

const tables = `
create schema "Odd Schema";
create schema outside;
create function outside.needed() returns int language sql as 'select 1';
create table "Odd Schema".notes (
  id int primary key, "user id" uuid, body text, n int default 1, kind varchar(5), created date default current_date
);
create table "Odd Schema".others (id int, note int);
comment on table "Odd Schema".notes is 'It''s a "table"';`;

/** One of each thing that is hard to write down again. */
const objects = `
create function "Odd Schema"."quo""ted"("an arg" int default 3, variadic rest text[] default '{a,''b''}') returns setof text
  language sql stable strict parallel restricted set search_path to "Odd Schema", '', "$user" set work_mem to '4MB'
  as $f$ select $$it's$$ || "an arg" || E'\\n\\\\' $f$;
create function public.tabled(in a int, out b int, inout c text) language plpgsql security definer set "DateStyle" to 'ISO, DMY'
  as $$ begin b := a; end $$;
create function public.standard(x int) returns int immutable parallel safe return x + 1;
create function public.atomic(x int) returns table (y int) language sql begin atomic select x; select x + 2; end;
create procedure public.proceed(a int) language plpgsql as 'begin perform 1; end';
create function public.plain() returns trigger language plpgsql as $$ begin return new; end $$;
comment on function public.plain() is 'plain''s';
revoke all on function public.plain() from public, anon;
grant execute on function public.plain() to service_role with grant option;
create view public.first_view with (security_barrier = true, check_option = cascaded) as
  select id, body as "the body", n from "Odd Schema".notes where kind in ('a', 'b') and n > 0;
create view public.second_view with (security_invoker = true) as
  select f."the body", count(*) over () as c, public.standard(f.n) as s from public.first_view f;
comment on view public.first_view is 'first';
comment on column public.first_view."the body" is 'the "body"';
revoke all on public.first_view from anon, authenticated, service_role;
grant select ("the body"), update (n) on public.first_view to authenticated;
create policy "Anyone's ""own""" on "Odd Schema".notes as restrictive for update to authenticated, anon using (n = 1) with check (kind in ('a', 'b'));
create policy everything on "Odd Schema".notes using (public.standard(n) > 1);
create policy inserts on "Odd Schema".notes for insert to public with check (body <> E'\\\\''x');
create trigger "when" before update of body, "user id" on "Odd Schema".notes for each row when (old.n is distinct from new.n) execute function public.plain('an', 'argument''s');
create trigger off after insert or delete on "Odd Schema".notes for each row execute function public.plain();
create constraint trigger late after insert on "Odd Schema".notes deferrable initially deferred for each row execute function public.plain();
alter table "Odd Schema".notes disable trigger off;
alter table "Odd Schema".notes enable always trigger "when";
alter table "Odd Schema".notes add constraint "check it" check (kind in ('a', 'b') or n > 0);
alter table "Odd Schema".notes add constraint later check (n < 100) not valid;
alter table "Odd Schema".others add constraint points foreign key (note) references "Odd Schema".notes (id) on delete set null deferrable;
alter table "Odd Schema".others add constraint whole unique nulls not distinct (id, note) deferrable initially deferred;
alter table "Odd Schema".others add constraint "The First" primary key (id);
create index "an index" on "Odd Schema".notes using btree (lower(body) desc nulls last, n) include (kind) where n > 0;
create unique index uniquely on "Odd Schema".notes (body);
`;

const removal = `
drop view public.second_view, public.first_view;
drop policy "Anyone's ""own""" on "Odd Schema".notes; drop policy everything on "Odd Schema".notes;
drop policy inserts on "Odd Schema".notes;
drop trigger "when" on "Odd Schema".notes; drop trigger off on "Odd Schema".notes; drop trigger late on "Odd Schema".notes;
alter table "Odd Schema".others drop constraint points, drop constraint whole, drop constraint "The First";
alter table "Odd Schema".notes drop constraint "check it", drop constraint later;
drop index "Odd Schema"."an index", "Odd Schema".uniquely;
drop function "Odd Schema"."quo""ted"(int, text[]), public.tabled(int, text), public.standard(int), public.atomic(int), public.plain();
drop procedure public.proceed(int);
comment on table "Odd Schema".notes is null;
alter table "Odd Schema".notes alter column n drop default, alter column created set default '2020-01-01';
revoke select on "Odd Schema".notes from authenticated; grant select on "Odd Schema".notes to anon;
alter table "Odd Schema".notes set (fillfactor = 70);
`;

/** A database in two states, and what leads from the second back to the first. */
async function rollBackBetween(
  one: string,
  other: string,
): Promise<{ before: Catalog; after: Catalog; notes: string[] }> {
  const database = await createDatabase("empty");
  const { sql } = database;
  await sql.unsafe(tables).simple();
  await sql.unsafe(one).simple();
  const before = await catalogOf(sql);
  await sql.unsafe(other).simple();
  const actual = await catalogOf(sql);
  const facts: RollbackFacts = {
    project: "odd",
    names: spfpNames,
    before,
    actual,
    head: actual,
    dropped: compareCatalogs(before, actual).flatMap(({ kind, object }) => {
      const target = kind === "missing" ? targetOf(object) : null;
      return target ? [target] : [];
    }),
    made: [],
    renamed: { renames: [], asides: [], clashes: [], inTheWay: [], raw: before, dependents: [] },
    allow: [],
    staying: [],
    byCode: new Set(),
    unseen: [],
    remade: [],
    unfit: new Set(),
    archived: { ...actual, schemas: [], tables: [], sequences: [] },
    dependents: await sql.begin((transaction) => readDependents(transaction, schemas)),
    violated: new Set(),
    sizes: [],
    migrations: [],
    journal: drizzleJournal,
    isJournalled: false,
    appliedSince: [],
    done: [],
    from: null,
    begun: [],
    once: [],
    undo: {},
    now: new Date(0),
  };
  const { plan } = planRollback(facts, "all");
  for (const step of plan.steps) {
    expect(step.action, `${step.title}: ${step.reason}`).toBe("run");
    try {
      if (step.transactional) await sql.begin((transaction) => transaction.unsafe(step.sql).simple());
      else await sql.unsafe(step.sql);
    } catch (error) {
      throw new Error(`${step.title}\n${step.sql}`, { cause: error });
    }
  }
  return { before, after: await catalogOf(sql), notes: plan.notes };
}

it("makes again whatever can be dropped, to the letter", async () => {
  const { before, after } = await rollBackBetween(
    `${objects}\ngrant select on "Odd Schema".notes to authenticated;`,
    removal,
  );
  expect(compareCatalogs(before, after, { owners: true })).toEqual([]);
});

it("drops whatever can be made, in an order that nothing stands in the way of", async () => {
  const { before, after } = await rollBackBetween("", objects);
  expect(compareCatalogs(before, after, { owners: true })).toEqual([]);
});

it("makes each thing what it was where it was made another", async () => {
  const { before, after } = await rollBackBetween(
    objects,
    `create or replace function public.standard(x int) returns int volatile language sql as 'select 7';
     drop view public.second_view;
     create or replace view public.first_view as select id, body as "the body", n, kind from "Odd Schema".notes;
     create view public.second_view as select 1 as "the body";
     alter policy everything on "Odd Schema".notes to authenticated using (true) with check (n = 3);
     drop policy inserts on "Odd Schema".notes;
     create policy inserts on "Odd Schema".notes for select using (false);
     create or replace trigger off before insert on "Odd Schema".notes for each row execute function public.plain();
     alter table "Odd Schema".notes enable trigger "when";
     alter table "Odd Schema".notes drop constraint "check it", add constraint "check it" check (n > 5);
     alter table "Odd Schema".others drop constraint points,
       add constraint points foreign key (note) references "Odd Schema".notes (id);
     alter table "Odd Schema".notes enable row level security, force row level security;
     drop index "Odd Schema"."an index";
     create index "an index" on "Odd Schema".notes (n);
     drop function public.tabled(int, text);
     create function public.tabled(a int, c text) returns int language sql as 'select 1';`,
  );
  expect(compareCatalogs(before, after, { owners: true })).toEqual([]);
});
