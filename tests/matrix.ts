import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/*
 * What can differ between versions of PostgreSQL, tested on each that the whole suite does not run on: how catalogs are
 * read and texts printed, what a statement locks, SPFP deployed by Drizzle and by the engine, its checks and its rights,
 * a folder that was read on another version, and what one version alone has.
 */

const versions = ["15", "16", "18"];

const files = [
  "tests/server/catalog",
  "tests/server/checks/clean.test.ts",
  "tests/server/migrations/baseline.test.ts",
  "tests/server/plan/spfp.test.ts",
  "tests/server/plan/statements.test.ts",
  "tests/server/rollback",
  "tests/server/schema/catalog.test.ts",
  "tests/server/schema/row-level-security.test.ts",
  "tests/scenarios/histories/postgresql-18.test.ts",
  "tests/scenarios/histories/versions.test.ts",
];

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

const failed = versions.filter((version) => {
  process.stdout.write(`\nPostgreSQL ${version}\n`);
  const { status } = spawnSync(process.execPath, [vitest, "run", ...files], {
    stdio: "inherit",
    env: { ...process.env, POSTGRES_VERSION: version },
  });
  return status !== 0;
});

if (failed.length > 0) {
  process.stderr.write(`\nFailed on PostgreSQL ${failed.join(", ")}.\n`);
  process.exitCode = 1;
}
