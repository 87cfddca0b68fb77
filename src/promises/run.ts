import { cpus, totalmem } from "node:os";
import type { PhaseRunner, PhaseWork } from "drizzle-deploy/cli";
import { connect, type DatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import {
  screens as allScreens,
  businessDate,
  findTenant,
  removeSoftDeleted,
  type ScreenId,
  softDeleteAfterDeployment,
} from "../bench/index.ts";
import type { ScratchDatabase } from "../server/index.ts";
import { deployOnTrial } from "../states.ts";
import { measureChecks } from "./check.ts";
import { measureClients } from "./clients.ts";
import { type DataTemplate, keepCopies, type OnScratchDatabases, openTemplate } from "./databases.ts";
import { adopt, measureDeployments, mergeAll } from "./deployments.ts";
import { runs } from "./measure.ts";
import { measureMerge } from "./merge.ts";
import { measurePolicies } from "./policies.ts";
import { type BenchReport, benchReportSchema, type PartId, partIds, type TenantSize } from "./report.ts";
import { findLargestTenant, measureScreens, type Sides, type SizedTenant } from "./screens.ts";
import { measureStorage } from "./storage.ts";
import { measureViews } from "./views.ts";
import { measureWrites } from "./writes.ts";

/** What a benchmark is made of. */
export interface BenchOptions {
  /** Size of the data, 1 being production's: see `generateData`. */
  readonly scale: number;
  readonly seed: number;
  /** What to measure; everything if left out. */
  readonly parts?: readonly PartId[];
  /** Which screens; all five if left out. */
  readonly screens?: readonly ScreenId[];
  /** Version of the program, for the report. */
  readonly version: string;
  readonly onScratch?: OnScratchDatabases;
}

/** Shares of the scale at which the screens are measured again, to see how their times grow. */
const smallerShares = [0.01, 0.1];

/** Under this much data nothing would be left to measure. */
const smallestScale = 0.001;

const settingsSchema = z.array(z.object({ name: z.string(), setting: z.string() }));

async function describeServer(sql: Sql): Promise<BenchReport["server"]> {
  const settings = settingsSchema.parse([
    ...(await sql`
      select name, current_setting(name) as setting from pg_settings
      where name in ('server_version', 'shared_buffers', 'work_mem', 'maintenance_work_mem', 'effective_cache_size',
        'random_page_cost', 'jit', 'fsync', 'synchronous_commit', 'max_wal_size', 'max_parallel_workers_per_gather')
      order by name`),
  ]);
  const all = Object.fromEntries(settings.map(({ name, setting }) => [name, setting]));
  const { server_version: version = "", ...rest } = all;
  return { version, settings: rest };
}

/** The tenants that are measured; where there are few, one may stand for two sizes. */
async function findTenants(sql: Sql): Promise<[SizedTenant, ...SizedTenant[]]> {
  const largest = await findLargestTenant(sql);
  const rank = Math.max(1, Math.round(largest.of / 100));
  const wanted: [TenantSize, Parameters<typeof findTenant>[1]][] = [
    ["99th percentile", { rank }],
    ["median", "median"],
  ];
  const found: [SizedTenant, ...SizedTenant[]] = [largest];
  for (const [size, which] of wanted) {
    const tenant = await findTenant(sql, which);
    if (tenant) found.push({ ...tenant, size });
  }
  return found;
}

/** The two sides, each in a database of its own that is made from the template. */
async function makeSides(
  template: DataTemplate,
  copy: (name: string) => Promise<ScratchDatabase>,
  say: (what: string) => void,
) {
  say("merging duplicates");
  const before = await copy(template.name);
  await mergeAll(before.url);
  say("deploying online");
  const after = await copy(before.name);
  await adopt(after.url);
  await deployOnTrial(after.url, "a benchmark", say);
  say("soft-deleting rows");
  const one = await connect(before.url);
  await removeSoftDeleted(one);
  const two = await connect(after.url);
  await softDeleteAfterDeployment(two);
  await two.unsafe("vacuum (analyze)");
  await one.unsafe("vacuum (analyze)");
  const sides: Sides = { before: one, after: two };
  return {
    ...sides,
    urls: { before: before.url, after: after.url },
    async drop() {
      await Promise.all([one.end(), two.end()]);
      await before.drop();
      await after.drop();
    },
  };
}

/**
 * Measures what was promised, on this machine: see `benchReportSchema` for what. Works in databases of its own on the
 * server of `url` and drops them, but for the generated data, which is kept for the next run.
 *
 * @throws SpfpError as `createScratchDatabase`, and with what a deployment fails with
 */
export async function runBench(
  url: DatabaseUrl,
  options: BenchOptions,
  runPhase: PhaseRunner = (_title, work) => work(() => {}),
): Promise<BenchReport> {
  const { scale, seed, parts = partIds } = options;
  const screens = allScreens.filter(({ id }) => options.screens?.includes(id) ?? true);
  const phase = async <Result>(title: string, work: PhaseWork<Result>): Promise<Result> =>
    (await runPhase(title, work)).result;
  const begun = performance.now();
  const startedAt = new Date().toISOString();
  const copies = keepCopies(url);
  const forget = options.onScratch?.(copies.dropAll);
  const maintenance = await connect(url);
  try {
    const today = await businessDate(maintenance);
    const server = await describeServer(maintenance);
    const kept: string[] = [];
    const dataOf = (size: number) =>
      phase(`Data at scale ${size}`, async (say) => {
        const result = await openTemplate(url, { scale: size, seed, today }, say, copies);
        kept.push(result.name);
        return { result, summary: `${result.isKept ? "kept from before" : "generated"} as ${result.name}` };
      });
    const sidesOf = (template: DataTemplate) =>
      phase("Before and after", async (say) => {
        const result = await makeSides(template, copies.copy, say);
        return { result, summary: "production with this data, and the same deployed online" };
      });

    const template = await dataOf(scale);
    const sides = await sidesOf(template);
    const tenants = await findTenants(sides.after);
    const [largest] = tenants;
    const rows = await countRows(sides.after);
    const part = async <Result>(
      id: PartId,
      title: string,
      nothing: Result,
      work: (say: (what: string) => void) => Promise<Result>,
      summary: (result: Result) => string,
    ): Promise<Result> =>
      parts.includes(id)
        ? phase(title, async (say) => {
            const result = await work(say);
            return { result, summary: summary(result) };
          })
        : nothing;

    const measured = await part(
      "screens",
      "Screens",
      [],
      (say) => measureScreens(sides, { screens, tenants, today }, say),
      (all) => `${all.length} queries, before, after and at their floors, each ${runs} times`,
    );
    const clients = await part(
      "clients",
      "Clients at once",
      [],
      () => measureClients(sides.urls, { screens, tenants, today }),
      (all) => `${all.reduce((sum, one) => sum + one.before.requests + one.after.requests, 0)} screens shown`,
    );
    const views = await part(
      "views",
      "Views",
      [],
      () => measureViews(sides.after, tenants),
      (all) => `${all.length} measured`,
    );
    const policies = await part(
      "policies",
      "Policies",
      [],
      () => measurePolicies(sides.after, { screens, tenant: largest, today }),
      (all) => `${all.length} queries in four forms`,
    );
    const writes = await part(
      "writes",
      "Writing rows",
      [],
      () => measureWrites(sides),
      (all) => `${all.length} kinds of statement`,
    );
    const storage = await part(
      "storage",
      "Storage",
      [],
      () => measureStorage(sides),
      (all) => `${all.length} indexes`,
    );
    const check = await part(
      "check",
      "spfp-db check",
      [],
      () => measureChecks(sides.after),
      (all) => `${Math.round(all[0]?.milliseconds.median ?? 0)} ms`,
    );
    await sides.drop();
    const merge = await part<BenchReport["merge"]>(
      "merge",
      "Merging duplicates",
      null,
      async () => {
        const database = await copies.copy(template.name);
        const result = await measureMerge(database.url, largest.userId);
        await database.drop();
        return result;
      },
      (one) => `${(one?.seconds ?? 0).toFixed(1)} s`,
    );
    const deployments = await part(
      "deployment",
      "Deployments",
      [],
      async (say) => {
        say("merging duplicates");
        const prepared = await copies.copy(template.name);
        await mergeAll(prepared.url);
        await adopt(prepared.url);
        const results = await measureDeployments(() => copies.copy(prepared.name), say);
        await prepared.drop();
        return results;
      },
      (all) => all.map(({ kind, withClients }) => `${kind} ${withClients.toFixed(1)} s`).join(", "),
    );
    const growth: BenchReport["growth"] = [];
    if (parts.includes("growth")) {
      for (const share of smallerShares) {
        const size = scale * share;
        if (size < smallestScale) continue;
        const small = await sidesOf(await dataOf(size));
        const whom = [await findLargestTenant(small.after)];
        const results = await part(
          "growth",
          `Screens at scale ${size}`,
          [],
          (say) => measureScreens(small, { screens, tenants: whom, today }, say),
          (all) => `${all.length} queries`,
        );
        growth.push(...results.map((one) => grown(size, one)));
        await small.drop();
      }
      growth.push(...measured.filter(({ tenant }) => tenant === "largest").map((one) => grown(scale, one)));
    }
    return benchReportSchema.parse({
      version: options.version,
      startedAt,
      seconds: (performance.now() - begun) / 1_000,
      machine: {
        cpu: cpus()[0]?.model ?? "unknown",
        cores: cpus().length,
        memoryBytes: totalmem(),
        platform: `${process.platform} ${process.arch}`,
        node: process.version,
      },
      server,
      data: { scale, seed, today, rows, kept },
      tenants: tenants.map(({ size, userId, rank, of, rows: own }) => ({
        size,
        userId,
        rank,
        of,
        rows: own,
      })),
      screens: measured,
      clients,
      views,
      policies,
      writes,
      storage,
      check,
      merge,
      deployments,
      growth,
    });
  } finally {
    await maintenance.end();
    await copies.dropAll();
    forget?.();
  }
}

const grown = (
  scale: number,
  { screen, title, query, before, after }: BenchReport["screens"][number],
): BenchReport["growth"][number] => ({
  scale,
  screen,
  title,
  query,
  before: before.milliseconds.median,
  after: after.milliseconds.median,
});

const countSchema = z.tuple([z.object({ rows: z.coerce.number() })]);

/** Rows of the whole, as the statistics have them just after ANALYZE. */
async function countRows(sql: Sql): Promise<number> {
  const [{ rows }] = countSchema.parse([
    ...(await sql`
      select sum(greatest(reltuples, 0)) as rows from pg_class
      where relkind = 'r' and relnamespace = 'public'::regnamespace`),
  ]);
  return rows;
}
