import { DeployError } from "../findings/errors.ts";
import type { Mode } from "../model/deployment-report.ts";

/** What a mode may want to know, by name. */
export interface Answers {
  /** Who deploys. */
  readonly executor: string;
  /** Who allowed it. */
  readonly approver?: string | undefined;
  /** The change ticket. */
  readonly ticket?: string | undefined;
  /** The restore point: a backup's id, or its file. */
  readonly backup?: string | undefined;
  /** The agreed maintenance window. */
  readonly window?: string | undefined;
  /** Who has been told, and when. */
  readonly notice?: string | undefined;
  /** Whether the plan has been read and may run. */
  readonly goAhead?: boolean | undefined;
  /** Who stands for the result, after the validation. */
  readonly signedOffBy?: string | undefined;
  /** How long to watch the database afterwards, in seconds. */
  readonly watch?: number | undefined;
  /** Who stands for the result after the watch: another person. */
  readonly secondSignOffBy?: string | undefined;
}

export type AnswerName = Exclude<keyof Answers, "executor">;

/** When a question is asked: once the plan is known, after the validation, or after the watch. */
export type Stage = "before" | "after validation" | "after watch";

/** A question that a mode asks, and the flag that answers it where nobody can be asked. */
export interface Question {
  readonly name: AnswerName;
  readonly flag: string;
  readonly stage: Stage;
  /** As it is asked at a terminal. */
  readonly text: string;
  /** What an answer looks like. */
  readonly example: string;
  readonly modes: readonly Mode[];
}

/** Every question, in the order in which they are asked. */
export const questions: readonly Question[] = [
  {
    name: "backup",
    flag: "--backup-id <id>",
    stage: "before",
    text: "Which backup can the database be restored from?",
    example: "an id of Supabase's, or the file of a backup",
    modes: ["quick", "guided", "enterprise"],
  },
  {
    name: "ticket",
    flag: "--ticket <id>",
    stage: "before",
    text: "Which change ticket is this?",
    example: "CHG-1234",
    modes: ["enterprise"],
  },
  {
    name: "approver",
    flag: "--approved-by <name>",
    stage: "before",
    text: "Who approved it? (another person than the executor)",
    example: "a name",
    modes: ["enterprise"],
  },
  {
    name: "window",
    flag: "--window <text>",
    stage: "before",
    text: "Which window was agreed for it?",
    example: "Sunday 03:00 to 05:00 UTC",
    modes: ["guided", "enterprise"],
  },
  {
    name: "notice",
    flag: "--notice <text>",
    stage: "before",
    text: "Who was told, and when?",
    example: "all teams, on Friday",
    modes: ["guided", "enterprise"],
  },
  {
    name: "watch",
    flag: "--watch <minutes>",
    stage: "before",
    text: "For how many minutes is the database watched afterwards?",
    example: "15",
    modes: ["enterprise"],
  },
  {
    name: "goAhead",
    flag: "--yes",
    stage: "before",
    text: "Run this plan now?",
    example: "yes",
    modes: ["guided", "enterprise"],
  },
  {
    name: "signedOffBy",
    flag: "--signed-off-by <name>",
    stage: "after validation",
    text: "Who signs the result off?",
    example: "a name",
    modes: ["guided", "enterprise"],
  },
  {
    name: "secondSignOffBy",
    flag: "--second-sign-off <name>",
    stage: "after watch",
    text: "Who else signs it off, having seen the watch's result?",
    example: "another name",
    modes: ["enterprise"],
  },
];

/** The questions of a mode, in order; those of one stage, where one is named. */
export function questionsOf(mode: Mode, stage?: Stage): Question[] {
  return questions.filter(
    (question) => question.modes.includes(mode) && (stage === undefined || question.stage === stage),
  );
}

const isAnswered = (answers: Answers, { name }: Question): boolean => {
  const answer = answers[name];
  return typeof answer === "string" ? answer.trim() !== "" : answer !== undefined && answer !== false;
};

/** What a mode asks and has no answer yet. */
export function unanswered(mode: Mode, answers: Answers, stage?: Stage): Question[] {
  return questionsOf(mode, stage).filter((question) => !isAnswered(answers, question));
}

/** Names that only differ in case, spaces or how an accent is encoded are of one person. */
const samePerson = (one: string, other: string): boolean => {
  const plain = (name: string): string => name.normalize("NFKC").trim().replaceAll(/\s+/g, " ").toLowerCase();
  return plain(one) === plain(other);
};

/** Why an answer cannot stand beside the others, or null: two pairs of eyes are two persons'. */
export function objection(mode: Mode, answers: Answers): string | null {
  if (mode !== "enterprise") return null;
  const { executor, approver, signedOffBy, secondSignOffBy } = answers;
  if (approver !== undefined && samePerson(approver, executor)) {
    return `${executor} deploys, so somebody else has to approve it`;
  }
  if (
    signedOffBy !== undefined &&
    secondSignOffBy !== undefined &&
    samePerson(signedOffBy, secondSignOffBy)
  ) {
    return `${signedOffBy} signed it off already, so somebody else has to do it the second time`;
  }
  return null;
}

/** @throws DeployError APPROVAL_REFUSED where one person stands where two have to */
export function requireTwoPersons(mode: Mode, answers: Answers): void {
  const text = objection(mode, answers);
  if (text === null) return;
  throw new DeployError(
    "APPROVAL_REFUSED",
    text,
    "Name another person, or choose another --mode; --executor says who deploys.",
  );
}

/**
 * That a mode has every answer it asks for, where nobody can be asked.
 * @throws DeployError ANSWER_MISSING, naming the flags; APPROVAL_REFUSED
 */
export function requireAnswers(mode: Mode, answers: Answers): void {
  const flags = unanswered(mode, answers).map(({ flag }) => flag);
  if (flags.length > 0) {
    throw new DeployError(
      "ANSWER_MISSING",
      mode === "quick"
        ? `--mode quick asks nothing, and needs ${flags.join(", ")}`
        : `--mode ${mode} needs ${flags.join(", ")}, and there is no terminal to ask at`,
      `Give ${flags.length === 1 ? "it" : "them"} on the command line. Nothing was changed.`,
    );
  }
  requireTwoPersons(mode, answers);
}

/** Asks one question, until `refuse` finds nothing wrong; undefined where whoever is asked would rather stop. */
export type Ask = (
  question: Question,
  answers: Answers,
  refuse: (text: string) => string | null,
) => Promise<string | undefined>;

/**
 * Minutes as seconds: `15`, `0.5`.
 * @throws DeployError USAGE
 */
export function parseWatch(text: string): number {
  const minutes = Number(text);
  if (/^\d+(\.\d+)?$/.test(text.trim()) && minutes > 0 && minutes <= 24 * 60) return minutes * 60;
  throw new DeployError(
    "USAGE",
    `"${text}" is not a number of minutes`,
    "Give minutes, up to a day: --watch 15",
  );
}

/** The answers with what was said to a question. */
function withAnswer(answers: Answers, { name }: Question, text: string): Answers {
  if (name === "goAhead") return { ...answers, goAhead: text === "yes" };
  if (name === "watch") return { ...answers, watch: parseWatch(text) };
  return { ...answers, [name]: text.trim() };
}

/** What is wrong with an answer, for whoever gives it; null where nothing is. */
export function whyRefused(mode: Mode, answers: Answers, question: Question, text: string): string | null {
  if (text.trim() === "") return "An answer is needed; Ctrl-C stops.";
  try {
    return objection(mode, withAnswer(answers, question, text));
  } catch (error) {
    if (error instanceof DeployError) return error.message;
    throw error;
  }
}

/**
 * Asks what a mode still wants to know at a stage, one question after the other.
 * @returns the answers with those that came, or undefined where whoever was asked would rather stop
 * @throws DeployError APPROVAL_REFUSED, USAGE: an answer that `refuse` had refused
 */
export async function askFor(
  mode: Mode,
  answers: Answers,
  stage: Stage,
  ask: Ask,
): Promise<Answers | undefined> {
  let known = answers;
  for (const question of unanswered(mode, answers, stage)) {
    const before = known;
    const text = await ask(question, before, (said) => whyRefused(mode, before, question, said));
    if (text === undefined) return undefined;
    known = withAnswer(before, question, text);
    if (known.goAhead === false) return undefined;
    requireTwoPersons(mode, known);
  }
  return known;
}
