import { type DeploymentReport, deploy, migrate } from "drizzle-deploy";
import { readMigrations } from "drizzle-deploy/migrations";
import type { DatabaseUrl, Sql } from "drizzle-deploy/postgres";
import { SpfpError } from "./errors.ts";
import { spfpProject } from "./project.ts";
import { requireBootstrapped } from "./server/index.ts";
import { spfp } from "./spfp.ts";

/** `production` is made without Drizzle, as a real one would be: it has no journal. */
export const databaseStates = ["empty", "production", "deployed"] as const;

export type DatabaseState = (typeof databaseStates)[number];

/** The migrations that describe production as it was before anything was deployed. */
export function baselineMigrations() {
  const migrations = readMigrations(spfp.migrationsFolder);
  return migrations.slice(0, migrations.findIndex(({ tag }) => tag === spfp.baselineTag) + 1);
}

/** Brings an empty, bootstrapped database to a state. Throws `NOT_BOOTSTRAPPED`. */
export async function reachState(sql: Sql, state: DatabaseState): Promise<void> {
  await requireBootstrapped(sql);
  switch (state) {
    case "empty":
      return;
    case "production":
      await sql.begin(async (transaction) => {
        for (const statement of baselineMigrations().flatMap(({ statements }) => statements)) {
          await transaction.unsafe(statement);
        }
      });
      return;
    case "deployed":
      await migrate(sql, spfp.migrationsFolder);
      return;
  }
}

/**
 * Deploys online to a database that is thrown away, as `spfp-db deploy` does; nobody would restore it.
 *
 * @param purpose what the database is for, as the record of the deployment says in place of a backup
 * @throws SpfpError with what the deployment failed with
 */
export async function deployOnTrial(
  url: DatabaseUrl,
  purpose: string,
  say: (what: string) => void = () => {},
): Promise<DeploymentReport> {
  const report = await deploy(spfpProject, url, { mode: "quick", backupId: `none: ${purpose}` }, (event) => {
    if (event.type === "step started") say(event.step.title);
  });
  if (report.error) throw new SpfpError(report.error.code, report.error.message, report.error.remedy);
  return report;
}
