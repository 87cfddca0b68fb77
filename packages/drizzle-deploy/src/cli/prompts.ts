import { confirm, isCancel, select, text } from "@clack/prompts";
import type { Answers, Ask, BaselineReport } from "../index.ts";

/** Whether somebody can be asked: there is a terminal on both sides, and no CI behind it. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env["CI"];
}

/** Asks for a yes at the terminal; Ctrl-C, Escape and no mean no. */
export const isAgreed = async (message: string): Promise<boolean> =>
  (await confirm({ message, initialValue: false, output: process.stderr })) === true;

/** Asks at the terminal; Ctrl-C and Escape mean that whoever is asked would rather stop. */
export const askAtTerminal: Ask = async ({ name, text: message, example }, answers, refuse) => {
  if (name === "goAhead") return (await isAgreed(message)) ? "yes" : undefined;
  const { executor }: Answers = answers;
  const answer = await text({
    message,
    output: process.stderr,
    placeholder: example,
    ...(name === "signedOffBy" ? { initialValue: executor } : {}),
    validate: (value) => refuse(value ?? "") ?? undefined,
  });
  return isCancel(answer) ? undefined : answer;
};

/** Asks for the last migration that a database had; undefined where whoever is asked cannot tell. */
export async function choosePoint(points: readonly string[]): Promise<string | undefined> {
  const answer = await select({
    message: "Which is the last migration that this database had? What comes after it is run.",
    options: [
      ...points.map((point) => ({ value: point, label: point })),
      { value: "", label: "I cannot tell: stop here" },
    ],
    output: process.stderr,
  });
  return isCancel(answer) || answer === "" ? undefined : answer;
}

/** Asks whether to adopt a database as it was shown. */
export function confirmAdoption({ point, recorded, replaced }: BaselineReport): Promise<boolean> {
  const later =
    replaced.length > 0 ? ` The deployment will replace ${replaced.length} of what is there.` : "";
  return isAgreed(
    `Adopt it ${point === null ? "before the first migration" : `at ${point}`}? ${recorded.length} migrations are recorded as applied, none is run.${later}`,
  );
}
