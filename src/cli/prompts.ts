import { confirm, isCancel, text } from "@clack/prompts";
import type { Answers, Ask } from "../deploy/index.ts";

/** Whether somebody can be asked: there is a terminal on both sides, and no CI behind it. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env["CI"];
}

/** Asks at the terminal; Ctrl-C and Escape mean that whoever is asked would rather stop. */
export const askAtTerminal: Ask = async ({ name, text: message, example }, answers, refuse) => {
  const output = process.stderr;
  if (name === "goAhead") {
    const agreed = await confirm({ message, initialValue: false, output });
    return agreed === true ? "yes" : undefined;
  }
  const { executor }: Answers = answers;
  const answer = await text({
    message,
    output,
    placeholder: example,
    ...(name === "signedOffBy" ? { initialValue: executor } : {}),
    validate: (value) => refuse(value ?? "") ?? undefined,
  });
  return isCancel(answer) ? undefined : answer;
};
