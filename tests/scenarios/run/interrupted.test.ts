import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect, siblingUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createScratchDatabase, startServer } from "../../../src/server/index.ts";
import { spfp } from "../../../src/spfp.ts";
import { baselineMigrations, reachState } from "../../../src/states.ts";
import { createDatabase } from "../../support/database.ts";
import { deploy, differencesBetween, journalOf } from "../../support/deploy.ts";
import { execute } from "../../support/execute.ts";
import { index, planOf } from "../../support/plan-by-hand.ts";
import { eventually, postmasterPid, scratchFolder } from "../../support/processes.ts";

it("its connection cut before and after each statement in turn, a deployment says so, and the next one continues", {
  // Each of some 280 deployments takes a quarter of a second or so.
  timeout: 900_000,
}, async () => {
  const database = await createDatabase("adopted");
  const deployed = await createDatabase("deployed");
  const { url, sql } = database;
  const project = { ...spfpProject, validate: async () => [] };
  const observing = await connect(url);
  const plan = await planFor(observing, spfpProject, []).finally(() => observing.end());
  const steps = plan.steps.filter(({ action }) => action !== "skip");
  for (const { id } of steps) {
    for (const at of ["before", "after"] as const) {
      const report = await deploy(
        url,
        { parallel: 1 },
        {
          project,
          observer: async (event) => {
            if (event.type !== "statement" || event.step.id !== id || event.at !== at) return;
            await sql`
              select pg_terminate_backend(pid, 10000) from pg_stat_activity
              where datname = current_database() and application_name ~ '^spfp-db deploy [-0-9a-f]{36}$'`;
          },
        },
      );
      expect(report).toMatchObject({ outcome: "failed", error: { code: "CONNECTION_LOST", step: id } });
      expect(report.error?.remedy).toContain("run the same command again");
    }
  }
  expect(await deploy(url)).toMatchObject({ ok: true, outcome: "completed" });
  expect(await differencesBetween(database, deployed)).toEqual([]);
  expect(await journalOf(database)).toEqual(await journalOf(deployed));
  expect(await sql`select from spfp_db.deployments where outcome is null`).toEqual([]);
});

it("the server killed in the middle and started again, the same command continues", {
  timeout: 300_000,
}, async () => {
  const folder = scratchFolder();
  onTestFinished(folder.remove);
  const dataDirectory = join(folder.path, "data");
  const start = () => startServer({ dataDirectory, durable: false });
  let server = await start();
  onTestFinished(() => server.stop());
  /** Started again, and found to answer: the processes of the killed one may still be on their way out. */
  const restart = async (): Promise<void> => {
    await eventually("the server answers", async () => {
      server = await start();
      const sql = await connect(server.url("postgres")).catch(() => undefined);
      await sql?.end();
      return sql !== undefined;
    });
  };
  const scratch = await createScratchDatabase(server.url("postgres"));
  const name = new URL(scratch.url).pathname.slice(1);
  const prepared = await connect(scratch.url);
  await reachState(prepared, "production");
  await prepared.begin((transaction) => writeJournal(transaction, baselineMigrations()));
  await prepared.end();

  const points = [
    { isIt: "create table", at: "after" },
    { isIt: "add column", at: "before" },
    { isIt: "create index", at: "before" },
    { isIt: "create index", at: "after" },
    { isIt: "create view", at: "after" },
  ] as const;
  for (const { isIt, at } of points) {
    let killed = false;
    const report = await deploy(
      siblingUrl(server.url("postgres"), name),
      {},
      {
        observer: async (event) => {
          if (killed || event.type !== "statement" || event.step.kind !== isIt || event.at !== at) return;
          killed = true;
          const pid = postmasterPid(dataDirectory);
          if (pid === undefined) throw new Error("the server does not run");
          process.kill(pid, "SIGKILL");
          await server.ended();
        },
      },
    );
    expect(report).toMatchObject({ outcome: "failed", error: { code: "CONNECTION_LOST" } });
    await restart();
  }
  const url = siblingUrl(server.url("postgres"), name);
  expect(await deploy(url)).toMatchObject({ ok: true, outcome: "completed" });
  const sql = await connect(url);
  onTestFinished(() => sql.end());
  expect(
    compareCatalogs(expectedCatalog(spfp.headTag), await readCatalog(sql, { schemas: spfp.schemas })),
  ).toEqual([]);
  expect(await sql`select from pg_index where not indisvalid`).toEqual([]);
});

it("the connection that it watches from cut, it does not go on blindly", { timeout: 120_000 }, async () => {
  const { url, sql, drop } = await createDatabase("empty");
  onTestFinished(drop);
  await sql`create table public.tasks (id int)`;
  const writer = await sql.reserve();
  await writer`begin`;
  await writer`lock table tasks in row exclusive mode`;
  const plan = planOf({
    one: [
      {
        sql: "create index concurrently idx_tasks on public.tasks (id)",
        kind: "create index",
        target: index("idx_tasks", "tasks"),
        transactional: false,
      },
    ],
  });
  const report = await execute(url, plan, {
    observer: async (event) => {
      if (event.type !== "step waiting") return;
      await sql`
        select pg_terminate_backend(pid, 10000) from pg_stat_activity
        where datname = current_database() and application_name like 'spfp-db deploy % watch'`;
    },
  });
  expect(report).toMatchObject({ outcome: "failed", error: { code: "CONNECTION_LOST" } });
  await eventually("the build has ended with its connection", async () => {
    const left =
      await sql`select from pg_stat_activity where application_name like 'spfp-db deploy %' and datname = current_database()`;
    return left.length === 0;
  });
  await writer`rollback`;
  writer.release();
  expect(await execute(url, plan)).toMatchObject({ outcome: "completed" });
  expect(await sql`select from pg_index where not indisvalid`).toEqual([]);
});
