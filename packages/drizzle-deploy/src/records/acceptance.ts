import { z } from "zod";
import { aboutKey, type Catalog, compareCatalogs, type Difference } from "../catalog/index.ts";
import type { Finding } from "../findings/finding.ts";
import { readPropertyKey } from "../model/former-words.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasRecords, recordTables } from "./records.ts";

/** What somebody accepted by name: an object that is not as it should be, as it was then. */
export const acceptedSchema = z.strictObject({
  /** As findings name it: `public.accounts.balance`. */
  object: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
  /** How its catalog entry differed. */
  differences: z.array(
    z.strictObject({ about: z.string().transform(readPropertyKey), actual: z.string().nullable() }),
  ),
  /** What else was found of it. */
  findings: z.array(z.strictObject({ check: z.string(), actual: z.string().nullable() })),
});

export type Accepted = z.infer<typeof acceptedSchema>;

/** What is to be, and what is there. */
interface Sides {
  readonly wanted: Catalog;
  readonly actual: Catalog;
}

const actualOf = (difference: Difference): string | null =>
  difference.kind === "missing" ? null : difference.actual;

const differencesOf = (object: string, all: readonly Difference[]): Accepted["differences"] =>
  all
    .filter((one) => one.object.label === object)
    .map((one) => ({ about: aboutKey(one), actual: actualOf(one) }));

const isError = ({ severity }: Finding): boolean => severity === "error";

const rowsSchema = z.array(z.object({ accepted: z.string() }));

/** Reads what was accepted in earlier commands, from their records. */
export async function readAccepted(
  sql: Queryable,
  project: Pick<Project, "name" | "names">,
): Promise<Accepted[]> {
  if (!(await hasRecords(sql, project.names))) return [];
  const rows = rowsSchema.parse([
    ...(await sql.unsafe(
      `select (details -> 'accepted')::text as accepted from ${recordTables(project.names).deployments}
       where project = $1 and jsonb_typeof(details -> 'accepted') = 'array' order by started_at`,
      [project.name],
    )),
  ]);
  return rows.flatMap(({ accepted }) => z.array(acceptedSchema).parse(JSON.parse(accepted)));
}

/** What the names accept of what was found; a name that nothing was found of accepts nothing. */
function acceptByName(
  findings: readonly Finding[],
  names: readonly string[],
  { wanted, actual, by }: Sides & { readonly by: string },
): Accepted[] {
  if (names.length === 0) return [];
  const all = compareCatalogs(wanted, actual);
  const at = new Date().toISOString();
  return [...new Set(names)].flatMap((object): Accepted[] => {
    const own = findings.filter((one) => isError(one) && one.object === object);
    if (own.length === 0) return [];
    return [
      {
        object,
        by,
        at,
        differences: differencesOf(object, all),
        findings: own.map((one) => ({ check: one.check, actual: one.actual })),
      },
    ];
  });
}

/**
 * The findings, of which those that were accepted are errors no more. What was accepted is what was there at the time:
 * an object that is wrong in another way since is wrong again.
 */
export function excuseAccepted(
  findings: readonly Finding[],
  accepted: readonly Accepted[],
  { wanted, actual }: Sides,
): Finding[] {
  if (accepted.length === 0 || !findings.some(isError)) return [...findings];
  const all = compareCatalogs(wanted, actual);
  const isKnown = (finding: Finding, one: Accepted): boolean => {
    if (one.object !== finding.object) return false;
    if (one.findings.some(({ check, actual: was }) => check === finding.check && was === finding.actual)) {
      return true;
    }
    const now = differencesOf(finding.object, all);
    return (
      now.length > 0 &&
      now.every((here) =>
        one.differences.some(({ about, actual: was }) => about === here.about && was === here.actual),
      )
    );
  };
  return findings.map((finding) => {
    const known = isError(finding) ? accepted.findLast((one) => isKnown(finding, one)) : undefined;
    if (!known) return finding;
    const { sql: _, ...rest } = finding;
    return {
      ...rest,
      severity: "info",
      remedy: `Nothing: ${known.by} accepted it at ${known.at}, and it is in the records.`,
    };
  });
}

/**
 * Takes what was found, what was accepted of it before, on record or in this very command, and what is accepted by name
 * now. The catalogs are asked for only where something is wrong.
 */
export async function applyAcceptance(
  sql: Queryable,
  project: Pick<Project, "name" | "names">,
  found: readonly Finding[],
  {
    names = [],
    by,
    already = [],
    sides,
  }: {
    readonly names?: readonly string[] | undefined;
    readonly by: string;
    readonly already?: readonly Accepted[];
    readonly sides: () => Promise<Sides>;
  },
): Promise<{ readonly findings: readonly Finding[]; readonly accepted: readonly Accepted[] }> {
  if (!found.some(isError)) return { findings: found, accepted: already };
  const { wanted, actual } = await sides();
  const accepted = [...already, ...acceptByName(found, names, { wanted, actual, by })];
  const known = [...(await readAccepted(sql, project)), ...accepted];
  return { findings: excuseAccepted(found, known, { wanted, actual }), accepted };
}
