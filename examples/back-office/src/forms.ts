import type { Context } from "hono";
import { z } from "zod";

/** The fields of a form as they were sent, without blanks around them; those that were left out are empty. */
export type Values<Field extends string> = Readonly<Record<Field, string>>;

/** What is wrong with fields, by their names. */
export type Faults = Readonly<Record<string, string>>;

/** The named fields of the form that a request brings. */
export async function formOf<Field extends string>(
  c: Context,
  fields: readonly Field[],
): Promise<Values<Field>> {
  const sent = await c.req.parseBody();
  const values = Object.fromEntries(
    fields.map((field) => {
      const value = sent[field];
      return [field, typeof value === "string" ? value.trim() : ""];
    }),
  );
  return allOf(fields, values);
}

function allOf<Field extends string>(
  fields: readonly Field[],
  values: Record<string, string>,
): Values<Field> {
  const isWhole = (found: Record<string, string>): found is Record<string, string> & Values<Field> =>
    fields.every((field) => field in found);
  if (!isWhole(values)) throw new TypeError("a field is missing");
  return values;
}

/** A field that may be left empty: what the database then has is up to it. */
export const given = (value: string): string | undefined => (value === "" ? undefined : value);

/** A field that holds a number; the text itself where it is none, which no validator takes for one. */
export const numeral = (value: string): number | string =>
  /^-?\d{1,15}$/.test(value) ? Number(value) : value;

/** What a validator of `spfp-db/validation` found, as sentences for who filled the form in. */
export function faultsOf(error: z.core.$ZodError, values: Readonly<Record<string, string>>): Faults {
  const faults: Record<string, string> = {};
  for (const issue of error.issues) {
    const field = String(issue.path[0] ?? "");
    faults[field] ??= values[field] === "" ? "Please fill this in." : sentenceFor(issue);
  }
  return faults;
}

function sentenceFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "too_big":
      if (issue.origin === "string") return `At most ${issue.maximum} characters.`;
      return issue.inclusive === false ? `Less than ${issue.maximum}.` : `At most ${issue.maximum}.`;
    case "too_small":
      return issue.inclusive === false ? `More than ${issue.minimum}.` : `At least ${issue.minimum}.`;
    case "invalid_value":
      return "Please choose one of the list.";
    case "invalid_type":
      return issue.expected === "number" || issue.expected === "int"
        ? "Please write a whole number."
        : "This is not in the right form.";
    default:
      return "This is not in the right form.";
  }
}

/** Ids in addresses. */
export const idSchema = z.guid();
