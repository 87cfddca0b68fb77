import postgres from "postgres";
import { expect, inject } from "vitest";
import {
  type Catalog,
  compareCatalogs,
  type Difference,
  readCatalog,
} from "../../packages/drizzle-deploy/src/catalog/index.ts";
import type { Finding } from "../../packages/drizzle-deploy/src/findings/finding.ts";
import { type BaselineReport, baseline, rollback } from "../../packages/drizzle-deploy/src/index.ts";
import { connect, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { fixDuplicates } from "../../src/duplicates/index.ts";
import { checkDatabase, spfpProject } from "../../src/project.ts";
import type { TestDatabase } from "./database.ts";
import { deploy } from "./deploy.ts";
import { withDatabase } from "./states.ts";

/** How often the way out of a refusal may lead to another one. */
const mostRefusals = 4;

const catalogOf = ({ sql }: TestDatabase): Promise<Catalog> => readCatalog(sql, { schemas: ["public"] });

/**
 * The texts that a person wrote, to the letter. How PostgreSQL prints a list changes when a view is made from its own
 * printed text; what the list says does not.
 */
const letters = ({ views, functions }: Catalog) => ({
  views: views.map(({ name, definition, comment }) => ({
    name,
    comment,
    definition: definition.replaceAll(/\(ARRAY\[.*?\]\)::text\[\]|ARRAY\[.*?\]/g, "list"),
  })),
  functions: functions.map(({ name, body, comment, config }) => ({ name, body, comment, config })),
});

const say = (difference: Difference): string => {
  const property = difference.kind === "different" ? ` ${difference.property}` : "";
  const [expected, actual] = [
    difference.kind === "extra" ? null : difference.expected,
    difference.kind === "missing" ? null : difference.actual,
  ];
  return `${difference.kind} ${difference.object.kind} ${difference.object.label}${property}: ${expected} / ${actual}`;
};

/** How a database differs from what it was, but for the columns that a rollback keeps. */
const differencesFrom = (before: Catalog, now: Catalog): string[] =>
  compareCatalogs(before, now, { owners: true })
    .filter(({ kind, object }) => !(kind === "extra" && object.kind === "column"))
    .map(say);

const errorsOf = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ severity }) => severity === "error")
    .map(({ check, object, expected, actual }) => `${check} ${object}: ${expected} / ${actual}`);

async function check({ sql }: TestDatabase): Promise<string[]> {
  const { areas } = await checkDatabase(sql);
  return errorsOf(areas.flatMap(({ findings }) => findings));
}

/** Adopts a database, following the way out of each refusal; returns the reports, the last of which adopted it. */
export async function adoptAtLast(
  database: TestDatabase,
  repair: readonly string[] = [],
): Promise<BaselineReport[]> {
  const reports: BaselineReport[] = [];
  for (let refusals = 0; ; refusals += 1) {
    const before = await catalogOf(database);
    const report = await baseline(spfpProject, database.url);
    reports.push(report);
    if (report.outcome === "adopted") return reports;
    expect(report.outcome).toBe("refused");
    // Refused before anything.
    expect(await catalogOf(database)).toEqual(before);
    expect(refusals, errorsOf(report.inTheWay).join("\n")).toBeLessThan(mostRefusals);
    const statements = [...new Set(report.inTheWay.flatMap(({ sql = [] }) => sql))];
    expect(statements, errorsOf(report.inTheWay).join("\n")).not.toEqual([]);
    await run(database, [...(refusals === 0 ? repair : []), ...statements]);
  }
}

const insufficientPrivilege = "42501";

/** Runs what a report says, and where that takes an administrator, as one. */
async function run({ sql, url }: TestDatabase, statements: readonly string[]): Promise<void> {
  const { administrator: server } = inject("testServer");
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  for (const statement of statements) {
    try {
      await sql.unsafe(statement);
    } catch (error) {
      if (!(error instanceof postgres.PostgresError) || error.code !== insufficientPrivilege) throw error;
      const administrator = await connect(withDatabase(parseDatabaseUrl(server), name));
      await administrator.unsafe(statement).finally(() => administrator.end());
    }
  }
}

export interface TravelOptions {
  /** Whether rows have to be merged on the way. */
  readonly duplicates?: boolean | undefined;
  /** Run before the way out of the first refusal. */
  readonly repair?: readonly string[] | undefined;
}

/**
 * The journey of a production: adopted, with the way out of each refusal followed; deployed, checked, rolled back to the
 * letter of what it was, deployed again. Returns the reports of its adoption.
 */
export async function travel(
  database: TestDatabase,
  { duplicates = false, repair }: TravelOptions = {},
): Promise<BaselineReport[]> {
  const reports = await adoptAtLast(database, repair);
  const before = await catalogOf(database);
  if (duplicates) {
    expect(await fixDuplicates(database.url, { apply: true })).toMatchObject({ outcome: "merged" });
  }
  const first = await deploy(database.url);
  expect(errorsOf(first.findings)).toEqual([]);
  expect(first).toMatchObject({ ok: true, error: null });
  expect(await check(database)).toEqual([]);
  const after = await catalogOf(database);

  const back = await rollback(spfpProject, database.url, { scope: "all", approvedBy: "Ana Souza" });
  expect(back).toMatchObject({ ok: true, error: null });
  const now = await catalogOf(database);
  expect(differencesFrom(before, now)).toEqual([]);
  expect(letters(now)).toEqual(letters(before));

  expect(await deploy(database.url)).toMatchObject({ ok: true, error: null });
  expect(compareCatalogs(after, await catalogOf(database), { owners: true }).map(say)).toEqual([]);
  expect(await check(database)).toEqual([]);
  return reports;
}
