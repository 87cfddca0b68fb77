/*
 * What a step is called: `0002_optimization/14` is what the 14th statement of a migration takes, `/14.2` the second of
 * the several steps that it takes, `/14+15` two of them in one. Databases keep these names, and people give them: this
 * is where they are written and read.
 */

/** A step's name taken apart. */
export interface StepId {
  readonly migration: string;
  /** The statements, or parts of them, that it carries out; none for what is no statement's, or a whole migration. */
  readonly parts: readonly string[];
}

/** Writes the name of a step. */
export const formatStepId = ({ migration, parts }: StepId): string => `${migration}/${parts.join("+")}`;

/** Reads the name of a step, or of a whole migration; of a name that is none, it is taken to be a migration's. */
export function parseStepId(text: string): StepId {
  const at = text.lastIndexOf("/");
  if (at < 0) return { migration: text, parts: [] };
  return { migration: text.slice(0, at), parts: text.slice(at + 1).split("+") };
}

/** Whether the step of one name carries out what that of another does, all of it. */
export function includesStep(whole: StepId, part: StepId): boolean {
  return whole.migration === part.migration && part.parts.every((one) => whole.parts.includes(one));
}
