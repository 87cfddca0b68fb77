import { z } from "zod";
import { type Catalog, catalogObjects, type Difference, describeDifference } from "../catalog/index.ts";
import type { CheckId } from "../findings/check-ids.ts";
import { type Finding, findingSchema, withSql } from "../findings/finding.ts";
import { wayOut } from "../kinds/way-out.ts";
import type { AdoptionRefusal } from "../model/refusals.ts";
import type { Drift } from "./drift.ts";
import { traces } from "./evidence.ts";

/** What adopting a database came to. */
export const baselineOutcomes = [
  /** The journal rows are written. */
  "adopted",
  /** They would have been: a dry run. */
  "adoptable",
  /** Something stands in the way; nothing was written. */
  "refused",
  /** It has a journal already; nothing to do. */
  "already adopted",
  /** It has nothing of the project's: a deployment applies every migration, and there is nothing to adopt. */
  "empty",
] as const;

/** What an adoption found and wrote, as `--json` prints it. */
export const baselineReportSchema = z.strictObject({
  outcome: z.enum(baselineOutcomes),
  /** The last migration that the database counts as applied: the point that was picked, or the journal's. */
  point: z.string().nullable(),
  /** Tags of the migrations that this run recorded as applied, or in a dry run would have. */
  recorded: z.array(z.string()),
  /** Tags of those that a deployment then applies. */
  pending: z.array(z.string()),
  /** What the database shows of each migration whose work can be seen, and so why it stands there. */
  evidence: z.array(
    z.strictObject({
      tag: z.string(),
      trace: z.enum(traces),
      seen: z.array(z.string()),
      unseen: z.array(z.string()),
    }),
  ),
  /** The points between which only a person can tell; empty where the database shows it. */
  choices: z.array(z.string()),
  /** What a pending migration would stumble over, or what would be wrong after all of them. */
  inTheWay: z.array(findingSchema),
  /** What is there in a form of its own, which the deployment replaces: the new form, and the one that is kept. */
  replaced: z.array(findingSchema),
  /** What is there already, as a later migration makes it or as a pending one can take it. */
  settled: z.array(findingSchema),
  /** What differs, and stays as it is: no pending migration touches it. */
  untouched: z.array(findingSchema),
});

export type BaselineReport = z.infer<typeof baselineReportSchema>;

const groups = {
  inTheWay: {
    check: "adoption.in-the-way" satisfies AdoptionRefusal,
    severity: "error",
    remedy: "Bring it to what is expected; then adopt the database again.",
  },
  replaced: {
    check: "adoption.replaced" satisfies CheckId,
    severity: "info",
    remedy:
      "Nothing, if the new form may take its place. The former one is kept on record, and a rollback brings it back.",
  },
  settled: {
    check: "adoption.settled" satisfies CheckId,
    severity: "info",
    remedy: "Nothing: the deployment takes it as it is, or puts it right.",
  },
  untouched: {
    check: "adoption.untouched" satisfies CheckId,
    severity: "info",
    remedy: "Nothing: it stays as it is, and later checks report it as information only.",
  },
} as const satisfies Record<keyof Drift, Pick<Finding, "check" | "severity" | "remedy">>;

/** The differences of one group in a finding's words. */
export function driftFindings(
  group: Exclude<keyof Drift, "replaced" | "inTheWay">,
  differences: readonly Difference[],
): Finding[] {
  return differences.map((difference) => findingOf(group, difference));
}

function findingOf(group: keyof Drift, difference: Difference): Finding {
  return { ...describeDifference(difference), ...groups[group] };
}

/** What is in the way, each with the statements that lead on where they are known. */
export function obstacleFindings(
  differences: readonly Difference[],
  catalogs: { readonly wanted: Catalog; readonly actual: Catalog },
): Finding[] {
  return differences.map((difference) =>
    withSql(findingOf("inTheWay", difference), wayOut(difference, catalogs)),
  );
}

/** What is replaced: what will be there after the last migration, beside what is there now. */
export function replacedFindings(differences: readonly Difference[], last: Catalog): Finding[] {
  const objects = new Map(
    catalogObjects(last).map(({ identity, properties }) => [
      JSON.stringify([identity.kind, identity.label]),
      properties,
    ]),
  );
  return differences.map((difference) => {
    if (difference.kind !== "different") return findingOf("replaced", difference);
    const { object, property } = difference;
    const wanted = objects.get(JSON.stringify([object.kind, object.label]))?.[property] ?? null;
    return findingOf("replaced", { ...difference, expected: wanted });
  });
}
