import { randomUUID } from "node:crypto";
import type { Catalog } from "drizzle-deploy/catalog";
import { type Finding, withSql } from "drizzle-deploy/findings";
import type { Sql } from "drizzle-deploy/postgres";
import type { Project, Prospect, Requirement } from "drizzle-deploy/project";
import { excuseAccepted, expectedHere, readAccepted, readOrigin, wayOut } from "drizzle-deploy/project";
import { quoteIdentifier, quoteQualified } from "drizzle-deploy/sql";
import { z } from "zod";
import type { SpfpCheckId } from "./checks/check-ids.ts";
import { type Area, type CheckReport, extraFindings, runChecks } from "./checks/index.ts";
import { crossingFindings, crossingsItem } from "./crossings/crossing-findings.ts";
import { duplicatesItem } from "./duplicates/duplicate-findings.ts";
import { SpfpError } from "./errors.ts";
import { type ExpectedTag, expectedCatalog, expectedTags } from "./expected/index.ts";
import { spfp, spfpNames } from "./spfp.ts";

const isExpectedTag = (tag: string): tag is ExpectedTag => expectedTags.some((known) => known === tag);

function catalogAfter(tag: string): Catalog {
  if (isExpectedTag(tag)) return expectedCatalog(tag);
  throw new SpfpError(
    "FILE_INVALID",
    `there is no expected catalog for migration ${tag}`,
    "Install the package again; in its repository, run: npm run catalogs",
  );
}

const todaySchema = z.tuple([z.object({ today: z.iso.date() })]);

/** Each screen as its largest tenant, or, in a database without rows, as anybody: can its lists follow their index? */
async function screenFindings(sql: Sql): Promise<Finding[]> {
  const { explainScreen, findTenant, screens } = await import("./bench/index.ts");
  const tenant = await findTenant(sql, "largest");
  const [{ today }] = todaySchema.parse([...(await sql`select public.business_date()::text as today`)]);
  const findings: Finding[] = [];
  for (const screen of screens) {
    const explained = await explainScreen(sql, screen, { userId: tenant?.userId ?? randomUUID(), today });
    if (explained.usesItsIndex || (explained.canUseItsIndex && tenant === undefined)) continue;
    const plans = explained.queries
      .filter(({ indexUse }) => indexUse === (explained.canUseItsIndex ? "passed over" : "unusable"))
      .map(({ query, plan }) => `${query.name}: ${plan}`);
    findings.push({
      check: "screens.index" satisfies SpfpCheckId,
      // Small tables are read whole because that is cheaper: nothing is wrong.
      severity: explained.canUseItsIndex ? "info" : "error",
      object: `screen "${screen.title}"`,
      expected: `reads ${screen.index}`,
      actual: plans.join("; "),
      remedy: explained.canUseItsIndex
        ? "Nothing: the planner finds another way cheaper while the tables are small. Run ANALYZE if they are not."
        : `Rebuild the index: REINDEX INDEX CONCURRENTLY public.${screen.index};`,
    });
  }
  return findings;
}

/**
 * What was put beside ours and opens a door, or closes one: a permissive policy more (they add up), a rule more on the
 * audit table, a function of the same name, privileges for a request's roles. The checks refuse it, and it is better
 * known before than after a deployment.
 */
function foreseenFindings({ actual, isSettled, to }: Prospect): Finding[] {
  // What comes after another migration is for the next deployment to tell.
  if (to !== spfp.headTag) return [];
  const wanted = expectedCatalog(spfp.headTag);
  return [...demandFindings(actual), ...besideFindings(wanted, actual, isSettled)];
}

/** Columns of the audit table that must be given a value, and that the trigger which writes it does not know. */
function demandFindings({ tables }: Catalog): Finding[] {
  const audit = "automation_permissions_audit";
  const known = expectedCatalog(spfp.headTag).tables.find(({ name }) => name === audit)?.columns ?? [];
  const columns = tables.find(({ schema, name }) => schema === "public" && name === audit)?.columns ?? [];
  return columns
    .filter(
      (column) =>
        !column.nullable &&
        column.default === null &&
        column.generated === null &&
        column.identity === null &&
        !known.some(({ name }) => name === column.name),
    )
    .map(({ name }) => ({
      check: "audit.demanding-column" satisfies SpfpCheckId,
      severity: "error",
      object: `public.${audit}.${name}`,
      expected: "a default, or null allowed",
      actual: "NOT NULL",
      remedy:
        "The trigger that writes the trail gives it no value, so every change of a permission would fail.",
      sql: [
        `ALTER TABLE ${quoteQualified("public", audit)} ALTER COLUMN ${quoteIdentifier(name)} DROP NOT NULL;`,
      ],
    }));
}

function besideFindings(wanted: Catalog, actual: Catalog, isSettled: Prospect["isSettled"]): Finding[] {
  return extraFindings(wanted, actual, isSettled).map(({ difference, finding }) =>
    withSql(finding, wayOut(difference, { wanted, actual })),
  );
}

const supabase = "It comes with Supabase; on another server run: spfp-db bootstrap";

const requires: readonly Requirement[] = [
  ...["anon", "authenticated", "service_role"].map(
    (name): Requirement => ({ kind: "role", name, remedy: supabase, madeBy: null }),
  ),
  { kind: "table", name: "auth.users", remedy: supabase, madeBy: null },
  { kind: "function", name: "auth.uid()", remedy: supabase, madeBy: null },
  {
    kind: "function",
    name: "public.update_updated_at_column()",
    remedy:
      "The triggers of seven tables call it. Create it again as migration 0001_baseline_objects does, then run this again.",
    madeBy: spfp.baselineTag,
  },
];

/** SPFP's own part of a deployment. */
export const spfpProject: Project = {
  name: "spfp",
  names: spfpNames,
  migrationsFolder: spfp.migrationsFolder,
  baselineTag: spfp.baselineTag,
  schemas: spfp.schemas,
  expectedCatalog: catalogAfter,
  requires,
  async validate(sql, here) {
    const { areas } = await runChecks(sql, expectedCatalog(spfp.headTag), { schemas: spfp.schemas, here });
    const findings = areas.flatMap((area) => area.findings);
    // Where the catalog is wrong the screens have nothing to add, and may not even run.
    if (findings.some(({ severity }) => severity === "error")) return findings;
    // All rows, once: what was written between the preflight and the triggers is refused from now on, and stays.
    return [...findings, ...(await crossingFindings(sql)), ...(await screenFindings(sql))];
  },
  undo: {
    // The daily job would fail each day for want of its function.
    "0003_functions_and_triggers/14": `DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_cron') THEN
    PERFORM cron.unschedule(jobid) FROM cron.job WHERE jobname = 'spfp-cleanup-automation-logs';
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING 'pg_cron is there, but this role may not unschedule with it: %', SQLERRM;
END;
$$;`,
  },
  preflight: [duplicatesItem, crossingsItem],
  foresee: foreseenFindings,
  leaveOut({ kind, name, table }, actual) {
    if (kind !== "index" || name !== "idx_investments_account_id" || table !== "investments") return null;
    const investments = actual.tables.find((one) => one.schema === "public" && one.name === "investments");
    if (!investments || investments.columns.some((column) => column.name === "account_id")) return null;
    return "investments has its older shape here, without account_id: there is no foreign key to serve";
  },
};

/**
 * Holds a database against what the migrations make of it: what it had when it was adopted, and what was accepted by
 * name, is told and not called wrong.
 *
 * @param only areas to look at; all when left out
 * @throws SpfpError as `runChecks`
 */
export async function checkDatabase(sql: Sql, only?: readonly Area[]): Promise<CheckReport> {
  const wanted = expectedCatalog(spfp.headTag);
  const accepted = await readAccepted(sql, spfpProject);
  return runChecks(sql, wanted, {
    schemas: spfp.schemas,
    here: expectedHere(spfpProject, await readOrigin(sql, spfpProject))(spfp.headTag),
    excuse: (findings, actual) => excuseAccepted(findings, accepted, { wanted, actual }),
    ...(only ? { only } : {}),
  });
}
