import type { Catalog } from "../catalog/index.ts";
import type { LockMode } from "../model/lock-modes.ts";
import type { Step, StepKind, Target } from "../model/step.ts";
import { lock } from "../plan/statements/draft.ts";
import { quoteIdentifier } from "../sql/quote.ts";

/** The tag under which a rollback's steps are journalled; no migration is called so. */
export const rollbackTag = "rollback";

/** A relation that a step locks. */
export type Locked = readonly [relation: { schema: string; name: string }, mode: LockMode];

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
}

/** Size of a table, as the statistics have it. */
export type Sizes = ReadonlyMap<string, { readonly bytes: number; readonly rows: number }>;

const millisecondsPerMegabyte = 10;

/** A step of a rollback. Its id is its title: the same act has the same id whenever it is planned. */
export function rollbackStep(draft: StepDraft, sizes: Sizes): Step {
  const { kind, title, sql, target, safety, transactional = true } = draft;
  const held = draft.scans ? "size" : "moment";
  const size = target?.schema ? (sizes.get(`${target.schema}.${target.table ?? target.name}`) ?? null) : null;
  return {
    id: `${rollbackTag}/${title}`,
    migration: rollbackTag,
    kind,
    title,
    sql,
    target,
    needs: [],
    locks: (draft.locks ?? []).map(([relation, mode]) => lock(relation, mode, held)),
    transactional,
    action: draft.blocked ? "blocked" : "run",
    reason: draft.blocked ?? null,
    hazards: [],
    safety,
    size,
    estimate: {
      milliseconds: draft.scans && size ? 10 + (size.bytes / 1024 ** 2) * millisecondsPerMegabyte : 10,
      growthBytes: 0,
    },
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
