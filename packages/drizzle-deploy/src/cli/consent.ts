import { DeployError } from "../findings/errors.ts";

/** What is to be agreed to before a command acts. */
export interface Question {
  /** What wants to be confirmed, as a sentence begins: `an erasure`. */
  readonly what: string;
  /** What is asked at a terminal. */
  readonly text: string;
  /** What has to be typed to agree; yes or no where it is left out. */
  readonly typed?: string;
  /** Whether the command line has agreed already. */
  readonly yes: boolean;
}

/**
 * Asks before a command acts. Ctrl-C, Escape and another answer mean no.
 * @throws DeployError ANSWER_MISSING where there is nobody to ask, and the command line has not agreed
 */
export async function askConsent({ what, text: message, typed, yes }: Question): Promise<boolean> {
  if (yes) return true;
  const { canAsk, isAgreed } = await import("./prompts.ts");
  if (!canAsk()) {
    throw new DeployError(
      "ANSWER_MISSING",
      `${what} needs confirmation, and there is no terminal to ask at`,
      "Give --yes. Nothing was done.",
    );
  }
  if (typed === undefined) return isAgreed(message);
  const { text } = await import("@clack/prompts");
  return (await text({ message, output: process.stderr, placeholder: typed })) === typed;
}
