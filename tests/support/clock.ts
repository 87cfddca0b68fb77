import { z } from "zod";
import { timestamp } from "./calendar.ts";
import { only, type Sql, type Transaction } from "./database.ts";

/**
 * Lets the transactions of a test say what time it is: in the deployed definition of `business_date()`, which is the
 * views' only clock, the one call of `now()` is replaced; everything else of it stays as it is.
 */
export async function makeClockSettable(sql: Sql): Promise<void> {
  const { definition } = only(
    z.object({ definition: z.string() }),
    await sql`select pg_get_functiondef('public.business_date()'::regprocedure) as definition`,
  );
  const parts = definition.split("now()");
  if (parts.length !== 2) throw new Error("business_date() was expected to call now() once");
  await sql.unsafe(parts.join("coalesce(nullif(current_setting('test.now', true), '')::timestamptz, now())"));
}

/** Sets the clock for the rest of the transaction. */
export async function setClock(sql: Transaction, now: bigint): Promise<void> {
  await sql`select set_config('test.now', ${timestamp(now)}, true)`;
}
