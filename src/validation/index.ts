import type { z } from "zod";
import { makeValidators, type Validators } from "./schemas.ts";

export type { RowValidators, TableValidators, Validators } from "./schemas.ts";

/**
 * Zod schemas of every managed table, derived from its Drizzle definition: what they accept the database accepts and
 * reads back the same, what they refuse it refuses or would change. docs/validation.md has the exceptions.
 *
 * @example
 * const task = validators.operationalTasks.insert.parse(await request.json());
 */
export const validators: Validators = makeValidators();

/**
 * A change that changes something: refuses one without a value, for which Drizzle throws "No values to set". Narrow the
 * schema first, because zod picks nothing from one that is refined.
 *
 * @example
 * const rename = nonEmpty(validators.operationalTasks.update.pick({ title: true, description: true }));
 */
export const nonEmpty = <Change extends z.ZodObject>(change: Change): Change =>
  change.refine((values) => Object.values(values).some((value) => value !== undefined), {
    error: "Invalid change: it has no value",
  });
