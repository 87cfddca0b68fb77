import { DeployError } from "../findings/errors.ts";
import type { Names } from "./names.ts";
import { type HazardName, hazardNames, type Plan, type Step } from "./step.ts";
import { includesStep, parseStepId } from "./step-id.ts";

/** The hazards that may be accepted: what cannot work may not. */
export type AllowableHazard = Exclude<HazardName, "unsupported">;

const allowableHazards: readonly AllowableHazard[] = hazardNames.filter((name) => name !== "unsupported");

const kinds = `The kinds are ${allowableHazards.join(", ")}.`;

/**
 * What somebody accepts: the hazards of a step or of a migration's every step (`0006_drop/2`, `0006_drop`), a kind of
 * hazard in them (`0006_drop:data-loss`), or a kind in the whole plan (`data-loss`).
 */
export interface Allowance {
  /** As it was written. */
  readonly text: string;
  /** The name of a step or of a migration; null for the whole plan. */
  readonly of: string | null;
  /** Null for every kind. */
  readonly hazard: AllowableHazard | null;
}

/**
 * Reads what somebody accepts. Whether there is such a step is seen once there is a plan: `requireKnown`.
 *
 * @throws DeployError USAGE for a kind of hazard that there is none of, or that cannot be accepted
 */
export function parseAllowances(texts: readonly string[], tags: readonly string[]): Allowance[] {
  return texts.map((text) => {
    const at = text.lastIndexOf(":");
    const [of, kind] = at < 0 ? [null, text] : [text.slice(0, at), text.slice(at + 1)];
    if (tags.includes(text) || (at < 0 && text.includes("/"))) return { text, of: text, hazard: null };
    if (kind === "unsupported") {
      throw new DeployError("USAGE", "what is unsupported cannot be allowed", `It would not work. ${kinds}`);
    }
    const hazard = allowableHazards.find((one) => one === kind);
    if (hazard !== undefined) return { text, of, hazard };
    if (of !== null) throw new DeployError("USAGE", `there is no kind of hazard ${kind} to allow`, kinds);
    return { text, of: text, hazard: null };
  });
}

/**
 * What is allowed has to be there, or a mistyped name would go unnoticed; what is applied already may be named.
 *
 * @param known the tags of the migrations, and the ids of the steps of those that are pending
 * @throws DeployError USAGE for a step or a migration that is not there
 */
export function requireKnown(
  allowances: readonly Allowance[],
  known: {
    readonly pending: readonly string[];
    readonly applied: readonly string[];
    readonly steps: readonly string[];
  },
  { command }: Names,
): void {
  const ids = known.steps.map(parseStepId);
  const unknown = allowances.find(({ of }) => {
    if (of === null || known.pending.includes(of)) return false;
    const wanted = parseStepId(of);
    const isStep = wanted.parts.length > 0 && ids.some((id) => includesStep(id, wanted));
    return !isStep && !known.applied.includes(wanted.migration);
  });
  if (unknown === undefined) return;
  throw new DeployError(
    "USAGE",
    `there is no step ${unknown.of} to allow`,
    `Name a step as ${command} plan prints it, with its migration: 0006_drop_legacy/2. Or a migration, for all its steps. Or a kind of hazard, in the whole plan or in a migration: data-loss, 0006_drop_legacy:data-loss. ${kinds}`,
  );
}

/** Whether a hazard of a step is accepted. */
export function isAllowed(
  allowances: readonly Allowance[],
  { id, migration }: Pick<Step, "id" | "migration">,
  hazard: HazardName,
): boolean {
  if (hazard === "unsupported") return false;
  return allowances.some(
    (one) =>
      (one.hazard === null || one.hazard === hazard) &&
      (one.of === null || one.of === migration || includesStep(parseStepId(one.of), parseStepId(id))),
  );
}

/** What was accepted of a plan, for the record: each kind of hazard with the steps that have it. */
export function allowedHazards({ steps }: Plan): { readonly hazard: HazardName; readonly steps: string[] }[] {
  return hazardNames.flatMap((hazard) => {
    const having = steps.filter(({ hazards }) => hazards.some((one) => one.allowed && one.name === hazard));
    return having.length > 0 ? [{ hazard, steps: having.map(({ id }) => id) }] : [];
  });
}

/** How many steps of a plan have a hazard that nobody accepted, by kind: `12 data-loss, 3 breaks-clients`. */
export function refusedHazards({ steps }: Pick<Plan, "steps">): ReadonlyMap<HazardName, number> {
  return new Map(
    hazardNames.flatMap((hazard) => {
      const having = steps.filter(({ hazards }) =>
        hazards.some((one) => !one.allowed && one.name === hazard),
      );
      return having.length > 0 ? [[hazard, having.length] as const] : [];
    }),
  );
}
