import postgres from "postgres";
import { expect, it } from "vitest";
import {
  baseline,
  type DeploymentReport,
  deploy,
  type Step,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { applyWithDrizzle, type History, walk, writeMigrations } from "./walk.ts";

const events = [
  "CREATE TABLE ev (id bigint NOT NULL, at timestamptz NOT NULL, who int, payload jsonb) PARTITION BY RANGE (at)",
  "CREATE TABLE ev_a PARTITION OF ev FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')",
  "CREATE TABLE ev_b PARTITION OF ev FOR VALUES FROM ('2026-05-01') TO ('2026-06-01') PARTITION BY HASH (id)",
  "CREATE TABLE ev_b0 PARTITION OF ev_b FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
  "CREATE TABLE ev_b1 PARTITION OF ev_b FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
  "CREATE TABLE ev_rest PARTITION OF ev DEFAULT",
  "CREATE TABLE who (id int PRIMARY KEY)",
];

const rows = [
  "insert into who select generate_series(1, 5)",
  "insert into ev select g, '2026-04-02', 1 + g % 5, '{}' from generate_series(1, 20) g",
  "insert into ev select g, '2026-05-02', 1 + g % 5, '{}' from generate_series(1, 20) g",
  "insert into ev select g, '2026-09-02', 1 + g % 5, '{}' from generate_series(1, 20) g",
];

/** What is deployed on the events, with rows in every partition. */
const onEvents = (name: string, statements: readonly string[], more: readonly string[] = []): History => ({
  name,
  migrations: [events, statements],
  rows: [...rows, ...more],
});

const histories: readonly History[] = [
  onEvents("indexes of every form", [
    "CREATE INDEX ev_payload ON ev USING gin (payload)",
    "CREATE INDEX ev_expressions ON ev ((id + 1), lower(payload::text), (id + 2), at DESC) INCLUDE (who) WHERE id > 3",
    "CREATE INDEX a_name_that_is_rather_long_for_an_index_of_some_partitions ON ev (who, payload, id, at)",
    "CREATE INDEX ev_who ON ev (who)",
    "CREATE INDEX ev_who_again ON ev (who)",
    "CREATE UNIQUE INDEX ev_unique ON ev (id, at) WHERE who > 100",
  ]),
  onEvents("an index that is dropped, and one that takes its name", [
    "CREATE INDEX ev_old ON ev (who)",
    "DROP INDEX ev_old",
    "CREATE INDEX ev_old ON ev (who, id)",
  ]),
  {
    name: "an index that is dropped, one that is made again, and one that is renamed",
    migrations: [
      [
        ...events,
        "CREATE INDEX ev_who ON ev (who)",
        "CREATE INDEX ev_id ON ev (id)",
        "CREATE INDEX ev_at ON ev (at)",
      ],
      [
        "DROP INDEX ev_who",
        "DROP INDEX ev_id",
        "CREATE INDEX ev_id ON ev (id, who)",
        "ALTER INDEX ev_at RENAME TO ev_when",
      ],
    ],
    rows,
  },
  {
    name: "a unique key that is made by hand in one partition already, and partitions of nobody's migrations",
    migrations: [
      events,
      ["ALTER TABLE ev ADD CONSTRAINT ev_unique UNIQUE (id, at)", "CREATE INDEX ev_who ON ev (who)"],
    ],
    rows: [
      ...rows,
      "ALTER TABLE ev_a ADD CONSTRAINT by_hand UNIQUE (id, at)",
      "CREATE INDEX of_hand ON ev_a (who)",
      "CREATE TABLE ev_later PARTITION OF ev FOR VALUES FROM ('2027-01-01') TO ('2027-02-01')",
      "CREATE TABLE \"Ev Quoted\" PARTITION OF ev FOR VALUES FROM ('2027-02-01') TO ('2027-03-01')",
    ],
  },
  {
    name: "a primary key of columns that may be empty",
    migrations: [
      [...events.filter((one) => !one.startsWith("CREATE TABLE ev_b"))],
      ["ALTER TABLE ev ADD CONSTRAINT ev_key PRIMARY KEY (who, id, at)"],
    ],
    rows: rows.filter((one) => !one.includes("2026-05")),
  },
  {
    name: "a primary key without a name, with another schema and quoted names",
    migrations: [
      [
        'CREATE SCHEMA "Far"',
        'CREATE TABLE "Far"."Ev" ("Id" int NOT NULL, "Kind" text NOT NULL) PARTITION BY LIST ("Kind")',
        'CREATE TABLE "Far"."Ev A" PARTITION OF "Far"."Ev" FOR VALUES IN (\'a\', \'b\')',
        'CREATE TABLE "Far"."Ev Z" PARTITION OF "Far"."Ev" DEFAULT',
      ],
      [
        'ALTER TABLE "Far"."Ev" ADD PRIMARY KEY ("Id", "Kind")',
        'CREATE INDEX "By Kind" ON "Far"."Ev" ("Kind")',
        'CREATE TABLE "Far"."Ev C" PARTITION OF "Far"."Ev" FOR VALUES IN (\'c\', NULL)',
      ],
    ],
    rows: [`insert into "Far"."Ev" values (1, 'a'), (2, 'x')`],
    schemas: ["public", "Far"],
  },
  onEvents("foreign keys of it, checks and columns", [
    "ALTER TABLE ev ADD CONSTRAINT ev_who FOREIGN KEY (who) REFERENCES who (id) ON DELETE CASCADE",
    "ALTER TABLE ev ALTER COLUMN who SET NOT NULL",
    "ALTER TABLE ev ADD CONSTRAINT ev_positive CHECK (id > 0)",
    "ALTER TABLE ev ADD COLUMN note text DEFAULT 'none' NOT NULL",
    "ALTER TABLE ev ADD COLUMN other int REFERENCES who (id)",
  ]),
  {
    name: "a foreign key to it, from a table with rows",
    migrations: [
      [...events, "ALTER TABLE ev ADD PRIMARY KEY (id, at)", "CREATE TABLE seen (id bigint, at timestamptz)"],
      ["ALTER TABLE seen ADD CONSTRAINT seen_ev FOREIGN KEY (id, at) REFERENCES ev (id, at)"],
    ],
    rows: [...rows, "insert into seen values (1, '2026-04-02')"],
  },
  {
    name: "keys and checks that are dropped",
    migrations: [
      [
        ...events,
        "ALTER TABLE ev ADD CONSTRAINT ev_key PRIMARY KEY (id, at)",
        "ALTER TABLE ev ADD CONSTRAINT ev_unique UNIQUE (id, at, who)",
        "ALTER TABLE ev ADD CONSTRAINT ev_who FOREIGN KEY (who) REFERENCES who (id)",
        "ALTER TABLE ev ADD CONSTRAINT ev_positive CHECK (id > 0)",
      ],
      [
        "ALTER TABLE ev DROP CONSTRAINT ev_key",
        "ALTER TABLE ev DROP CONSTRAINT ev_unique",
        "ALTER TABLE ev DROP CONSTRAINT ev_who",
        "ALTER TABLE ev DROP CONSTRAINT ev_positive",
      ],
    ],
    rows,
  },
  {
    name: "partitions that are attached, with indexes, keys and a default partition",
    migrations: [
      [
        ...events,
        "ALTER TABLE ev ADD CONSTRAINT ev_key PRIMARY KEY (id, at)",
        "ALTER TABLE ev ADD CONSTRAINT ev_who FOREIGN KEY (who) REFERENCES who (id)",
        "CREATE INDEX ev_payload ON ev USING gin (payload)",
        "CREATE TABLE z_next (id bigint NOT NULL, at timestamptz NOT NULL, who int, payload jsonb)",
        "CREATE TABLE a_next (LIKE z_next)",
      ],
      [
        "ALTER TABLE ev ATTACH PARTITION z_next FOR VALUES FROM ('2027-01-01') TO ('2027-02-01')",
        "ALTER TABLE ev ATTACH PARTITION a_next FOR VALUES FROM ('2027-02-01') TO ('2027-03-01')",
      ],
    ],
    rows: [
      ...rows,
      "insert into z_next select g, '2027-01-02', 1, '{}' from generate_series(1, 20) g",
      "insert into a_next select g, '2027-02-02', 1, '{}' from generate_series(1, 20) g",
    ],
  },
  {
    name: "partitions of a hash, of a list, and of what is a partition itself",
    migrations: [
      [
        "CREATE TABLE h (id int NOT NULL, k text) PARTITION BY HASH (id)",
        "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE h1 (id int NOT NULL, k text)",
        "CREATE TABLE l (id int NOT NULL, k text) PARTITION BY LIST (k)",
        "CREATE TABLE l_a PARTITION OF l FOR VALUES IN ('a', 'b') PARTITION BY RANGE (id)",
        "CREATE TABLE l_a1 (id int NOT NULL, k text)",
        "CREATE TABLE l_rest PARTITION OF l_a DEFAULT",
      ],
      [
        "ALTER TABLE h ATTACH PARTITION h1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "ALTER TABLE l_a ATTACH PARTITION l_a1 FOR VALUES FROM (1) TO (10)",
        "CREATE TABLE l_a2 PARTITION OF l_a FOR VALUES FROM (20) TO (30)",
      ],
    ],
    rows: [
      "insert into l_a1 values (1, 'a')",
      "insert into l values (15, 'a')",
      "insert into h select g, 'k' from generate_series(1, 50) g where satisfies_hash_partition('h'::regclass, 2, 0, g)",
      "insert into h1 select g, 'k' from generate_series(1, 50) g where satisfies_hash_partition('h'::regclass, 2, 1, g)",
    ],
  },
  onEvents("partitions that are detached, made and dropped", [
    "ALTER TABLE ev DETACH PARTITION ev_a",
    "CREATE TABLE ev_new PARTITION OF ev FOR VALUES FROM ('2028-01-01') TO ('2028-02-01')",
    "DROP TABLE ev_b",
  ]),
  onEvents("an index that the migration attaches by itself", [
    "CREATE INDEX ev_who ON ONLY ev (who)",
    "CREATE INDEX ev_a_by_who ON ev_a (who)",
    "ALTER INDEX ev_who ATTACH PARTITION ev_a_by_who",
  ]),
  onEvents("triggers", [
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touched BEFORE INSERT ON ev FOR EACH ROW EXECUTE FUNCTION touch()",
  ]),
];

it.each(histories)("deploys, rolls back and deploys again: $name", async (history) => {
  expect(await walk(history)).toEqual([]);
});

const options = { mode: "quick", backupId: "none", allow: ["0001_m1"] } as const;

/** A database with rows in every partition, and the project that is to be deployed on it. */
async function adopted(statements: readonly string[]) {
  const folder = writeMigrations([events, statements]);
  const database = await createDatabase("empty");
  expect(await applyWithDrizzle(database.url, writeMigrations([events]))).toBeNull();
  for (const row of rows) await database.sql.unsafe(row);
  const project = await projectIn(folder, ["public"], "history");
  await baseline(project, database.url);
  return { database, folder, project };
}

const statements = [
  "ALTER TABLE ev ADD CONSTRAINT ev_unique UNIQUE (id, at)",
  "CREATE INDEX ev_payload ON ev USING gin (payload)",
  "ALTER TABLE ev ADD CONSTRAINT ev_who FOREIGN KEY (who) REFERENCES who (id)",
];

it("goes on wherever it was stopped, also where partitions came and went meanwhile", async () => {
  const { database, folder, project } = await adopted(statements);
  const { sql, url } = database;
  await sql`create table ev_gone partition of ev for values from ('2029-01-01') to ('2029-02-01')`;
  let report: DeploymentReport;
  let runs = 0;
  do {
    runs += 1;
    const stop = new AbortController();
    report = await deploy(project, url, { ...options, stopSignal: stop.signal }, (event) => {
      if (event.type === "step done") stop.abort();
    });
    if (runs === 4)
      await sql`create table ev_new partition of ev for values from ('2027-01-01') to ('2027-02-01')`;
    if (runs === 8) await sql`drop table ev_gone`;
  } while (report.outcome === "stopped");
  expect(report).toMatchObject({ ok: true });
  expect(runs).toBeGreaterThan(10);
  const invalid = await sql`select indexrelid::regclass::text as name from pg_index where not indisvalid`;
  expect([...invalid]).toEqual([]);
  const loose = await sql`
    select c.relname from pg_class c join pg_index i on i.indexrelid = c.oid
    where i.indrelid in (select relid from pg_partition_tree('ev') where level > 0) and not c.relispartition`;
  expect([...loose]).toEqual([]);
  expect(await applyWithDrizzle(url, folder)).toBeNull();
});

it("stops no writer while it builds an index on a partition", async () => {
  const { database, project } = await adopted(["CREATE INDEX ev_payload ON ev USING gin (payload)"]);
  const connect = () => postgres(database.url, { max: 1, onnotice: () => {} });
  const [holder, writer] = [connect(), connect()];
  await writer.unsafe("set lock_timeout = '10s'");
  const written: string[] = [];
  const isBuild = (step: Step) => !step.transactional && step.target?.table === "ev_a";
  try {
    const report = await deploy(project, database.url, options, async (event) => {
      if (event.type === "step started" && isBuild(event.step)) {
        await holder.unsafe(`begin; insert into ev values (99, '2026-04-03', 1, '{}')`).simple();
      }
      if (event.type === "step waiting" && isBuild(event.step)) {
        for (const at of ["2026-04-04", "2026-05-04", "2026-09-04"])
          await writer.unsafe(`insert into ev values (100, '${at}', 1, '{}')`);
        written.push(event.step.title);
        await holder.unsafe("commit");
      }
    });
    expect(report).toMatchObject({ ok: true });
    expect(written).not.toEqual([]);
  } finally {
    await Promise.all([holder.end(), writer.end()]);
  }
});
