import { expect, it } from "vitest";
import { z } from "zod";
import { planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase } from "../../support/database.ts";
import { differencesBetween, journalOf } from "../../support/deploy.ts";
import { runDeployer, startDeployer } from "../../support/killed.ts";
import { eventually } from "../../support/processes.ts";

const deployed = await createDatabase("deployed");

/** Halves of the plan, each in a database of its own: killed at the same time, they take half as long. */
const shares = ["the first half", "the second half"] as const;

it.concurrent.for(shares)(
  "killed before and after each statement of %s in turn, it ends where an undisturbed one ends",
  {
    // Each of some 280 kills costs two seconds or so, more beside other tests.
    timeout: 1_800_000,
  },
  async (share, { expect, onTestFinished }) => {
    const database = await createDatabase("adopted", { onTestFinished });
    const { url, sql } = database;
    const planning = await connect(url);
    const plan = await planFor(planning, spfpProject, []).finally(() => planning.end());
    const steps = plan.steps.filter(({ action }) => action !== "skip");
    const middle = Math.ceil(steps.length / 2);
    const isOurs = (at: number): boolean => at < middle === (share === "the first half");

    // Where the next deployer begins: a step that was not committed is its first.
    let first = 0;
    for (const [at, step] of steps.entries()) {
      if (!isOurs(at)) continue;
      expect(await runDeployer(url, { stopAt: 2 * (at - first) + 1 })).toEqual({
        at: "before",
        step: step.id,
      });
      expect(await runDeployer(url, { stopAt: 2 })).toEqual({ at: "after", step: step.id });
      // An index that was complete when its builder was killed needs nothing any more.
      first = step.transactional ? at : at + 1;
    }
    expect(await runDeployer(url, { stopAt: 0 })).toEqual({ outcome: "completed", error: null });

    expect(await differencesBetween(database, deployed)).toEqual([]);
    expect(await journalOf(database)).toEqual(await journalOf(deployed));
    const done = z
      .array(z.object({ step: z.string() }))
      .parse([...(await sql`select step_id as step from spfp_db.steps where status = 'done'`)]);
    const recorded = steps.filter((step, at) => step.transactional || !isOurs(at));
    expect(done.map(({ step }) => step).sort()).toEqual(recorded.map(({ id }) => id).sort());
    expect(await sql`select from pg_index where not indisvalid`).toEqual([]);
    expect(await sql`select from spfp_db.deployments where outcome is null`).toEqual([]);
  },
);

it("killed in the middle of two index builds, it leaves halves of them, which the next run clears away", {
  timeout: 180_000,
}, async () => {
  const database = await createDatabase("adopted");
  const { url, sql } = database;
  const invalid = () =>
    sql`select indexrelid::regclass::text as name from pg_index where not indisvalid order by 1`;
  const planning = await connect(url);
  const plan = await planFor(planning, spfpProject, []).finally(() => planning.end());
  const first = plan.steps.filter(({ action }) => action !== "skip").findIndex((step) => !step.transactional);
  await runDeployer(url, { stopAt: 2 * first + 1 });
  // Builds on these tables wait for it, with their indexes begun.
  const writer = await sql.reserve();
  await writer`begin`;
  await writer`lock table corporate_activities, marketing_posts in row exclusive mode`;
  const { kill } = startDeployer(url, { parallel: 2 });
  await eventually("both builds have begun", async () => (await invalid()).length === 2);

  await kill();

  // Whoever comes next is not kept waiting by what the killed one left in the server.
  await eventually("its backends have noticed", async () => {
    const left = await sql`
      select from pg_stat_activity
      where datname = current_database() and application_name like 'spfp-db deploy %'`;
    return left.length === 0;
  });
  expect(await invalid()).toHaveLength(2);
  await writer`rollback`;
  writer.release();
  expect(await runDeployer(url, { stopAt: 0, parallel: 2 })).toEqual({
    outcome: "completed",
    error: null,
  });
  expect(await invalid()).toEqual([]);
  expect(await differencesBetween(database, deployed)).toEqual([]);
});
