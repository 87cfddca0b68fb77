import { type Catalog, type Difference, readCatalog } from "drizzle-deploy/catalog";
import { type Finding, findingSchema } from "drizzle-deploy/findings";
import type { Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import { type Area, areas, type CatalogCheck, type CatalogEvidence } from "./area.ts";
import { audit } from "./audit.ts";
import { columns } from "./columns.ts";
import { constraints } from "./constraints.ts";
import { checkData } from "./data.ts";
import { gatherEvidence } from "./evidence.ts";
import { functions } from "./functions.ts";
import { indexes } from "./indexes.ts";
import { rls } from "./rls.ts";
import { triggers } from "./triggers.ts";
import { views } from "./views.ts";

const catalogChecks: readonly CatalogCheck[] = [
  columns,
  constraints,
  indexes,
  views,
  audit,
  functions,
  triggers,
  rls,
];

/** What a check found in one area. */
export const areaReportSchema = z.strictObject({
  area: z.enum(areas),
  title: z.string(),
  /** How many objects, rules or attempts it looked at. */
  examined: z.int(),
  findings: z.array(findingSchema),
});

/** What a check found, area by area, as `--json` prints it. */
export const checkReportSchema = z.strictObject({
  /** Whether no finding is an error. */
  ok: z.boolean(),
  /** `server_version_num`. */
  serverVersion: z.int(),
  /** From the first query to the last answer. */
  milliseconds: z.number(),
  areas: z.array(areaReportSchema),
});

export type AreaReport = z.infer<typeof areaReportSchema>;
export type CheckReport = z.infer<typeof checkReportSchema>;

/**
 * Every area that a catalog alone can answer.
 * @param here as of `gatherEvidence`
 */
export function checkCatalog(expected: Catalog, actual: Catalog, here?: Catalog): AreaReport[] {
  return report(gatherEvidence(expected, actual, here));
}

/** What was put beside the managed objects and is refused, each with what a check says of it. */
export function extraFindings(
  expected: Catalog,
  actual: Catalog,
  isLeftOut: (difference: Difference) => boolean,
): { readonly difference: Difference; readonly finding: Finding }[] {
  const evidence = gatherEvidence(expected, actual);
  const extra = evidence.differences.filter((one) => one.kind === "extra" && !isLeftOut(one));
  return extra.flatMap((difference) =>
    catalogChecks.flatMap((check) =>
      check
        .run({ ...evidence, differences: [difference], inherited: [] })
        .filter(({ object }) => object === difference.object.label)
        .map((finding) => ({ difference, finding })),
    ),
  );
}

/** What of an area was so when the project met the database: worth knowing, and nobody's fault. */
function inheritedFindings(check: CatalogCheck, evidence: CatalogEvidence): Finding[] {
  const nothing = { ...evidence, differences: [], inherited: [] };
  const known = new Set(check.run(nothing).map(({ object }) => object));
  return check
    .run({ ...nothing, differences: evidence.inherited })
    .filter(({ object }) => !known.has(object))
    .map((finding) => ({
      ...finding,
      severity: "info",
      remedy: "Nothing: it was so when the database was adopted, and no migration changes it.",
    }));
}

function report(evidence: CatalogEvidence): AreaReport[] {
  return catalogChecks.map((check) => ({
    area: check.area,
    title: check.title,
    examined: check.examines(evidence.expected),
    findings: [...check.run(evidence), ...inheritedFindings(check, evidence)],
  }));
}

/**
 * Holds a database against the catalog that the migrations make: the catalog in one round trip, the data in a second,
 * the behaviour in a third. Writes nothing that stays, and leaves a session and its settings as they were; inside the
 * caller's transaction it sees what that has done. What the role may not look at or try is a finding, not an error.
 *
 * @param only areas to look at; all when left out
 * @param here as of `gatherEvidence`
 * @param excuse what becomes of the findings where some of them are known and accepted
 */
export async function runChecks(
  sql: Pick<Sql, "unsafe">,
  expected: Catalog,
  {
    schemas,
    only = areas,
    here,
    excuse = (findings) => [...findings],
  }: {
    schemas: readonly [string, ...string[]];
    only?: readonly Area[];
    here?: Catalog;
    excuse?: (findings: readonly Finding[], actual: Catalog) => Finding[];
  },
): Promise<CheckReport> {
  // Its samples are made with Drizzle, which the other areas do without.
  const behaviour = only.includes("behaviour") ? await import("./behaviour.ts") : undefined;
  const begun = performance.now();
  const actual = await readCatalog(sql, { schemas });
  const evidence = gatherEvidence(expected, actual, here);
  const reports = report(evidence).filter(({ area }) => only.includes(area));
  if (only.includes("data")) {
    reports.push({ area: "data", title: "Data integrity", ...(await checkData(sql, evidence)) });
  }
  if (behaviour) {
    reports.push({
      area: "behaviour",
      title: "Behaviour of two users and an anonymous one",
      ...(await behaviour.checkBehaviour(sql, evidence)),
    });
  }
  const known = reports.map((one) => ({ ...one, findings: excuse(one.findings, actual) }));
  const isError = ({ severity }: Finding): boolean => severity === "error";
  return checkReportSchema.parse({
    ok: !known.some(({ findings }) => findings.some(isError)),
    serverVersion: actual.server.version,
    milliseconds: performance.now() - begun,
    areas: known,
  });
}
