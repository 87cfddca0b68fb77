import { expect, it } from "vitest";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { generateData } from "../../../src/bench/index.ts";
import { mergeDuplicates } from "../../../src/duplicates/index.ts";
import { copyDatabase, createDatabase } from "../../support/database.ts";
import { deploy } from "../../support/deploy.ts";
import { drizzleKitMigrate } from "../../support/drizzle-kit.ts";
import { projectFolder } from "../../support/states.ts";
import { type Longest, startTraffic } from "../../support/traffic.ts";

/** Of production's data: 200,000 tasks, leads and posts each, 400,000 transactions. */
const scale = 0.2;

/** In milliseconds: how long a statement may queue for a lock, and what a busy machine may add to anybody's wait. */
const lockTimeout = 1_000;
const margin = 1_500;

const told = ({ milliseconds, table, what }: Longest): string =>
  `${Math.round(milliseconds)} ms for a ${what} of ${table}`;

it("readers and writers go on while 200,000-row tables are deployed to", { timeout: 600_000 }, async () => {
  const database = await createDatabase("adopted");
  await generateData(database.url, { scale, seed: 1 });
  const sql = await connect(database.url);
  await mergeDuplicates(sql);
  await sql.end();
  const other = await copyDatabase(database);

  const online = await startTraffic(database.url);
  const report = await deploy(database.url, { lockTimeout });
  const { longest, statements } = await online.stop();

  const offline = await startTraffic(other.url);
  const begun = performance.now();
  await drizzleKitMigrate(projectFolder, other.url);
  const took = performance.now() - begun;
  const { longest: longestOffline } = await offline.stop();

  process.stdout.write(
    `longest wait while deploying online (${(report.milliseconds / 1000).toFixed(1)} s, ${statements} statements): ${told(longest)}\n` +
      `longest wait during drizzle-kit migrate (${(took / 1000).toFixed(1)} s): ${told(longestOffline)}\n`,
  );
  expect(report).toMatchObject({ ok: true, outcome: "completed" });
  expect(statements).toBeGreaterThan(100);
  expect(longest.milliseconds).toBeLessThan(lockTimeout + margin);
  expect(longestOffline.milliseconds).toBeGreaterThan(longest.milliseconds);
});
