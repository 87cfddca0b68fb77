import { baseline, migrate } from "drizzle-deploy";
import { readMigrations } from "drizzle-deploy/migrations";
import { connect, type DatabaseUrl } from "drizzle-deploy/postgres";
import { z } from "zod";
import { mergeDuplicates } from "../duplicates/index.ts";
import { spfpProject } from "../project.ts";
import type { ScratchDatabase } from "../server/index.ts";
import { spfp } from "../spfp.ts";
import { deployOnTrial } from "../states.ts";
import { findPsql, runByPsql } from "./psql.ts";
import { type DeploymentKind, type DeploymentResult, deploymentKinds } from "./report.ts";
import { startTraffic } from "./traffic.ts";

/** Merges the duplicates that the uniqueness rules refuse; nobody else is in the database. */
export async function mergeAll(url: DatabaseUrl): Promise<void> {
  const sql = await connect(url);
  await mergeDuplicates(sql).finally(() => sql.end());
}

/** Records where the database stands. */
export async function adopt(url: DatabaseUrl): Promise<void> {
  await baseline(spfpProject, url);
}

/**
 * Runs the pending migrations in one transaction: by `psql` where one is on the PATH, as a person would, and else by
 * the program's own driver.
 * @returns which it was
 */
export async function deployInOneTransaction(
  url: DatabaseUrl,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const migrations = readMigrations(spfp.migrationsFolder);
  const pending = migrations.slice(migrations.findIndex(({ tag }) => tag === spfp.baselineTag) + 1);
  const statements = pending.flatMap((migration) => migration.statements);
  const psql = await findPsql(environment);
  if (psql) {
    await runByPsql(psql, url, statements);
    return `psql ${psql.version}`;
  }
  const sql = await connect(url);
  await sql
    .begin(async (transaction) => {
      for (const statement of statements) await transaction.unsafe(statement);
    })
    .finally(() => sql.end());
  return "the program's own driver, since there is no psql on the PATH";
}

/** The ways to deploy; each says what ran the statements. */
const deployers: Record<DeploymentKind, (url: DatabaseUrl) => Promise<string>> = {
  online: async (url) => {
    await deployOnTrial(url, "a benchmark");
    return "spfp-db deploy";
  },
  "drizzle-kit": async (url) => {
    const sql = await connect(url);
    await migrate(sql, spfp.migrationsFolder).finally(() => sql.end());
    return "Drizzle's migrator";
  },
  "one transaction": deployInOneTransaction,
};

const stateSchema = z.tuple([z.object({ wal: z.coerce.number(), size: z.coerce.number() })]);

/** How long clients are at work before the deployment begins, in milliseconds. */
const warmUp = 3_000;

async function deployOnce(
  url: DatabaseUrl,
  kind: DeploymentKind,
  withClients: boolean,
): Promise<{
  by: string;
  seconds: number;
  wal: number;
  grown: number;
  met: Awaited<ReturnType<Awaited<ReturnType<typeof startTraffic>>["stop"]>> | null;
}> {
  const sql = await connect(url);
  const look = async () => {
    const [state] = stateSchema.parse([
      ...(await sql`select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal,
        pg_database_size(current_database()) as size`),
    ]);
    return state;
  };
  const traffic = withClients ? await startTraffic(url) : null;
  if (traffic) await new Promise((resolve) => setTimeout(resolve, warmUp));
  const before = await look();
  traffic?.begin();
  const begun = performance.now();
  const by = await deployers[kind](url);
  const seconds = (performance.now() - begun) / 1_000;
  const after = await look();
  const met = traffic ? await traffic.stop() : null;
  await sql.end();
  return { by, seconds, wal: after.wal - before.wal, grown: after.size - before.size, met };
}

/**
 * Brings the same database to the end in each way, with readers and writers on every table concerned, and without.
 * @param copy makes a copy of an adopted database without duplicates
 */
export async function measureDeployments(
  copy: () => Promise<ScratchDatabase>,
  say: (what: string) => void,
): Promise<DeploymentResult[]> {
  const results: DeploymentResult[] = [];
  for (const kind of deploymentKinds) {
    const run = async (withClients: boolean) => {
      say(`${kind}${withClients ? ", with clients" : ", alone"}`);
      const database = await copy();
      try {
        return await deployOnce(database.url, kind, withClients);
      } finally {
        await database.drop();
      }
    };
    const alone = await run(false);
    const busy = await run(true);
    if (!busy.met) continue;
    const { closed, open, waits } = busy.met;
    results.push({
      kind,
      by: busy.by,
      withClients: busy.seconds,
      alone: alone.seconds,
      closed,
      open,
      walBytes: alone.wal,
      grownBytes: alone.grown,
      waits,
    });
  }
  return results;
}
