import { expect, it } from "vitest";
import { z } from "zod";
import { compareCatalogs } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { planFor, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { screens } from "../../../src/bench/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import {
  deploy,
  differencesBetween,
  journalOf,
  migrateWithDrizzle,
  projectUpTo,
  publicCatalog,
} from "../../support/deploy.ts";
import { runDeployer } from "../../support/killed.ts";
import { isToRun } from "../../support/steps.ts";
import { writtenProject } from "../../support/written-project.ts";

const deployed = await createDatabase("deployed");
// The indexes as 0002 made them, which 0006 drops and makes again.
const previous = projectUpTo("0005_views");

async function standingBefore(): Promise<TestDatabase> {
  const database = await createDatabase("empty");
  await migrateWithDrizzle(database.url, previous.migrationsFolder);
  return database;
}

async function steps({ url }: TestDatabase) {
  const sql = await connect(url);
  const plan = await planFor(sql, spfpProject, []).finally(() => sql.end());
  return plan.steps.filter(isToRun);
}

const namesSchema = z.array(z.object({ name: z.string() }));

async function missing({ sql }: TestDatabase): Promise<string[]> {
  const rows = await sql`select indexrelid::regclass::text as name from pg_index where indisvalid`;
  const there = namesSchema.parse([...rows]).map(({ name }) => name);
  return screens.map(({ index }) => index).filter((index) => !there.includes(index));
}

it("killed before and after each statement that replaces the first two of the screens' indexes, no screen is ever without its own", {
  timeout: 300_000,
}, async () => {
  const database = await standingBefore();
  const { url, sql } = database;
  const toRun = await steps(database);
  const ofIndexes = toRun.filter(({ migration }) => migration === "0006_screen_order");
  expect(ofIndexes.map(({ kind }) => kind)).toEqual(
    Array.from({ length: 4 }, () => ["create index", "rename"]).flat(),
  );
  // Where the next deployer begins: a step that was not committed is its first.
  let first = 0;
  for (const [at, step] of toRun.slice(0, 4).entries()) {
    expect(await runDeployer(url, { stopAt: 2 * (at - first) + 1 })).toEqual({ at: "before", step: step.id });
    expect(await missing(database)).toEqual([]);
    expect(await runDeployer(url, { stopAt: 2 })).toEqual({ at: "after", step: step.id });
    expect(await missing(database)).toEqual([]);
    // An index that was complete when its builder was killed needs nothing any more.
    first = step.transactional ? at : at + 1;
  }
  expect(await runDeployer(url, { stopAt: 0 })).toEqual({ outcome: "completed", error: null });
  expect(await differencesBetween(database, deployed)).toEqual([]);
  expect(await journalOf(database)).toEqual(await journalOf(deployed));
  const done = z
    .array(z.object({ step: z.string() }))
    .parse([...(await sql`select step_id as step from spfp_db.steps where status = 'done'`)]);
  expect(done.map(({ step }) => step).sort()).toEqual(
    toRun
      .filter(({ transactional }, at) => transactional || at >= 4)
      .map(({ id }) => id)
      .sort(),
  );
});

it.each([
  ["the first new index was built", 2],
  ["the first one has taken its place", 5],
])(
  "killed when %s, it is rolled back to what was before, and deployed again",
  { timeout: 120_000 },
  async (_, stopAt) => {
    const database = await standingBefore();
    const { url } = database;
    const before = await publicCatalog(database);
    expect(await runDeployer(url, { stopAt })).toHaveProperty("step");
    expect(compareCatalogs(before, await publicCatalog(database))).not.toEqual([]);
    const back = await rollback(spfpProject, url, { scope: "all", approvedBy: "Ana" });
    expect(back.error).toBeNull();
    expect(compareCatalogs(before, await publicCatalog(database))).toEqual([]);
    expect((await deploy(url)).error).toBeNull();
    expect(await differencesBetween(database, deployed)).toEqual([]);
  },
);

it.each([
  {
    what: "a unique index",
    first: ["create unique index win_k on win (k)"],
    second: ["drop index win_k", "create unique index win_k on win (k) include (f)"],
  },
  {
    what: "a unique key",
    first: ["alter table win add constraint win_k unique (k)"],
    second: [
      "alter table win drop constraint win_k",
      "alter table win add constraint win_k unique (k) include (f)",
    ],
  },
  {
    what: "a primary key that moves to another column",
    first: [
      "alter table win alter column k set not null",
      "alter table win add constraint win_k unique (k)",
      "alter table win add constraint win_pkey primary key (id)",
      "create table other (win int constraint other_win references win (id))",
    ],
    second: [
      "alter table win drop constraint win_pkey cascade",
      "alter table win add constraint win_id unique (id)",
      "alter table win add constraint win_pkey primary key (k)",
      "alter table other add constraint other_win foreign key (win) references win (id)",
    ],
  },
])(
  "$what that is replaced goes on deciding upserts, also when it is stopped in between",
  {
    timeout: 120_000,
  },
  async ({ first, second }) => {
    const table = "create table win (id serial, k text, f text)";
    const project = await writtenProject("upserts", [[table, ...first], second]);
    const { url, sql } = await createDatabase("empty");
    await migrateWithDrizzle(url, (await writtenProject("upserts", [[table, ...first]])).migrationsFolder);
    await sql`insert into win (k, f) select 'k' || n, '' from generate_series(1, 100000) n`;
    const refused: unknown[] = [];
    let over = false;
    let written = 0;
    const writer = (async () => {
      while (!over) {
        await sql`insert into win (k, f) values (${`k${written}`}, 'new') on conflict (k) do update set f = excluded.f`.catch(
          (error: unknown) => refused.push(error),
        );
        written += 1;
      }
    })();
    const stop = new AbortController();
    const allow = ["0001_upserts"];
    const deployed = async () => {
      const half = await deploy(
        url,
        { allow, stopSignal: stop.signal },
        {
          project,
          observer: (event) => {
            if (event.type === "step done") stop.abort();
          },
        },
      );
      return { half, report: await deploy(url, { allow }, { project }) };
    };
    const { half, report } = await deployed().finally(() => {
      over = true;
    });
    await writer;
    expect(half.outcome).toBe("stopped");
    expect(report.error).toBeNull();
    expect(written).toBeGreaterThan(10);
    expect(refused).toEqual([]);
    const wanted = await createDatabase("empty");
    await migrateWithDrizzle(wanted.url, project.migrationsFolder);
    expect(await differencesBetween({ ...wanted }, { ...wanted, url, sql })).toEqual([]);
  },
);
