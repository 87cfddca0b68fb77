import type { Catalog } from "../catalog/index.ts";
import type { TableSize } from "../model/deployment-report.ts";
import type { LockMode } from "../model/lock-modes.ts";
import type { Hazard, Step, StepKind, Target } from "../model/step.ts";
import { catalogEstimate, estimateScan } from "../plan/estimate.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { lock } from "../statements/draft.ts";

/** The tag under which a rollback's steps are journalled; no migration is called so. */
export const rollbackTag = "rollback";

/** A relation that a step locks. */
export type Locked = readonly [relation: QualifiedName, mode: LockMode];

/** What the steps of a rollback have in common is filled in. */
export interface StepDraft {
  readonly kind: StepKind;
  readonly title: string;
  readonly sql: string;
  readonly target: Target | null;
  readonly locks?: readonly Locked[];
  readonly transactional?: boolean;
  /** Held for as long as the table is large. */
  readonly scans?: boolean;
  readonly safety: string;
  /** Why it must not run: nothing runs then. */
  readonly blocked?: string | null;
  /** What is to be allowed before it runs. */
  readonly hazard?: Omit<Hazard, "allowed"> | undefined;
}

/** The size of the table that a step works on; null where there is none. */
function sizeOf(target: Target | null, sizes: readonly TableSize[]): Step["size"] {
  if (target === null) return null;
  const table = target.table ?? target.name;
  const found = sizes.find(({ schema, name }) => schema === target.schema && name === table);
  return found ? { bytes: found.tableBytes + found.indexBytes, rows: Math.max(found.rows, 0) } : null;
}

/** The id of a step of a rollback. */
export const stepId = (title: string): string => `${rollbackTag}/${title}`;

/** A step of a rollback. Its id is its title: the same act has the same id whenever it is planned. */
export function rollbackStep(
  draft: StepDraft,
  { sizes, allow }: { sizes: readonly TableSize[]; allow: readonly string[] },
): Step {
  const { kind, title, sql, target, safety, hazard, transactional = true } = draft;
  const id = stepId(title);
  const allowed = hazard !== undefined && (allow.includes(hazard.name) || allow.includes(id));
  const reason =
    draft.blocked ??
    (hazard && !allowed
      ? `${hazard.message} ${hazard.safeForm} Then allow it: --allow ${hazard.name}`
      : null);
  const duration = draft.scans ? "long" : "short";
  const size = sizeOf(target, sizes);
  return {
    id,
    migration: rollbackTag,
    kind,
    title,
    sql,
    target,
    needs: [],
    locks: (draft.locks ?? []).map(([relation, mode]) => lock(relation, mode, duration)),
    transactional,
    action: reason === null ? "run" : "blocked",
    reason,
    hazards: hazard ? [{ ...hazard, allowed }] : [],
    safety,
    size,
    estimate: draft.scans && size ? estimateScan(size.bytes) : catalogEstimate,
  };
}

/**
 * The text that PostgreSQL printed leaves out the schemas that it looks through first: the same ones have to be looked
 * through when it is run again.
 */
export function underSchemas(catalog: Catalog, sql: string): string {
  const path = [...catalog.schemas.map(({ name }) => quoteIdentifier(name)), "pg_temp"].join(", ");
  return `SET LOCAL search_path = ${path};\n${sql}`;
}
