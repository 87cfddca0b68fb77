import { type Catalog, type Difference, describeDifference, rootOf } from "drizzle-deploy/catalog";
import type { Finding } from "drizzle-deploy/findings";
import type { SpfpCheckId } from "./check-ids.ts";

/** What `spfp-db check` looks at, in the order in which it reports. */
export const areas = [
  "columns",
  "constraints",
  "indexes",
  "views",
  "audit",
  "functions",
  "triggers",
  "rls",
  "data",
  "behaviour",
] as const;

export type Area = (typeof areas)[number];

/** The two catalogs and their differences, those left out that follow from another one. */
export interface CatalogEvidence {
  readonly expected: Catalog;
  readonly actual: Catalog;
  readonly differences: readonly Difference[];
  /** Those that the database had when the project met it, and that no migration has changed since. */
  readonly inherited: readonly Difference[];
}

/** An area that a catalog alone can answer: a pure function of what was read. */
export interface CatalogCheck {
  readonly area: Area;
  readonly title: string;
  /** How many objects the area answers for. */
  readonly examines: (expected: Catalog) => number;
  readonly run: (evidence: CatalogEvidence) => Finding[];
}

/** The audit table answers for itself, whatever of it differs. */
export const auditTable = "automation_permissions_audit";

/** Whether a difference is of a table, and not of the audit table. */
export function isOfTable({ object }: Difference): boolean {
  const root = rootOf(object);
  return root.kind === "table" && root.name !== auditTable;
}

/** A difference in a finding's words. */
export function toFinding(
  difference: Difference,
  details: { readonly check: SpfpCheckId } & Pick<Finding, "remedy"> & Partial<Pick<Finding, "severity">>,
): Finding {
  return { severity: "error", ...describeDifference(difference), ...details };
}

/** What brings a database back to the migrations, whichever object it is. */
export const redeploy =
  "Deploy the migrations that are pending; if none is, it was changed by hand: put it back.";
