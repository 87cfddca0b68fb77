// A deployment of one's own: needs the engine, drizzle-deploy, as well.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as engine from "drizzle-deploy";
import { type DeploymentReport, type DeployOptions, type Project, projectOfFolder } from "drizzle-deploy";
import { compareCatalogs } from "drizzle-deploy/catalog";
import { runCommandLine } from "drizzle-deploy/cli";
import { DeployError } from "drizzle-deploy/findings";
import { readMigrations } from "drizzle-deploy/migrations";
import { connect, parseDatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { defaultNames } from "drizzle-deploy/project";
import { formatDeploymentReport } from "drizzle-deploy/report";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { migrationsFolder } from "spfp-db/bootstrap";
import { deploy, eraseUser, exportUser, type Receipt, spfpProject } from "spfp-db/deploy";

/** The project of a migrations folder, as `projectOfFolder` makes it with a scratch database. */
export const shopOf = (scratch: Sql): Promise<Project> =>
  projectOfFolder(scratch, { name: "shop", migrationsFolder: "drizzle", schemas: ["public"] });

const options: DeployOptions = { mode: "quick", backupId: "2026-02-14" };

/** Deploys SPFP, and says how it went. */
export async function deploySpfp(url: string): Promise<string> {
  const report: DeploymentReport = await deploy(spfpProject, parseDatabaseUrl(url), options);
  return formatDeploymentReport(report, spfpProject.names);
}

/** Gives a user everything that there is of them, and forgets them. */
export async function forget(url: string, userId: string, folder: string): Promise<Receipt | null> {
  const database = parseDatabaseUrl(url);
  await exportUser(database, { userId, folder });
  return await eraseUser(database, { userId, exported: folder });
}

// @ts-expect-error: no such mode, which a compiler that lost the types would not notice
const wrong: DeployOptions = { mode: "careless" };
assert.equal(wrong.mode, "careless");

assert.equal(engine.deploy, deploy);
assert.equal(readMigrations(migrationsFolder).length > 0, true);
assert.equal(quoteIdentifier('a"b'), '"a""b"');
assert.throws(() => parseDatabaseUrl("nonsense"), DeployError);
for (const one of [compareCatalogs, runCommandLine]) assert.equal(typeof one, "function");
assert.equal(typeof defaultNames.command, "string");

// Where there is a deployed database: somebody who goes, with everything.
const database = process.env["DATABASE_URL"];
if (database !== undefined) {
  const userId = randomUUID();
  const sql = await connect(parseDatabaseUrl(database));
  await sql`insert into auth.users (id) values (${userId})`;
  await sql`insert into public.automation_permissions (user_id) values (${userId})`;
  await sql`insert into public.goals (user_id, name, target_amount, deleted_at) values (${userId}, 'Boat', 1, now())`;
  const parent = mkdtempSync(join(tmpdir(), "forget-"));
  try {
    const receipt = await forget(database, userId, join(parent, "user"));
    assert.ok(existsSync(join(parent, "user", "goals.jsonl")));
    const erased = receipt?.erased.flatMap(({ table, rows }) => (rows > 0 ? [table] : []));
    assert.deepEqual(erased?.sort(), [
      "public.automation_permissions",
      "public.automation_permissions_audit",
      "public.goals",
    ]);
    const left = await sql`select from public.automation_permissions_audit where user_id = ${userId}`;
    assert.equal(left.length, 0);
  } finally {
    rmSync(parent, { recursive: true, force: true });
    await sql.end();
  }
}
