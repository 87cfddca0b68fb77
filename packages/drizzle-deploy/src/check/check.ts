import { z } from "zod";
import {
  aboutKey,
  compareCatalogs,
  type Difference,
  describeDifference,
  isTakenOver,
  readCatalog,
  withoutObjects,
} from "../catalog/index.ts";
import type { CheckId } from "../findings/check-ids.ts";
import { type Finding, findingSchema } from "../findings/finding.ts";
import { isLeftOutOf, type Project } from "../model/project.ts";
import type { Sql } from "../postgres/index.ts";
import { excuseAccepted, readAccepted } from "../records/acceptance.ts";
import { readState } from "../records/migration-state.ts";
import { expectedHere, readOrigin } from "../records/origin.ts";

/** What a check found, as `--json` prints it. */
export const checkReportSchema = z.strictObject({
  /** Whether no finding is an error. */
  ok: z.boolean(),
  project: z.string(),
  /** The migration at which the database stands; null where none is applied. */
  at: z.string().nullable(),
  /** Tags of the migrations that are not applied yet. */
  pending: z.array(z.string()),
  /** `server_version_num`. */
  serverVersion: z.int(),
  milliseconds: z.number(),
  findings: z.array(findingSchema),
});

export type CheckReport = z.infer<typeof checkReportSchema>;

/** What a difference means, and what to do. */
function importanceOf(
  difference: Difference,
  isInherited: boolean,
  command: string,
): Pick<Finding, "severity" | "remedy"> {
  if (isInherited) {
    return {
      severity: "info",
      remedy: "Nothing: it was so when the project met the database, and no migration since changes it.",
    };
  }
  if (difference.kind === "extra") {
    return {
      severity: "warning",
      remedy: "No migration makes it. Write one that does, or drop it.",
    };
  }
  if (difference.kind === "different" && difference.property === "columnOrder") {
    return { severity: "info", remedy: "Nothing, where statements name their columns." };
  }
  return {
    severity: "error",
    remedy: `It was changed since: put it back, or write a migration. See what was deployed: ${command} log`,
  };
}

/**
 * Holds a database against what the migrations that it has had make of it, and against the project's own checks. What
 * the database had when the project met it, and what was accepted by name, is told and not called wrong. Reads only, but
 * for what the project's checks try and take back.
 *
 * @throws DeployError as `status`: NOT_ADOPTED, MIGRATION_CHANGED, MIGRATION_MISSING, MIGRATION_OUT_OF_ORDER
 */
export async function checkDatabase(sql: Sql, project: Project): Promise<CheckReport> {
  const begun = performance.now();
  const { applied, pending } = await readState(sql, project);
  const at = applied.at(-1)?.tag ?? null;
  const actual = await readCatalog(sql, { schemas: project.schemas });
  const wanted = at === null ? withoutObjects(actual) : project.expectedCatalog(at);
  const origin = await readOrigin(sql, project);
  const here = at === null ? wanted : expectedHere(project, origin)(at);
  const isLeftOut = isLeftOutOf(project, actual);
  // Where nothing is applied, whatever is there is somebody else's.
  const differences = at === null ? [] : compareCatalogs(wanted, actual);
  const sinceMet = new Set(compareCatalogs(here, actual).map(aboutKey));
  const isExtra = ({ kind }: Difference): boolean => kind === "extra";
  const extraWhenMet = new Set(
    origin ? compareCatalogs(wanted, origin.catalog).filter(isExtra).map(aboutKey) : [],
  );
  const isInherited = (one: Difference): boolean =>
    !sinceMet.has(aboutKey(one)) || (isExtra(one) && extraWhenMet.has(aboutKey(one)));
  const found = differences
    .filter((one) => !isLeftOut(one.object) && !isTakenOver(one, wanted, actual))
    .map(
      (one): Finding => ({
        check: `catalog.${one.kind}` satisfies CheckId,
        ...describeDifference(one),
        ...importanceOf(one, isInherited(one), project.names.command),
      }),
    );
  const own = pending.length === 0 && at !== null ? await project.validate(sql, here) : [];
  // Of one object the project's own words are better than the engine's.
  const named = new Set(own.map(({ object }) => object));
  const findings = excuseAccepted(
    [...own, ...found.filter(({ object }) => !named.has(object))],
    await readAccepted(sql, project),
    { wanted, actual },
  );
  return {
    ok: !findings.some(({ severity }) => severity === "error"),
    project: project.name,
    at,
    pending: pending.map(({ tag }) => tag),
    serverVersion: actual.server.version,
    milliseconds: performance.now() - begun,
    findings,
  };
}
