import { expect, it } from "vitest";
import { z } from "zod";
import { createDatabase, only } from "../../support/database.ts";
import { cli, eventually } from "../../support/processes.ts";

const command = ["deploy", "--mode", "quick", "--backup-id", "2026-02-14"];

const count = z.object({ count: z.int() });

/** An adopted database in which every deployer has to wait when it has done a migration; no step of it needs the lock. */
async function heldUp() {
  const { url, sql } = await createDatabase("adopted");
  const holder = await sql.reserve();
  await holder`begin`;
  await holder`lock table drizzle.__drizzle_migrations in share mode`;
  const letGo = async (): Promise<void> => {
    await holder`rollback`;
    holder.release();
  };
  return { sql, env: { DATABASE_URL: url }, letGo };
}

it("Ctrl-C stops after the current step and says how to continue; the same command completes", {
  timeout: 180_000,
}, async () => {
  const { sql, env, letGo } = await heldUp();
  const run = cli([...command, "--lock-timeout", "100"], { env });
  await eventually("the deployer waits", async () => {
    const waiting = await sql`
      select count(*)::int as count from pg_stat_activity
      where datname = current_database() and application_name like 'spfp-db deploy%' and wait_event_type = 'Lock'`;
    return only(count, waiting).count > 0;
  });

  run.child.kill("SIGINT");
  const { status, out, err } = await run.end;

  expect(err).toBe("");
  expect(status).toBe(130);
  expect(out).toContain("Stopped on request; every step up to here is complete.");
  expect(out).toContain("To continue, run the same command again.");
  const outcomes = await sql`select outcome from spfp_db.deployments where kind = 'deploy'`;
  expect([...outcomes]).toEqual([{ outcome: "stopped" }]);
  expect(
    only(count, await sql`select count(*)::int from spfp_db.steps where status = 'done'`).count,
  ).toBeGreaterThan(0);

  await letGo();
  const again = await cli(command, { env }).end;
  expect(again.status).toBe(0);
  expect(again.out.trimEnd().split("\n")).toContain("Database optimizations completed successfully!");
});

it("a deployment that did not complete ends with status 1, the holder named on its last lines", {
  timeout: 180_000,
}, async () => {
  const { env, letGo } = await heldUp();
  const flags = ["--lock-timeout", "50", "--give-up-after", "1"];
  const plain = await cli([...command, ...flags], { env }).end;
  expect(plain).toMatchObject({ status: 1, err: "" });
  expect(plain.out).toContain("gives way to pid ");
  expect(plain.out).toMatch(/LOCK_TIMEOUT: .* because of pid \d+/);
  expect(plain.out).not.toContain("completed successfully");

  const json = await cli([...command, ...flags, "--json"], { env }).end;
  expect(json).toMatchObject({ status: 1, err: "" });
  expect(JSON.parse(json.out)).toMatchObject({
    ok: false,
    outcome: "failed",
    error: { code: "LOCK_TIMEOUT" },
  });
  await letGo();
});

it("what cannot be a deployment ends with status 2", { timeout: 60_000 }, async () => {
  const bad = [
    ["--lock-timeout", "0"],
    ["--parallel", "many"],
    ["--plan", "no-such-file"],
    ["--mode", "reckless"],
  ];
  for (const flags of bad) {
    const { status, err, out } = await cli([...command, ...flags], {
      env: { DATABASE_URL: "postgresql://localhost:1/nowhere" },
    }).end;
    expect([flags, status, out]).toEqual([flags, 2, ""]);
    expect(err).toMatch(/^spfp-db: (USAGE|FILE_MISSING): .*\n$/);
  }
});
