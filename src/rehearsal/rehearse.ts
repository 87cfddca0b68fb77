import { baseline, recordRehearsal } from "drizzle-deploy";
import type { PhaseRunner, PhaseWork } from "drizzle-deploy/cli";
import { connect, type DatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import {
  type ExplainedScreen,
  explainScreen,
  generateData,
  rehearsalScale,
  removeSoftDeleted,
  screens,
  softDeleteAfterDeployment,
} from "../bench/index.ts";
import { runChecks } from "../checks/index.ts";
import { findDuplicates, type Merge, mergeDuplicates } from "../duplicates/index.ts";
import { expectedCatalog } from "../expected/index.ts";
import { spfpProject } from "../project.ts";
import {
  findLargestTenant,
  keepCopies,
  measureScreens,
  type OnScratchDatabases,
  promisedAtScale,
  runs,
} from "../promises/index.ts";
import { spfp } from "../spfp.ts";
import { deployOnTrial, reachState } from "../states.ts";
import { readFigures } from "./figures.ts";
import { type RehearsalReport, rehearsalReportSchema } from "./report.ts";

/** Which data a rehearsal generates. */
export interface RehearsalOptions {
  /** Size of the generated data, 1 being production's: see `generateData`. */
  readonly scale?: number;
  readonly seed?: number;
  readonly onScratch?: OnScratchDatabases;
}

const count = (rows: readonly { rows: number }[]): string =>
  rows.reduce((sum, one) => sum + one.rows, 0).toLocaleString("en-US");

/** What was merged, without ids: names, and how much hung on them. */
function summarise({ categories, templates, changes }: Merge): RehearsalReport["duplicates"] {
  const changed = new Map<string, number>();
  for (const { table } of changes) changed.set(table, (changed.get(table) ?? 0) + 1);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    categories: categories.map(({ categories: all }) => ({
      names: all.map(({ name }) => name),
      transactions: sum(all.map(({ transactions }) => transactions)),
      budgets: sum(all.map(({ budgets }) => budgets)),
    })),
    templates: templates.map(({ type, templates: all }) => ({ type, names: all.map(({ name }) => name) })),
    changes: [...changed].map(([table, rows]) => ({ table, rows })),
  };
}

const dateSchema = z.tuple([z.object({ today: z.string() })]);

/** Reads what the largest tenant sees, as that user. */
async function readAsLargestTenant(sql: Sql) {
  const tenant = await findLargestTenant(sql);
  const [{ today }] = dateSchema.parse([...(await sql`select public.business_date()::text as today`)]);
  const explained: ExplainedScreen[] = [];
  for (const screen of screens) {
    explained.push(await explainScreen(sql, screen, { userId: tenant.userId, today }));
  }
  const views = await readFigures(sql, tenant.userId);
  const shown = `${tenant.rows.toLocaleString("en-US")} rows of the largest of ${tenant.of} tenants`;
  return { result: { tenant, today, explained, views }, summary: shown };
}

/**
 * The whole optimisation, start to end: production's tables with generated data, its duplicates merged, the
 * migrations deployed as they are on a live database, everything checked, the screens' plans and the views' figures
 * read, and what was promised of the screens measured against a copy of before. Works in databases of its own on the
 * server of `url` and drops them.
 *
 * @throws SpfpError as `createScratchDatabase`, with what a deployment fails with, and SCREEN_CHANGED
 */
export async function rehearse(
  url: DatabaseUrl,
  { scale = rehearsalScale, seed = 1, onScratch }: RehearsalOptions = {},
  runPhase: PhaseRunner = (_title, work) => work(() => {}),
): Promise<RehearsalReport> {
  const copies = keepCopies(url);
  const forget = onScratch?.(copies.dropAll);
  const connections: Sql[] = [];
  const open = async (database: DatabaseUrl): Promise<Sql> => {
    const sql = await connect(database);
    connections.push(sql);
    return sql;
  };
  const phases: RehearsalReport["phases"] = [];
  const phase = async <Result>(title: string, work: PhaseWork<Result>): Promise<Result> => {
    const begun = performance.now();
    const { result, summary } = await runPhase(title, work);
    phases.push({ title, summary, milliseconds: performance.now() - begun });
    return result;
  };
  try {
    const database = await copies.create();
    const production = await open(database.url);
    await phase("Production as it is", async () => {
      await reachState(production, "production");
      return {
        result: null,
        summary: `${expectedCatalog(spfp.baselineTag).tables.length} tables with their policies, triggers and views, made without Drizzle`,
      };
    });
    const tables = await phase("Generated data", async (say) => {
      const result = await generateData(database.url, {
        scale,
        seed,
        onProgress: ({ table }) => say(table),
        onStep: say,
      });
      return { result, summary: `${count(result)} rows` };
    });
    await phase("Duplicates that the uniqueness rules refuse", async () => {
      const result = await findDuplicates(production);
      const { categories, templates } = result;
      return {
        result,
        summary: `${categories.length} groups of categories, ${templates.length} of default templates`,
      };
    });
    const merged = await phase("Merging the duplicates", async () => {
      const result = await mergeDuplicates(production);
      return {
        result,
        summary: `${result.changes.length.toLocaleString("en-US")} rows changed, none deleted`,
      };
    });
    const before = await phase("Setting a copy aside, as it was before", async () => {
      // A database that is copied has nobody connected to it.
      await production.end();
      const copy = await copies.copy(database.name);
      const sql = await open(copy.url);
      await removeSoftDeleted(sql);
      return { result: sql, summary: "what the screens are measured against" };
    });
    const sql = await open(database.url);
    await phase("Adopting the database", async () => {
      const { point, recorded } = await baseline(spfpProject, database.url);
      return {
        result: null,
        summary: `it stands at ${point}; ${recorded.length} migrations recorded, none run`,
      };
    });
    const record = await phase("Deploying online", async (say) => {
      const report = await deployOnTrial(database.url, "a rehearsal", say);
      const done = report.steps.filter(({ status }) => status === "done").length;
      return { result: recordRehearsal(report), summary: `${done} steps, to ${report.plan.to}` };
    });
    await phase("Soft-deleting rows, as users will", async () => {
      const result = await softDeleteAfterDeployment(sql);
      return { result, summary: `${count(result)} rows` };
    });
    const checks = await phase("Checking everything", async () => {
      const result = await runChecks(sql, expectedCatalog(spfp.headTag), { schemas: spfp.schemas });
      const examined = result.areas.reduce((sum, area) => sum + area.examined, 0);
      const findings = result.areas.flatMap((area) => area.findings).length;
      return { result, summary: `${examined.toLocaleString("en-US")} examined, ${findings} findings` };
    });
    const { tenant, today, explained, views } = await phase("Reading screens and views as their user", () =>
      readAsLargestTenant(sql),
    );
    const measured = await phase("Measuring the screens, before and after", async (say) => {
      const result = await measureScreens({ before, after: sql }, { screens, tenants: [tenant], today }, say);
      return { result, summary: `${result.length} queries, each ${runs} times on either side` };
    });
    const problems = [
      ...checks.areas
        .flatMap(({ findings }) => findings)
        .filter(({ severity }) => severity === "error")
        .map(({ check, object, actual }) => `${object} (${check}): found ${actual ?? "nothing"}`),
      ...explained
        // With less data than usual a table may be so small that the planner reads it otherwise.
        .filter((screen) => !(scale < rehearsalScale ? screen.canUseItsIndex : screen.usesItsIndex))
        .map(({ screen }) => `screen "${screen.title}" does not use its index ${screen.index}`),
    ];
    return rehearsalReportSchema.parse({
      ok: problems.length === 0,
      problems,
      scale,
      seed,
      businessDate: today,
      phases,
      record,
      tables,
      duplicates: summarise(merged),
      checks,
      screens: explained.map(({ screen, usesItsIndex, canUseItsIndex }) => ({
        title: screen.title,
        index: screen.index,
        usesItsIndex,
        canUseItsIndex,
      })),
      promises: { scale, promisedAtScale, tenant, screens: measured },
      views,
    });
  } finally {
    for (const sql of connections) await sql.end();
    await copies.dropAll();
    forget?.();
  }
}
