import { ParameterInvalid } from "../client/errors.ts";
import { isDate, isUuid } from "../client/forms.ts";

/** The most rows of one page. */
export const largestPage = 1_000;

/** What every screen is asked with. */
export interface OfUser {
  /** The id of the user whose rows are shown, a UUID. The session's user sees no others' anyway. */
  readonly userId: string;
}

/** What a screen is asked with whose rows depend on the day. */
export interface OnDay extends OfUser {
  /** `YYYY-MM-DD`; today where the business is (`business_date()`) if left out. */
  readonly today?: string | undefined;
}

/** Which part of a list is asked for. */
export interface PageOf {
  /** Where the page before ended, its `next`; the first page if left out or null. */
  readonly after?: string | null | undefined;
  /** The most rows of the page, 1 to 1,000. */
  readonly limit?: number | undefined;
}

/** Whole days, from the one to the other and with both, `YYYY-MM-DD`. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** The same id. @throws {ParameterInvalid} where it is no UUID */
export function requireUser({ userId }: OfUser): string {
  if (!isUuid(userId)) throw new ParameterInvalid("userId", "a UUID");
  return userId;
}

/** The limit, or what it is where none is given. @throws {ParameterInvalid} */
export function requireLimit({ limit }: PageOf, otherwise: number): number {
  return requireWhole("limit", limit ?? otherwise, largestPage);
}

/** The same number. @throws {ParameterInvalid} where it isn't a whole one from 1 to the largest */
export function requireWhole(parameter: string, value: number, largest: number): number {
  if (!Number.isInteger(value) || value < 1 || value > largest)
    throw new ParameterInvalid(parameter, `a whole number from 1 to ${largest}`);
  return value;
}

/** The same day. @throws {ParameterInvalid} where there is no such day */
export function requireDay<Day extends string | undefined>(parameter: string, day: Day): Day {
  if (day !== undefined && !(day.length === "YYYY-MM-DD".length && isDate(day)))
    throw new ParameterInvalid(parameter, "a day, as 2026-02-14");
  return day;
}

/** The same range. @throws {ParameterInvalid} where it has no days, or more than the longest */
export function requireRange({ from, to }: DayRange, longest: number): DayRange {
  const days = (Date.parse(requireDay("to", to)) - Date.parse(requireDay("from", from))) / 86_400_000 + 1;
  if (days < 1 || days > longest)
    throw new ParameterInvalid("to", `from or a day after it, and the range of ${longest} days at most`);
  return { from, to };
}

/** The same value. @throws {ParameterInvalid} where it is none of those that the column has: one that a URL had, say */
export function requireOneOf<Value extends string>(
  parameter: string,
  value: Value,
  values: readonly Value[],
): Value {
  if (!values.includes(value)) throw new ParameterInvalid(parameter, `one of ${values.join(", ")}`);
  return value;
}
