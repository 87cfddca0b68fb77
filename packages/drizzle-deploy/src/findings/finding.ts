import { z } from "zod";

/** How much a finding matters: `error` fails a check or blocks a deployment, `warning` and `info` do not. */
export const severities = ["error", "warning", "info"] as const;

/**
 * What a check, a preflight item or an adoption has to say of one object: what was expected, what is there,
 * and what to do. `expected` and `actual` are text as a person would read it; null means "nothing".
 */
export const findingSchema = z.strictObject({
  /** Identifier of the rule that found it, as `area.rule`. */
  check: z.string().regex(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/),
  severity: z.enum(severities),
  /** The object, qualified as far as needed to find it: `public.accounts.balance`. */
  object: z.string().min(1),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  remedy: z.string().min(1),
  /** The remedy as statements to run, in their order, where it is known to be that. */
  sql: z.array(z.string().min(1)).optional(),
});

export type Finding = z.infer<typeof findingSchema>;
/** How much a finding matters. */
export type Severity = Finding["severity"];

/** A finding with the statements that put it right, where there are any. */
export const withSql = (finding: Finding, sql: readonly string[]): Finding =>
  sql.length === 0 ? finding : { ...finding, sql: [...sql] };
