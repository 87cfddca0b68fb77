import { z } from "zod";
import type { Difference } from "../catalog/index.ts";
import { type Finding, findingSchema } from "../finding.ts";
import type { Drift } from "./drift.ts";

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

export const baselineReportSchema = z.strictObject({
  outcome: z.enum(baselineOutcomes),
  /** The last migration that the database counts as applied: the point that was picked, or the journal's. */
  point: z.string().nullable(),
  /** Tags of the migrations that this run recorded as applied, or in a dry run would have. */
  recorded: z.array(z.string()),
  /** Tags of those that a deployment then applies. */
  pending: z.array(z.string()),
  /** What a pending migration would stumble over. */
  inTheWay: z.array(findingSchema),
  /** What is there already, as a later migration makes it or in a form that the deployment puts right. */
  settled: z.array(findingSchema),
  /** What differs, and no pending migration touches. */
  untouched: z.array(findingSchema),
});

export type BaselineReport = z.infer<typeof baselineReportSchema>;

const groups = {
  inTheWay: {
    check: "adoption.in-the-way",
    severity: "error",
    remedy: "Bring it to what is expected; then run spfp-db baseline again.",
  },
  settled: {
    check: "adoption.settled",
    severity: "info",
    remedy: "Nothing: the deployment takes it as it is, or puts it right.",
  },
  untouched: {
    check: "adoption.untouched",
    severity: "info",
    remedy: "Nothing for the deployment; spfp-db check goes on reporting it.",
  },
} as const satisfies Record<keyof Drift, Pick<Finding, "check" | "severity" | "remedy">>;

/** The differences of one group in a finding's words. */
export function driftFindings(group: keyof Drift, differences: readonly Difference[]): Finding[] {
  return differences.map((difference) => {
    const property = difference.kind === "different" ? `${difference.property}: ` : "";
    const value = (text: string | null): string | null => (text === null ? null : `${property}${text}`);
    return {
      object: difference.object.label,
      expected: difference.kind === "extra" ? null : value(difference.expected),
      actual: difference.kind === "missing" ? null : value(difference.actual),
      ...groups[group],
    };
  });
}
