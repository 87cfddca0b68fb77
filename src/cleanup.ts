import { PostgresError, type Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "./errors.ts";

/** @throws SpfpError NOT_DEPLOYED */
async function requireFunction(sql: Sql): Promise<void> {
  const present = await sql`
    select to_regprocedure('public.cleanup_old_automation_logs(interval)') is not null as present`;
  if (present[0]?.["present"] === true) return;
  throw new SpfpError(
    "NOT_DEPLOYED",
    "the database has no function cleanup_old_automation_logs(interval)",
    "Deploy the migrations first.",
  );
}

/**
 * Deletes automation logs by the database's own function, as `pg_cron` does daily where it is.
 *
 * @param days retention; the function refuses less than one
 * @returns how many rows were deleted
 * @throws SpfpError NOT_DEPLOYED where the function is missing
 */
export async function cleanUpAutomationLogs(sql: Sql, days: number): Promise<number> {
  await requireFunction(sql);
  const rows =
    await sql`select public.cleanup_old_automation_logs(make_interval(days => ${days})) as deleted`;
  return z.tuple([z.object({ deleted: z.coerce.number().int() })]).parse([...rows])[0].deleted;
}

/** The daily job, under the name and at the time that migration 0003 gives it where `pg_cron` is. */
const job = { name: "spfp-cleanup-automation-logs", schedule: "0 2 * * *" } as const;

/** The retention of the function where none is given, in days. */
export const usualRetention = 90;

/** What was made of the daily job. */
export interface CleanupSchedule {
  readonly outcome: "scheduled" | "changed" | "unchanged" | "unscheduled" | "was not scheduled";
  readonly name: string;
  /** When it runs, as a line of a crontab has it. */
  readonly schedule: string;
  /** The time zone that the schedule is in: UTC, unless the server sets `cron.timezone` otherwise. */
  readonly timeZone: string;
  /** What it runs; null where no job is left. */
  readonly command: string | null;
}

const cronSchema = z.tuple([
  z.object({ present: z.boolean(), available: z.boolean(), timeZone: z.string().nullable() }),
]);
const jobsSchema = z.array(
  z.object({ id: z.coerce.string(), schedule: z.string(), command: z.string(), active: z.boolean() }),
);

/** @throws SpfpError CRON_MISSING; returns the time zone of its schedules */
async function requireCron(sql: Sql): Promise<string> {
  // By the catalog: to_regprocedure would ask for rights on the schema.
  const [{ present, available, timeZone }] = cronSchema.parse([
    ...(await sql`
      select
        exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          where n.nspname = 'cron' and p.proname = 'schedule') as present,
        exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron') as available,
        current_setting('cron.timezone', true) as "timeZone"`),
  ]);
  if (present) return timeZone === null || timeZone === "" || timeZone === "GMT" ? "UTC" : timeZone;
  throw new SpfpError(
    "CRON_MISSING",
    available ? "pg_cron is not enabled in this database" : "this server has no pg_cron to schedule with",
    `${available ? "Enable it (Supabase: Integrations, Cron; elsewhere CREATE EXTENSION pg_cron) and run this again, or have" : "Have"} a crontab call the same job each day: 0 2 * * *  spfp-db cleanup. docs/audit.md has that for systemd too.`,
  );
}

/** What PostgreSQL says where the role may not use `pg_cron`, as what to do about it. */
function refuseCron(error: unknown): never {
  if (!(error instanceof PostgresError) || error.code !== "42501") throw error;
  throw new SpfpError(
    "PERMISSION_DENIED",
    `this role may not schedule with pg_cron: ${error.message}`,
    "Connect as a role that may (Supabase: postgres), or have it granted: GRANT USAGE ON SCHEMA cron TO the role.",
    { cause: error },
  );
}

const ownJobs = async (sql: Sql) =>
  jobsSchema.parse([
    ...(await sql`
      select jobid as id, schedule, command, active from cron.job
      where jobname = ${job.name} and username = current_user order by jobid`),
  ]);

/**
 * Schedules the daily deletion of old automation logs through `pg_cron`, at 02:00 UTC; may be repeated, and changes
 * what another retention was scheduled with.
 *
 * @param days retention
 * @throws SpfpError CRON_MISSING, PERMISSION_DENIED; NOT_DEPLOYED where the function is missing
 */
export async function scheduleCleanup(sql: Sql, days = usualRetention): Promise<CleanupSchedule> {
  const timeZone = await requireCron(sql);
  await requireFunction(sql);
  const retention = days === usualRetention ? "" : `make_interval(days => ${Math.trunc(days)})`;
  const command = `SELECT public.cleanup_old_automation_logs(${retention})`;
  try {
    const [present] = await ownJobs(sql);
    const result = { ...job, timeZone, command };
    if (present?.command === command && present.schedule === job.schedule && present.active)
      return { outcome: "unchanged", ...result };
    const [scheduled] = z
      .tuple([z.object({ id: z.coerce.string() })])
      .parse([...(await sql`select cron.schedule(${job.name}, ${job.schedule}, ${command}) as id`)]);
    // A job of that name that somebody has switched off stays off otherwise.
    if (present?.active === false) await sql`select cron.alter_job(${scheduled.id}::bigint, active := true)`;
    return { outcome: present === undefined ? "scheduled" : "changed", ...result };
  } catch (error) {
    return refuseCron(error);
  }
}

/**
 * Takes the daily job back; may be repeated.
 * @throws SpfpError CRON_MISSING, PERMISSION_DENIED
 */
export async function unscheduleCleanup(sql: Sql): Promise<CleanupSchedule> {
  const timeZone = await requireCron(sql);
  try {
    const jobs = await ownJobs(sql);
    for (const { id } of jobs) await sql`select cron.unschedule(${id}::bigint)`;
    const outcome = jobs.length > 0 ? "unscheduled" : "was not scheduled";
    return { outcome, ...job, timeZone, command: null };
  } catch (error) {
    return refuseCron(error);
  }
}
