import { expect, it } from "vitest";
import { z } from "zod";
import { baselineMigrations, planFor, spfpProject } from "../../src/deploy/index.ts";
import { writeJournal } from "../../src/deploy/journal.ts";
import { connect } from "../../src/postgres/index.ts";
import { testDatabase } from "../support/database.ts";
import { compileDeployer, runDeployer } from "./support/killed.ts";
import { differencesBetween, journalOf } from "./support/project.ts";

const deployed = await testDatabase("deployed");
const database = await testDatabase("production");
const deployer = compileDeployer();

/** Each kind of step, and of those that are alike one of so many: each kill costs a second. 1 kills at every step. */
const oneOf = 6;

it("killed before and after each statement in turn, it ends where an undisturbed one ends", {
  timeout: 600_000,
}, async () => {
  const sql = await connect(database.url);
  await writeJournal(sql, baselineMigrations());
  const plan = await planFor(sql, spfpProject, []);
  await sql.end();
  const steps = plan.steps.filter(({ action }) => action !== "skip");
  const points = steps.filter(
    ({ kind }, at) => at % oneOf === 0 || steps.findIndex((step) => step.kind === kind) === at,
  );

  // Where the next deployer begins: a step that was not committed is its first.
  let first = 0;
  for (const step of points) {
    const at = steps.indexOf(step);
    expect(await runDeployer(deployer, database.url, { stopAt: 2 * (at - first) + 1 })).toEqual({
      at: "before",
      step: step.id,
    });
    expect(await runDeployer(deployer, database.url, { stopAt: 2 })).toEqual({ at: "after", step: step.id });
    // An index that was complete when its builder was killed needs nothing any more.
    first = step.transactional ? at : at + 1;
  }
  expect(await runDeployer(deployer, database.url, { stopAt: 0 })).toEqual({
    outcome: "completed",
    error: null,
  });

  expect(await differencesBetween(database, deployed)).toEqual([]);
  expect(await journalOf(database)).toEqual(await journalOf(deployed));
  const done = z
    .array(z.object({ step: z.string() }))
    .parse([
      ...(await database.sql`select step_id as step from spfp_db.steps where status = 'done' order by finished_at`),
    ]);
  const recorded = steps.filter((step) => step.transactional || !points.includes(step));
  expect(done.map(({ step }) => step)).toEqual(recorded.map(({ id }) => id));
  expect(await database.sql`select from pg_index where not indisvalid`).toEqual([]);
  expect(await database.sql`select from spfp_db.deployments where outcome is null`).toEqual([]);
});
