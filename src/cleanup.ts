import type { Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "./errors.ts";

/**
 * Deletes automation logs by the database's own function, as `pg_cron` does daily where it is.
 *
 * @param days retention; the function refuses less than one
 * @returns how many rows were deleted
 * @throws SpfpError NOT_DEPLOYED where the function is missing
 */
export async function cleanUpAutomationLogs(sql: Sql, days: number): Promise<number> {
  const present = await sql`
    select to_regprocedure('public.cleanup_old_automation_logs(interval)') is not null as present`;
  if (present[0]?.["present"] !== true) {
    throw new SpfpError(
      "NOT_DEPLOYED",
      "the database has no function cleanup_old_automation_logs(interval)",
      "Deploy the migrations first.",
    );
  }
  const rows =
    await sql`select public.cleanup_old_automation_logs(make_interval(days => ${days})) as deleted`;
  return z.tuple([z.object({ deleted: z.coerce.number().int() })]).parse([...rows])[0].deleted;
}
