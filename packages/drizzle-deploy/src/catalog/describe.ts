import type { Difference } from "./compare.ts";

/** A difference in the words of a finding: the object, what was expected of it, and what is there. */
export interface Description {
  readonly object: string;
  /** Null where nothing was expected. */
  readonly expected: string | null;
  /** Null where nothing is there. */
  readonly actual: string | null;
}

/** Says what differs; of a property its name too, and "nothing" where it has no value. */
export function describeDifference(difference: Difference): Description {
  const { object, kind } = difference;
  switch (kind) {
    case "missing":
      return { object: object.label, expected: difference.expected, actual: null };
    case "extra":
      return { object: object.label, expected: null, actual: difference.actual };
    case "different": {
      const value = (text: string | null): string => `${difference.property}: ${text ?? "nothing"}`;
      return {
        object: object.label,
        expected: value(difference.expected),
        actual: value(difference.actual),
      };
    }
  }
}
