import type { DeployError } from "../findings/errors.ts";
import type { Plan, Step } from "../model/step.ts";
import type { Holder } from "./locks.ts";

/** The parts of a deployment, in their order. */
export const phases = ["connect", "plan", "execute", "validate"] as const;

export type Phase = (typeof phases)[number];

/** How far an index build is, as the server tells. */
export interface BuildProgress {
  /** PostgreSQL 17 manual, table 27.43: `building index: scanning table`, … */
  readonly phase: string;
  /** From 0 to 1 within the phase; null where the phase does not count. */
  readonly share: number | null;
}

/** What happens during a deployment, for whoever shows it. Times are in milliseconds. */
export type DeploymentEvent =
  | { readonly type: "phase started"; readonly phase: Phase }
  | { readonly type: "phase done"; readonly phase: Phase; readonly milliseconds: number }
  | { readonly type: "planned"; readonly plan: Plan }
  | { readonly type: "step skipped"; readonly step: Step }
  | { readonly type: "step started"; readonly step: Step }
  /** Before and after the statement itself, inside its transaction where it has one. */
  | { readonly type: "statement"; readonly at: "before" | "after"; readonly step: Step; readonly sql: string }
  | { readonly type: "step progress"; readonly step: Step; readonly progress: BuildProgress }
  /** A batch of it is committed. */
  | {
      readonly type: "batch done";
      readonly step: Step;
      /** How many rows all its batches so far went through, and about how many there are. */
      readonly rows: number;
      readonly estimated: number | null;
    }
  /** It lets others go first before its next batch. */
  | { readonly type: "batches paused"; readonly step: Step; readonly reason: string; readonly waited: number }
  /** It waits at this moment, for these sessions. */
  | {
      readonly type: "step waiting";
      readonly step: Step;
      readonly holders: readonly Holder[];
      readonly waited: number;
    }
  /** It gave way, and tries again after `pause`. */
  | {
      readonly type: "step retried";
      readonly step: Step;
      /** The attempt that failed, from 1. */
      readonly attempt: number;
      readonly holders: readonly Holder[];
      readonly pause: number;
    }
  | {
      readonly type: "step done";
      readonly step: Step;
      readonly attempts: number;
      readonly milliseconds: number;
    }
  | { readonly type: "step failed"; readonly step: Step; readonly error: DeployError }
  | { readonly type: "migration recorded"; readonly tag: string };

/** Is told of each event in turn, and waited for: a step does not go on before it has returned. */
export type Observer = (event: DeploymentEvent) => void | Promise<void>;

/** How far a change of rows in batches is, for a person: `12,000 of about 50,000 rows`. */
export const describeBatches = ({
  rows,
  estimated,
}: Pick<Extract<DeploymentEvent, { type: "batch done" }>, "rows" | "estimated">): string =>
  `${rows.toLocaleString("en-US")}${estimated === null ? "" : ` of about ${Math.max(rows, estimated).toLocaleString("en-US")}`} rows`;
