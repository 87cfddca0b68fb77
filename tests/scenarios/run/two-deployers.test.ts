import { expect, it } from "vitest";
import { z } from "zod";
import { createDatabase, only } from "../../support/database.ts";
import { deploy, differencesBetween } from "../../support/deploy.ts";
import { execute, listen } from "../../support/execute.ts";
import { planOf } from "../../support/plan-by-hand.ts";
import { refusal } from "../../support/processes.ts";

it("a second deployer is told who works, and changes nothing", { timeout: 120_000 }, async () => {
  const database = await createDatabase("empty");
  const { url, sql } = database;
  await sql`create table public.tasks (id int)`;
  const holder = await sql.reserve();
  await holder`begin`;
  await holder`lock table tasks in share mode`;
  const { observer, next } = listen();
  const plan = planOf({ one: [{ sql: "alter table public.tasks add column due date" }] });
  const first = execute(url, plan, { lockTimeout: 100, observer });
  await next("step retried");
  const working = only(
    z.object({ pid: z.int(), user: z.string(), application: z.string() }),
    await sql`
      select pid, usename as user, application_name as application from pg_stat_activity
      where datname = current_database() and application_name ~ '^spfp-db deploy [-0-9a-f]{36}$'`,
  );

  const error = await refusal(execute(url, plan));

  expect(error.code).toBe("DEPLOYMENT_RUNNING");
  expect(error.message).toContain(`pid ${working.pid} (${working.application}, user ${working.user})`);
  expect(error.message).toMatch(/since \d{4}-\d\d-\d\d/);
  expect(await sql`select from spfp_db.deployments`).toHaveLength(1);
  await holder`rollback`;
  holder.release();
  expect(await first).toMatchObject({ outcome: "completed" });
});

it("of two that start at once each ends well or is refused, and the database is deployed", {
  timeout: 120_000,
}, async () => {
  const database = await createDatabase("adopted");
  const deployed = await createDatabase("deployed");
  const outcomes = await Promise.allSettled([deploy(database.url), deploy(database.url)]);
  const said = outcomes.map((one) => (one.status === "fulfilled" ? one.value.outcome : one.reason.code));
  expect(said).toContain("completed");
  for (const word of said) expect(["completed", "DEPLOYMENT_RUNNING"]).toContain(word);
  expect(await differencesBetween(database, deployed)).toEqual([]);
});
