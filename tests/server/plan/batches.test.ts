import { describe, expect, it } from "vitest";
import { z } from "zod";
import { gatherFacts } from "../../../packages/drizzle-deploy/src/index.ts";
import type { Batches } from "../../../packages/drizzle-deploy/src/model/step.ts";
import { contextOf, simulateCatalog } from "../../../packages/drizzle-deploy/src/plan/simulated-catalog.ts";
import { nextRange } from "../../../packages/drizzle-deploy/src/run/batches.ts";
import { batching } from "../../../packages/drizzle-deploy/src/statements/batches.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, type Transaction } from "../../support/database.ts";
import { parsed } from "../../support/statement-cases.ts";

const schemas: [string, ...string[]] = ["area"];

/** A database whose tables have what decides over batches. */
const setting = `
create schema area;
create schema beyond;
create type area.mood as enum ('sad', 'ok');
create function area.volatile_one(integer) returns integer language sql volatile as 'select $1';
create function area.stable_one(integer) returns integer language sql stable as 'select $1';
create function area.immutable_one(integer) returns integer language sql immutable as 'select $1';
create operator area.@@@ (function = area.volatile_one, rightarg = integer);
create function area.anything() returns trigger language plpgsql as 'begin return null; end';
create table area.owners (id integer primary key, name text not null, code text unique, rank integer);
create table area.codes (a integer, b text, word text, primary key (a, b));
create table area.things (
  id integer primary key, owner_id integer references area.owners (id), n integer not null default 0, label text,
  serial_number integer unique, low integer, high integer, at timestamptz, doubled integer generated always as (n * 2) stored,
  a integer, b text);
create unique index things_label on area.things (lower(label)) where low is not null;
create table area.pairs (x bigint, y text, z uuid, n integer not null, primary key (x, y));
create table area.loose (n integer, m integer unique);
create table area.named (code varchar(20) not null unique, n integer);
create table area.moody (mood area.mood primary key, n integer);
create table area.parted (id integer, k integer, n integer, primary key (id, k)) partition by range (k);
create table area.parted_1 partition of area.parted for values from (0) to (5);
create table area.parted_rest partition of area.parted default;
create table area.base (id integer primary key, n integer);
create table area.heir (extra integer) inherits (area.base);
create table area.watched (id integer primary key, n integer, m integer);
create trigger watching after update of n on area.watched for each row execute function area.anything();
create table area.counted (id integer primary key, n integer);
create trigger counting after delete on area.counted referencing old table as gone for each statement execute function area.anything();
create table area.asleep (id integer primary key, n integer);
create trigger sleeping after update on area.asleep for each row execute function area.anything();
alter table area.asleep disable trigger sleeping;
create function area.note_time() returns trigger language plpgsql as $$
begin
  -- for whoever wants to know
  NEW.changed_at := now();
  return NEW;
end;
$$;
create function area.note_more() returns trigger language plpgsql as
  'begin NEW.changed_at := now(); NEW.n := NEW.n + 1; return NEW; end';
create table area.noted (id integer primary key, n integer, changed_at timestamptz);
create trigger noting before insert or update on area.noted for each row execute function area.note_time();
create table area.more (id integer primary key, n integer, changed_at timestamptz);
create trigger noting before update on area.more for each row execute function area.note_more();
create table area.dated (id integer primary key, n integer, changed_at timestamptz unique);
create trigger noting before update on area.dated for each row execute function area.note_time();
insert into area.noted select i, i from generate_series(1, 10) i;
create table area.ruled (id integer primary key, n integer);
create rule quiet as on update to area.ruled do instead nothing;
create table area.late (id integer primary key, n integer, other_id integer references area.owners deferrable);
create table area.tree (id integer primary key, parent_id integer references area.tree, n integer);
create table area.falling (id integer primary key, parent_id integer references area.falling on delete cascade, n integer);
create table area.cleared (id integer primary key, parent_id integer references area.cleared on delete set null, n integer);
create table area.whole (id integer primary key, n integer);
create table area.piece (id integer primary key, whole_id integer references area.whole on delete cascade, n integer);
create table area.strange (id integer primary key, n integer);
create table beyond.pointing (id integer primary key, strange_id integer references area.strange on delete cascade);
create table area.guarded (id integer primary key, n integer);
alter table area.guarded enable row level security, force row level security;
create table area.target (
  id integer generated always as identity primary key, thing_id integer, n integer, note text default 'none',
  made_at timestamptz not null default now());
create table area.chance (id integer primary key, n integer default (random() * 10)::integer);
create table area.grown (id integer primary key, parent_id integer references area.grown, n integer);
create table area.tags (tag text);
create view area.seen as select * from area.owners;

insert into area.owners select i, 'o' || i, 'c' || i, i % 4 from generate_series(1, 10) i;
insert into area.codes select i % 5, 'b' || i, 'w' || i from generate_series(1, 10) i;
insert into area.things (id, owner_id, n, label, serial_number, a, b)
  select i * 3, i % 10 + 1, i % 4, 'L' || i, i, i % 5, 'b' || i from generate_series(1, 10) i;
insert into area.pairs select i % 3, 'Y ''" ' || i, gen_random_uuid(), i from generate_series(1, 20) i;
insert into area.pairs select -1, v, gen_random_uuid(), 1 from unnest(array['', 'a', 'A', 'ä', ' a', E'\\n', '[1]', 'null']) v;
insert into area.named select 'n' || i, i from generate_series(1, 10) i;
insert into area.parted select i, i % 8, i from generate_series(1, 20) i;
insert into area.falling select i, nullif(i / 2, 0), i from generate_series(1, 10) i;
insert into area.whole select i, i from generate_series(1, 10) i;
insert into area.piece select i, i % 10 + 1, i from generate_series(1, 30) i;
insert into area.watched select i, i, i from generate_series(1, 10) i;
insert into area.asleep select i, i from generate_series(1, 10) i;
insert into area.tree select i, null, i from generate_series(1, 10) i;
analyze;`;

const database = await createDatabase("empty");
const { sql } = database;
await sql.unsafe(setting).simple();
const facts = await gatherFacts(sql, { ...spfpProject, schemas }, { applied: [], pending: [] });
const context = contextOf(simulateCatalog(facts, schemas), facts, {
  schemas,
  before: facts.catalog,
  after: facts.catalog,
});

const judged = (text: string) => batching(parsed(text).node, context);

const lines = z.array(z.object({ line: z.string() }));

async function rows(transaction: Transaction): Promise<string[]> {
  const found: string[] = [];
  for (const { schema, name } of facts.catalog.tables) {
    const all = await transaction`
      select ${name} || ' ' || to_jsonb(t)::text as line from ${transaction(schema)}.${transaction(name)} t order by 1`;
    found.push(...lines.parse([...all]).map(({ line }) => line));
  }
  return found;
}

/** What a statement leaves, run as a whole and run in batches of three rows, at one time. */
async function both(
  text: string,
  batches: Batches,
): Promise<{ whole: string[]; inBatches: string[]; count: number }> {
  const whole = await database.transaction(async (transaction) => {
    await transaction.unsafe(text);
    return rows(transaction);
  });
  let count = 0;
  const inBatches = await database.transaction(async (transaction) => {
    const [now] = z
      .tuple([z.object({ now: z.string() })])
      .parse([...(await transaction`select now()::text as now`)]);
    let after: string | null = null;
    for (;;) {
      const range = await nextRange(transaction, batches, after, 3);
      if (range === null) return rows(transaction);
      await transaction.unsafe(batches.sql, [range.from, range.to, ...(batches.takesTime ? [now.now] : [])]);
      after = range.to;
      count += 1;
    }
  });
  return { whole, inBatches, count };
}

/** Without the time, which passes between two transactions, and what a sequence gives, which no rollback takes back. */
const comparable = (all: readonly string[]): string[] =>
  all
    .map((line) => line.replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"a time"'))
    .map((line) => (line.startsWith("target ") ? line.replace(/"id": \d+/, '"id": "drawn"') : line))
    .sort();

describe("batches come to the same as the statement, where they are shown to", () => {
  it.each([
    "UPDATE area.things SET n = n + 1",
    "UPDATE area.things AS t SET n = t.n * 10, high = CASE WHEN low IS NULL THEN 1 ELSE 2 END WHERE t.n = 1 OR t.n = 2",
    "UPDATE area.things SET (n, high) = (n + 5, n) WHERE id IN (3, 6, 9) AND n < 3",
    "UPDATE area.things SET high = area.immutable_one(n)",
    "UPDATE area.things SET at = now() WHERE n > 1",
    "UPDATE area.things SET at = CURRENT_TIMESTAMP - interval '1 day' WHERE at IS NULL OR at < CURRENT_DATE",
    "UPDATE area.things SET at = LOCALTIMESTAMP(0)",
    "UPDATE area.things SET high = (SELECT count(*) FROM area.owners o WHERE o.id <= things.owner_id)",
    "UPDATE area.things SET b = (SELECT string_agg(o.name, ',' ORDER BY o.name) FROM area.owners o WHERE o.rank = things.n)",
    "UPDATE area.things SET high = (SELECT o.rank FROM area.owners o ORDER BY o.rank DESC LIMIT 1)",
    "UPDATE area.things t SET b = o.name FROM area.owners o WHERE o.id = t.owner_id AND o.rank < 3",
    "UPDATE area.things t SET high = length(c.word) FROM area.codes AS c WHERE c.a = t.a AND t.b = c.b",
    "UPDATE area.pairs SET n = n * 2, z = NULL",
    "UPDATE area.named SET n = n + 1",
    "UPDATE area.parted SET n = n + 1 WHERE k <> 3",
    "UPDATE area.parted_1 SET n = n + 1",
    "UPDATE area.watched SET m = m + 1",
    "UPDATE area.asleep SET n = n + 1",
    "UPDATE area.noted SET n = n + 1",
    "DELETE FROM area.things WHERE n = 2",
    "DELETE FROM area.things USING area.owners o, area.codes c WHERE o.rank = things.n AND c.a = o.rank",
    "DELETE FROM area.things WHERE NOT EXISTS (SELECT FROM area.owners o WHERE o.id = things.owner_id AND o.rank > 1)",
    "DELETE FROM area.pairs WHERE y > 'Y'",
    "DELETE FROM area.falling WHERE n % 3 = 0",
    "DELETE FROM area.whole WHERE n < 8",
    "INSERT INTO area.target (thing_id, n) SELECT id, n FROM area.things WHERE n > 0",
    "INSERT INTO area.target (thing_id, n, made_at) SELECT t.id, o.rank, now() FROM area.things t JOIN area.owners o ON o.id = t.owner_id",
    "INSERT INTO area.target (thing_id, n) SELECT t.id, c.a FROM area.things t LEFT JOIN area.codes c ON c.a = t.a WHERE t.n < 3",
    "INSERT INTO area.target (thing_id, n) SELECT t.id, o.rank FROM area.things t, area.owners o WHERE o.rank = t.n",
    "INSERT INTO area.tags SELECT unnest(string_to_array(name || ' x', ' ')) FROM area.owners",
    "INSERT INTO area.loose SELECT n, id FROM area.parted",
  ])("%s", async (text) => {
    const found = judged(text);
    if (!found.isShown) throw new Error(found.reason);
    const { whole, inBatches, count } = await both(text, found.batches);
    expect(comparable(inBatches)).toEqual(comparable(whole));
    expect(count).toBeGreaterThan(1);
  });

  it("the time is one in all of them", () => {
    expect(judged("UPDATE area.things SET at = now()")).toMatchObject({
      batches: {
        takesTime: true,
        sql: expect.stringContaining("SET at = CAST(CAST($3 AS text) AS timestamptz)"),
      },
    });
    expect(judged("INSERT INTO area.target (thing_id) SELECT id FROM area.things")).toMatchObject({
      batches: { takesTime: true, sql: expect.stringContaining("(thing_id, made_at)") },
    });
    expect(judged("UPDATE area.things SET n = 1")).toMatchObject({ batches: { takesTime: false } });
  });
});

describe("what is not shown to come to the same is not run in batches, and it is said why", () => {
  it.each([
    ["UPDATE area.things SET id = id + 100", "it changes id"],
    ["UPDATE area.pairs SET y = 'x' WHERE x = 1 AND y = 'y'", "it changes y"],
    ["UPDATE area.parted SET k = k + 1", "it changes k"],
    [
      "UPDATE area.things SET serial_number = serial_number + 1",
      "it changes what things_serial_number_key keeps unique",
    ],
    ["UPDATE area.things SET label = upper(label)", "it changes what things_label keeps unique"],
    ["UPDATE area.things SET low = 1", "it changes what things_label keeps unique"],
    ["UPDATE area.things SET n = (random() * 10)::integer", "the function random is volatile"],
    ["UPDATE area.things SET b = gen_random_uuid()::text", "the function gen_random_uuid is volatile"],
    ["UPDATE area.things SET at = clock_timestamp()", "the function clock_timestamp is volatile"],
    ["UPDATE area.things SET n = area.volatile_one(n)", "the function area.volatile_one is volatile"],
    ["UPDATE area.things SET n = area.stable_one(n)", "the function area.stable_one is stable"],
    ["UPDATE area.things SET n = OPERATOR(area.@@@) n", "the operator @@@ is volatile"],
    ["UPDATE area.things SET n = nowhere.unknown(n)", "nothing is known of the function nowhere.unknown"],
    ["UPDATE area.things SET n = 1 WHERE age(at) > interval '1 day'", "the function age is stable"],
    ["UPDATE area.things SET n = 1 WHERE at < 'yesterday'", "'yesterday' may be read as the time"],
    ["UPDATE area.things SET at = 'now'", "'now' may be read as the time"],
    ["UPDATE area.things SET n = DEFAULT", "what DEFAULT is"],
    ["UPDATE area.things SET n = 1 WHERE ctid = '(0,1)'", "ctid says where a row is"],
    ["UPDATE area.things SET n = (SELECT max(n) FROM area.things)", "it reads area.things, which it changes"],
    [
      "UPDATE area.parted SET n = (SELECT max(n) FROM area.parted_1)",
      "it reads area.parted_1, which it changes",
    ],
    ["UPDATE area.things SET b = (SELECT name FROM area.seen LIMIT 1)", "which of several rows LIMIT takes"],
    [
      "UPDATE area.things SET b = (SELECT name FROM area.seen WHERE id = 1)",
      "area.seen, which is read, is a view",
    ],
    [
      "UPDATE area.things SET b = (SELECT name FROM area.owners ORDER BY rank LIMIT 1)",
      "which of several rows LIMIT takes",
    ],
    ["UPDATE area.things SET b = (SELECT string_agg(name, ',') FROM area.owners)", "it has no ORDER BY"],
    [
      "UPDATE area.things SET n = (SELECT row_number() OVER () FROM area.owners WHERE id = 1)",
      "row_number OVER",
    ],
    ["UPDATE area.things SET n = (SELECT count(*) FROM pg_class)", "nothing is known of public.pg_class"],
    [
      "UPDATE area.things t SET b = o.name FROM area.owners o WHERE o.rank = t.n",
      "a row may match several of area.owners",
    ],
    [
      "UPDATE area.things t SET b = c.word FROM area.codes c WHERE c.a = t.a",
      "a row may match several of area.codes",
    ],
    ["UPDATE area.things t SET b = o.name FROM area.owners o WHERE o.id = o.rank", "a row may match several"],
    [
      "UPDATE area.things t SET b = o.name FROM area.owners o WHERE o.id = t.owner_id OR o.id = 1",
      "a row may match several",
    ],
    [
      "UPDATE area.things t SET b = o.name FROM (SELECT * FROM area.owners) o WHERE o.id = t.owner_id",
      "its FROM may have several",
    ],
    [
      "WITH o AS (SELECT max(rank) AS n FROM area.owners) UPDATE area.things SET n = o.n FROM o",
      "its WITH query",
    ],
    ["UPDATE area.loose SET n = 1", "area.loose has no primary key"],
    ["UPDATE area.moody SET n = 1", "whose order is its own"],
    ["UPDATE area.base SET n = 1", "other tables inherit from area.base"],
    ["UPDATE ONLY area.base SET n = 1", "ONLY leaves out a part"],
    ["UPDATE area.watched SET n = 1", "the trigger watching of area.watched fires"],
    ["UPDATE area.more SET n = 1", "the trigger noting of area.more fires"],
    ["UPDATE area.dated SET n = 1", "it changes what dated_changed_at_key keeps unique"],
    ["UPDATE area.ruled SET n = 1", "area.ruled has rules"],
    ["UPDATE area.late SET n = 1", "is deferrable"],
    ["UPDATE area.guarded SET n = 1", "policies decide which rows of area.guarded"],
    ["UPDATE area.seen SET rank = 1", "area.seen, which is read, is a view"],
    ["UPDATE area.nowhere SET n = 1", "nothing is known of area.nowhere"],
    ["DELETE FROM area.counted", "the trigger counting of area.counted fires"],
    ["DELETE FROM area.tree", "refers from rows that it deletes to others that it deletes"],
    ["DELETE FROM area.cleared", "changes rows of area.cleared when others go"],
    ["DELETE FROM area.strange", "nothing is known of beyond.pointing, which refers to area.strange"],
    [
      "DELETE FROM area.whole WHERE id IN (SELECT whole_id FROM area.piece)",
      "what it does to area.whole changes that too",
    ],
    [
      "DELETE FROM area.things a USING area.things b WHERE a.n = b.n AND a.id < b.id",
      "it reads area.things, which it changes",
    ],
    ["DELETE FROM area.owners", "is deferrable"],
    ["INSERT INTO area.target (n) VALUES (1)", "its rows are not selected from a table"],
    ["INSERT INTO area.target (n) SELECT DISTINCT n FROM area.things", "DISTINCT looks at all rows at once"],
    [
      "INSERT INTO area.target (n) SELECT n FROM area.things GROUP BY n",
      "GROUP BY looks at all rows at once",
    ],
    ["INSERT INTO area.target (n) SELECT count(*) FROM area.things", "count looks at all rows at once"],
    ["INSERT INTO area.target (n) SELECT n FROM area.things LIMIT 5", "LIMIT looks at all rows at once"],
    ["INSERT INTO area.target (n) SELECT n FROM area.things ORDER BY n", "ORDER BY says in which order"],
    ["INSERT INTO area.target (n) SELECT n FROM area.things UNION SELECT 1", "UNION, INTERSECT and EXCEPT"],
    [
      "INSERT INTO area.target (n) SELECT row_number() OVER (ORDER BY id) FROM area.things",
      "row_number looks at all rows",
    ],
    [
      "INSERT INTO area.target (n) SELECT n FROM area.things TABLESAMPLE system (50)",
      "its rows are not those of one table",
    ],
    ["INSERT INTO area.target (n) SELECT n FROM area.things FOR UPDATE", "it locks rows"],
    [
      "INSERT INTO area.target (n) SELECT t.n FROM area.owners o RIGHT JOIN area.things t ON o.id = t.id",
      "a RIGHT or FULL JOIN",
    ],
    ["INSERT INTO area.target (n) SELECT n FROM area.target", "it reads area.target, which it changes"],
    ["INSERT INTO area.parted_1 SELECT id, k, n FROM area.parted", "it reads area.parted, which it changes"],
    [
      "INSERT INTO area.target (n) SELECT n FROM area.things ON CONFLICT DO NOTHING",
      "which of two rows that conflict",
    ],
    [
      "INSERT INTO area.chance (id) SELECT id FROM area.things",
      "of n, which gets its default, the function random is volatile",
    ],
    ["INSERT INTO area.grown (id, n) SELECT id, n FROM area.things", "refers to rows of the same table"],
    [
      "INSERT INTO area.target (n) SELECT x.n FROM (SELECT n FROM area.things) x",
      "its rows are not those of one table",
    ],
    [
      "MERGE INTO area.things USING area.owners o ON o.id = things.id WHEN MATCHED THEN DELETE",
      "only an UPDATE, a DELETE",
    ],
  ])("%s: %s", (text, reason) => {
    expect(judged(text)).toEqual({ isShown: false, reason: expect.stringContaining(reason) });
  });
});
