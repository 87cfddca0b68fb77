import { type Command, InvalidArgumentError, Option } from "commander";

/** An option that takes some values of a closed set: a list with commas, which may be given more than once. */
export class ListOption extends Option {
  readonly values: readonly string[];

  constructor(flags: string, description: string, values: readonly string[]) {
    super(flags, `${description}; may be repeated, or a list with commas`);
    this.values = values;
    this.argParser((text: string, previous: string[] = []) => {
      const given = text.split(",").map((value) => value.trim());
      const unknown = given.find((value) => !values.includes(value));
      if (unknown === undefined) return [...previous, ...given];
      throw new InvalidArgumentError(`"${unknown}" is not one of ${values.join(", ")}.`);
    });
  }
}

/** What the option of `addQuietOption` parses to. */
export interface QuietOptions {
  quiet?: true;
}

/**
 * Adds `--quiet` to a command.
 * @param text what it prints then; by default what needs attention, which may be nothing
 */
export function addQuietOption(
  command: Command,
  text = "print only what needs attention: nothing when all is well",
): Command {
  return command.option("-q, --quiet", text);
}

/** Whether a text can be the id of a record: a UUID of any version. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** Minutes, for an option, as seconds. */
export function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && minutes > 0 && minutes <= 24 * 60) return minutes * 60;
  throw new InvalidArgumentError("Give minutes, up to a day.");
}

/** Transactions per second, for an option. */
export function parseRate(text: string): number {
  const rate = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && Number.isFinite(rate)) return rate;
  throw new InvalidArgumentError("Give transactions per second, as 50 or 0.5.");
}

/** A whole number within bounds, for an option. */
export function numberOf(what: string, least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`${what} is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** What `--allow` says of itself. */
export const allowing =
  "accept, on record, the hazards of a step, of a migration, or of a kind (data-loss, TAG:data-loss); may be repeated";

/** The values of an option that may be repeated, each a list with commas. */
export function collectLists(text: string, previous: string[] = []): string[] {
  return [...previous, ...text.split(",").map((value) => value.trim())];
}

/** The values of an option that may be repeated, each as it is. */
export const collect = (text: string, previous: string[] = []): string[] => [...previous, text];
