import { rules } from "./rules/index.ts";

/** A comment that accepts what one rule finds in one statement. */
export interface Acceptance {
  /** The rule, as it is written. */
  readonly rule: string;
  /** Null where none is given. */
  readonly reason: string | null;
  /** In characters from the beginning of the file. */
  readonly offset: number;
  /** Whether it stands on the line on which the statement before it ends. */
  readonly isBehind: boolean;
}

const form = /^--\s*lint:\s*accept\b[ \t]*([^\s:]*)[ \t]*(?::[ \t]*(.*?))?[ \t]*$/i;

/**
 * The acceptances in what stands between two statements: line comments `-- lint: accept RULE: reason`.
 * @param offset of the text in its file
 */
export function acceptancesIn(text: string, offset: number): Acceptance[] {
  const found: Acceptance[] = [];
  let at = 0;
  let isFirst = offset > 0;
  for (const line of text.split("\n")) {
    const begin = line.search(/--\s*lint:/i);
    const match = begin < 0 ? null : form.exec(line.slice(begin).trimEnd());
    if (match) {
      const [, rule = "", reason = ""] = match;
      found.push({
        rule,
        reason: reason.trim() === "" ? null : reason.trim(),
        offset: offset + at + begin,
        isBehind: isFirst,
      });
    }
    at += line.length + 1;
    isFirst = false;
  }
  return found;
}

/** Whether there is a rule of a name. */
export const isRule = (id: string): boolean => rules.some((rule) => rule.id === id);
