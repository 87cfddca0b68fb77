import { expect, it } from "vitest";
import { baseline, deploy, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { applyWithDrizzle, type History, walk, writeMigrations } from "./walk.ts";

const base = [
  'CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text, "Far Col" text)',
  "CREATE TABLE u (id int PRIMARY KEY, x int, y int)",
];
const rows = [
  "insert into t select i, i, i % 3, 'x', 'y' from generate_series(1, 50) i",
  "insert into u values (1, 2, 3)",
];

const histories: readonly History[] = [
  {
    name: "statistics that are made, in every form",
    migrations: [
      base,
      [
        "CREATE STATISTICS s_ab ON a, b FROM t",
        "CREATE STATISTICS s_kinds (ndistinct, mcv) ON a, b FROM t",
        "CREATE STATISTICS s_expression ON lower(c), (a + b) FROM t",
        "CREATE STATISTICS s_one ON (a % 7) FROM t",
        'CREATE STATISTICS public."S Far" (dependencies) ON "Far Col", a FROM public.t',
        "CREATE STATISTICS IF NOT EXISTS s_ab ON a, c FROM t",
        "ALTER STATISTICS s_ab SET STATISTICS 500",
        "COMMENT ON STATISTICS s_ab IS 'both'",
        "ALTER STATISTICS IF EXISTS nothing SET STATISTICS 5",
      ],
    ],
    rows,
  },
  {
    name: "statistics that are changed, renamed, moved, made again and dropped",
    migrations: [
      [
        ...base,
        "CREATE SCHEMA IF NOT EXISTS other",
        "CREATE STATISTICS s_changed ON a, b FROM t",
        "ALTER STATISTICS s_changed SET STATISTICS 7",
        "CREATE STATISTICS s_renamed ON a, b FROM t",
        "CREATE STATISTICS s_moved ON a, b FROM t",
        "CREATE STATISTICS s_anew ON a, b FROM t",
        "CREATE STATISTICS s_gone (mcv) ON a, b, lower(c) FROM t",
        "ALTER STATISTICS s_gone SET STATISTICS 100",
        "COMMENT ON STATISTICS s_gone IS 'it''s gone'",
      ],
      [
        "ALTER STATISTICS s_changed SET STATISTICS -1",
        "COMMENT ON STATISTICS s_changed IS 'new'",
        "ALTER STATISTICS s_renamed RENAME TO s_other",
        "ALTER STATISTICS s_moved SET SCHEMA other",
        "DROP STATISTICS s_anew",
        "CREATE STATISTICS s_anew (ndistinct) ON a, c FROM t",
        "DROP STATISTICS IF EXISTS s_gone, nothing",
      ],
    ],
    rows,
    schemas: ["public", "other"],
  },
  {
    name: "statistics of what is renamed, moved and retyped",
    kept: ["column public.t.a"],
    migrations: [
      [
        ...base,
        "CREATE SCHEMA IF NOT EXISTS other",
        "CREATE STATISTICS s_column ON a, lower(c) FROM t",
        "CREATE STATISTICS s_table ON x, y FROM u",
      ],
      [
        "ALTER TABLE t RENAME COLUMN c TO words",
        "ALTER TABLE t ALTER COLUMN a TYPE bigint",
        "ALTER TABLE u RENAME TO units",
        "ALTER TABLE units SET SCHEMA other",
        "CREATE STATISTICS s_new ON words, b FROM t",
        "CREATE STATISTICS s_units (ndistinct) ON x, y FROM other.units",
      ],
    ],
    rows,
    schemas: ["public", "other"],
  },
  {
    name: "statistics that go with their column, and with their table",
    kept: [
      "column public.t.b",
      "table public.u",
      "statistics public.s_ab",
      "statistics public.s_u",
      "column public.t.n",
    ],
    migrations: [
      [...base, "CREATE STATISTICS s_ab ON a, b FROM t", "CREATE STATISTICS s_u ON x, y FROM u"],
      [
        "ALTER TABLE t DROP COLUMN b",
        "DROP TABLE u",
        "CREATE TABLE v (id int PRIMARY KEY, x int, y int)",
        "CREATE STATISTICS s_v ON x, y FROM v",
        "CREATE STATISTICS s_ab ON a, c FROM t",
        "ALTER TABLE t ADD COLUMN n int",
        "CREATE STATISTICS s_n ON a, n FROM t",
      ],
    ],
    rows,
  },
  {
    name: "publications that are made, in every form",
    kept: ["schema other"],
    migrations: [
      base,
      [
        "CREATE SCHEMA IF NOT EXISTS other",
        "CREATE PUBLICATION kinds_none",
        "CREATE PUBLICATION kinds_some FOR TABLE t, public.u WITH (publish = 'insert, update')",
        "CREATE PUBLICATION \"Kinds Columns\" FOR TABLE t (id, a, \"Far Col\") WHERE (a > 3 AND c <> 'no') WITH (publish = 'insert')",
        "CREATE TABLE other.w (id int PRIMARY KEY)",
        "CREATE PUBLICATION kinds_via FOR TABLE other.w, t WITH (publish_via_partition_root)",
        "COMMENT ON PUBLICATION kinds_via IS 'everything'",
      ],
    ],
    rows,
    schemas: ["public", "other"],
  },
  {
    name: "publications that are changed",
    migrations: [
      [
        ...base,
        "CREATE TABLE w (id int PRIMARY KEY, a int)",
        "CREATE PUBLICATION kinds_add FOR TABLE t",
        "CREATE PUBLICATION kinds_drop FOR TABLE t, u, w (id)",
        "CREATE PUBLICATION kinds_set FOR TABLE t (id, a), u WHERE (x > 1)",
        "CREATE PUBLICATION kinds_options WITH (publish = 'insert')",
        "CREATE PUBLICATION kinds_empty FOR TABLE t",
        "ALTER PUBLICATION kinds_set SET (publish = 'insert')",
      ],
      [
        "ALTER PUBLICATION kinds_add ADD TABLE u (id, x), w WHERE (id > 5)",
        "ALTER PUBLICATION kinds_drop DROP TABLE u, w",
        "ALTER PUBLICATION kinds_set SET TABLE t (id, b), w",
        "ALTER PUBLICATION kinds_options SET (publish = 'insert, delete', publish_via_partition_root = true)",
        "ALTER PUBLICATION kinds_empty DROP TABLE t",
        "COMMENT ON PUBLICATION kinds_add IS 'more'",
      ],
    ],
    rows,
  },
  {
    name: "publications that are renamed, dropped and made again",
    migrations: [
      [
        ...base,
        "CREATE PUBLICATION kinds_renamed FOR TABLE t (id), u",
        "CREATE PUBLICATION kinds_gone FOR TABLE t (id, a) WHERE (id > 3), u WITH (publish = 'insert', publish_via_partition_root)",
        "CREATE PUBLICATION kinds_anew FOR TABLE t, u",
        "COMMENT ON PUBLICATION kinds_gone IS 'gone'",
      ],
      [
        "ALTER PUBLICATION kinds_renamed RENAME TO kinds_other",
        "ALTER PUBLICATION kinds_other DROP TABLE u",
        "DROP PUBLICATION kinds_gone",
        "DROP PUBLICATION IF EXISTS nothing",
        "DROP PUBLICATION kinds_anew",
        "CREATE PUBLICATION kinds_anew FOR TABLE u (id) WITH (publish = 'insert')",
      ],
    ],
    rows,
  },
  {
    name: "published tables that are made, renamed and dropped",
    kept: ["table public.u", "publication member kinds_p.table public.u"],
    migrations: [
      [
        ...base,
        "CREATE TABLE w (id int PRIMARY KEY, a int)",
        "CREATE PUBLICATION kinds_p FOR TABLE t (id, a) WHERE (a > 3), u, w WITH (publish = 'insert')",
      ],
      [
        "ALTER TABLE t RENAME TO terms",
        "ALTER TABLE terms RENAME COLUMN a TO amount",
        "DROP TABLE u",
        "CREATE TABLE v (id int PRIMARY KEY, x int)",
        "ALTER PUBLICATION kinds_p ADD TABLE v",
        "CREATE PUBLICATION kinds_q FOR TABLE v (id), terms",
      ],
    ],
    rows,
  },
  {
    name: "composite types that are renamed and moved, and their attributes",
    migrations: [
      [
        "CREATE SCHEMA IF NOT EXISTS other",
        'CREATE TYPE addr AS (street text, "Zip Code" varchar(9), at numeric(10, 2)[])',
        "CREATE TYPE lonely AS (a int, b text)",
        "CREATE TYPE moved AS (a int, b addr)",
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TYPE span AS RANGE (subtype = float8)",
        "CREATE DOMAIN short AS text",
        "CREATE TABLE pers (id int PRIMARY KEY, home addr, feeling mood, word short, during span, m moved)",
        "CREATE VIEW streets AS SELECT id, (home).street AS street FROM pers",
        "CREATE FUNCTION street_of(one addr) RETURNS text LANGUAGE sql AS $$ select 'x'::text $$",
      ],
      [
        "ALTER TYPE addr RENAME TO address",
        "ALTER TYPE address RENAME ATTRIBUTE street TO road",
        'ALTER TYPE address RENAME ATTRIBUTE "Zip Code" TO zip',
        "ALTER TYPE lonely RENAME ATTRIBUTE a TO c",
        "ALTER TYPE moved SET SCHEMA other",
        "ALTER TYPE mood SET SCHEMA other",
        "ALTER TYPE span RENAME TO stretch",
        "ALTER TYPE stretch SET SCHEMA other",
        "ALTER DOMAIN short SET SCHEMA other",
      ],
    ],
    rows: ["insert into pers values (1, row('s', 'z', '{1.5}'), 'ok', 'w', '[1,2)', row(1, null))"],
    schemas: ["public", "other"],
    works: [
      "insert into public.pers (id, home, feeling) values (2, row('s', 'z', null)::public.addr, 'sad')",
    ],
  },
  {
    name: "types that are moved to a schema that nobody manages",
    migrations: [
      [
        "CREATE SCHEMA IF NOT EXISTS elsewhere",
        "CREATE TYPE addr AS (street text, zip text)",
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TABLE pers (id int PRIMARY KEY, home addr, feeling mood)",
      ],
      ["ALTER TYPE addr SET SCHEMA elsewhere", "ALTER TYPE mood SET SCHEMA elsewhere"],
    ],
    rows: ["insert into pers values (1, row('s', 'z'), 'ok')"],
  },
  {
    name: "attributes of composite types that are added, dropped and retyped",
    kept: ["type public.used_added"],
    migrations: [
      [
        "CREATE TYPE unused AS (a int, b text, c numeric(4, 1))",
        "CREATE TYPE in_function AS (a int, b text)",
        "CREATE TYPE used AS (a int, b text)",
        "CREATE TYPE used_added AS (a int, b text)",
        "CREATE FUNCTION f(one in_function) RETURNS int LANGUAGE sql AS $$ select 1 $$",
        "CREATE TABLE pers (id int PRIMARY KEY, one used, other used_added)",
      ],
      [
        "ALTER TYPE unused DROP ATTRIBUTE b",
        "ALTER TYPE unused ALTER ATTRIBUTE a TYPE bigint",
        "ALTER TYPE unused ADD ATTRIBUTE d text, ADD ATTRIBUTE e int",
        "ALTER TYPE in_function ADD ATTRIBUTE c date",
        "ALTER TYPE in_function DROP ATTRIBUTE b",
        "ALTER TYPE used DROP ATTRIBUTE b",
        "ALTER TYPE used_added ADD ATTRIBUTE c text",
      ],
    ],
    rows: ["insert into pers values (1, null, row(1, 'x'))"],
  },
  {
    name: "indexes without a name",
    migrations: [
      [
        "CREATE TABLE part (id int, a int, b text) PARTITION BY RANGE (id)",
        "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20)",
        "CREATE TABLE plain (id int PRIMARY KEY, a int, b text)",
        "CREATE INDEX ON plain (a)",
      ],
      [
        "CREATE INDEX ON part (a)",
        "CREATE UNIQUE INDEX ON part (id, a)",
        "CREATE INDEX ON part (lower(b)) WHERE a > 3",
        "CREATE INDEX ON plain (a) INCLUDE (b)",
        "CREATE INDEX ON plain USING hash (b)",
        'CREATE INDEX "Named" ON plain (b)',
      ],
    ],
    rows: [
      "insert into part select i, i, 'x' from generate_series(0, 19) i",
      "insert into plain values (1, 2, 'x')",
    ],
  },
  {
    name: "columns dropped whose names are used again, with indexes and rows",
    migrations: [
      [
        "CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int)",
        "CREATE INDEX t_a ON t (a)",
        "CREATE INDEX t_ab ON t (a, b)",
        "CREATE UNIQUE INDEX t_c ON t (c)",
      ],
      [
        "DROP INDEX t_a",
        "ALTER TABLE t DROP COLUMN a",
        "ALTER TABLE t ADD COLUMN a int DEFAULT 7",
        "CREATE INDEX t_a ON t (a)",
        "CREATE INDEX t_ab ON t (a, b)",
        "ALTER TABLE t ADD COLUMN d int",
        "CREATE INDEX t_d ON t (d)",
      ],
    ],
    rows: ["insert into t select i, 'x' || i, 'y', i from generate_series(1, 20) i"],
    kept: ["column public.t.a", "table public.t", "column public.t.d"],
  },
  {
    name: "columns renamed whose names others get, with indexes and statistics",
    migrations: [
      ["CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int)", "CREATE INDEX t_a ON t (a)"],
      [
        "ALTER TABLE t ADD COLUMN x int",
        "CREATE INDEX t_x ON t (x, a)",
        "CREATE STATISTICS s_x ON x, c FROM t",
      ],
      ["ALTER TABLE t RENAME COLUMN x TO y"],
      [
        "ALTER TABLE t ADD COLUMN x text",
        "CREATE INDEX t_x2 ON t (x)",
        "CREATE STATISTICS s_x2 ON x, c FROM t",
      ],
    ],
    rows: ["insert into t select i, 'x' || i, 'y', i from generate_series(1, 20) i"],
    kept: ["column public.t.y", "column public.t.x"],
  },
  {
    name: "columns made twice by the same deployment, with indexes and statistics",
    migrations: [
      ["CREATE TABLE t (id int PRIMARY KEY, a text, c int)"],
      [
        "ALTER TABLE t ADD COLUMN x int DEFAULT 3",
        "CREATE INDEX t_x ON t (x)",
        "CREATE STATISTICS s_x ON x, c FROM t",
        "ALTER TABLE t DROP COLUMN x",
        "ALTER TABLE t ADD COLUMN x text DEFAULT 'q'",
        "CREATE INDEX t_x ON t (x)",
        "CREATE STATISTICS s_x ON x, a FROM t",
      ],
    ],
    rows: ["insert into t select i, 'x' || i, i from generate_series(1, 20) i"],
    kept: ["column public.t.x"],
  },
  {
    name: "statistics and publications over several migrations",
    applied: 0,
    migrations: [
      [...base, "CREATE STATISTICS s ON a, b FROM t", "CREATE PUBLICATION kinds_p FOR TABLE t"],
      ["DROP STATISTICS s", "ALTER PUBLICATION kinds_p ADD TABLE u", "ALTER TABLE t RENAME COLUMN b TO bb"],
      [
        "CREATE STATISTICS s ON a, bb FROM t",
        "ALTER PUBLICATION kinds_p SET TABLE u",
        "DROP PUBLICATION kinds_p",
      ],
      ["CREATE PUBLICATION kinds_p FOR TABLE u (id)", "ALTER STATISTICS s RENAME TO s2"],
    ],
  },
];

it.each(histories)("deploys, rolls back and deploys again: $name", { timeout: 120_000 }, async (history) => {
  expect(await walk({ kept: [], ...history })).toEqual([]);
});

it("leaves a publication of others alone, whatever it publishes of what is managed", async () => {
  const migrations = [
    base,
    ["CREATE PUBLICATION kinds_own FOR TABLE t", "CREATE STATISTICS s ON a, b FROM t"],
  ];
  const database = await createDatabase("empty");
  await applyWithDrizzle(database.url, writeMigrations(migrations.slice(0, 1)));
  await database.sql.unsafe("create publication supabase_realtime for table t, u");
  const project = await projectIn(writeMigrations(migrations), ["public"], "history");
  const published = async () =>
    database.sql`select pubname, tablename from pg_publication_tables order by pubname, tablename`;
  const before = await published();
  expect(await baseline(project, database.url)).toMatchObject({ point: "0000_m0" });
  const report = await deploy(project, database.url, { mode: "quick", backupId: "none" });
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(await published()).toEqual([{ pubname: "kinds_own", tablename: "t" }, ...before]);
  const back = await rollback(project, database.url, { scope: "all", approvedBy: "Ana" });
  expect(back).toMatchObject({ ok: true, differences: [] });
  expect(await published()).toEqual([...before]);
});

it("finishes a detachment of a partition that was interrupted half-way", async () => {
  const migrations = [
    [
      "CREATE TABLE part (id int, a int) PARTITION BY RANGE (id)",
      "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10)",
    ],
    ["ALTER TABLE part DETACH PARTITION part_1"],
  ];
  const database = await createDatabase("empty");
  await applyWithDrizzle(database.url, writeMigrations(migrations.slice(0, 1)));
  const project = await projectIn(writeMigrations(migrations), ["public"], "history");
  await baseline(project, database.url);
  await database.sql.begin(async (reader) => {
    await reader.unsafe("select count(*) from part");
    const detaching = database.sql.reserve().then(async (session) => {
      // What waits for the reader is ended by the server.
      await session.unsafe("set statement_timeout = 1000");
      const outcome = await session.unsafe("alter table part detach partition part_1 concurrently").then(
        () => "done",
        () => "interrupted",
      );
      await session.unsafe("reset statement_timeout");
      session.release();
      return outcome;
    });
    expect(await detaching).toBe("interrupted");
  });
  expect(await database.sql`select inhdetachpending as pending from pg_inherits`).toEqual([
    { pending: true },
  ]);
  const report = await deploy(project, database.url, { mode: "quick", backupId: "none" });
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(await database.sql`select from pg_inherits`).toHaveLength(0);
  expect(await database.sql`select from pg_constraint where conrelid = 'part_1'::regclass`).toHaveLength(0);
});
