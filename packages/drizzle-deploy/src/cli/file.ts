import { InvalidArgumentError } from "commander";

/** The value of an option that names a file: an empty one is a mistake (`--out "$UNSET"`). */
export function parseFile(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Give the name of a file.");
  return text;
}
