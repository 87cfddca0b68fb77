import { describe, expect, it } from "vitest";
import { connect } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { scheduleCleanup, unscheduleCleanup } from "../../src/cleanup.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { refusal } from "../support/processes.ts";

/*
 * pg_cron has to be preloaded by the server, which the tests' own is not: a schema of its name stands in, with its table,
 * and functions of its signatures that do to the table what pg_cron's do.
 */
const standIn = `
create schema cron;
create sequence cron.jobid_seq;
create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'), schedule text not null, command text not null,
  nodename text not null default 'localhost', nodeport int not null default 5432,
  database text not null default current_database(), username text not null default current_user,
  active boolean not null default true, jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $$
  insert into cron.job (jobname, schedule, command) values ($1, $2, $3)
  on conflict on constraint jobname_username_uniq do update set schedule = excluded.schedule, command = excluded.command
  returning jobid
$$;
create function cron.unschedule(job_id bigint) returns boolean language sql as $$
  delete from cron.job where jobid = $1 returning true
$$;
create function cron.alter_job(job_id bigint, schedule text default null, command text default null,
  database text default null, username text default null, active boolean default null) returns void language sql as $$
  update cron.job set active = $6 where jobid = $1
$$;`;

async function withCron(): Promise<TestDatabase> {
  const database = await createDatabase("deployed");
  await database.sql.unsafe(standIn);
  return database;
}

async function on<Result>(
  { url }: TestDatabase,
  work: (sql: Awaited<ReturnType<typeof connect>>) => Promise<Result>,
) {
  const sql = await connect(url);
  return work(sql).finally(() => sql.end());
}

const jobs = async ({ sql }: TestDatabase) => [
  ...(await sql`select jobname, schedule, command, active from cron.job order by jobid`),
];

const job = {
  jobname: "spfp-cleanup-automation-logs",
  schedule: "0 2 * * *",
  command: "SELECT public.cleanup_old_automation_logs()",
  active: true,
};

describe("the daily job through pg_cron", () => {
  it("is scheduled once, however often it is asked for, as the migration does", async () => {
    const database = await withCron();
    const first = await on(database, (sql) => scheduleCleanup(sql));
    expect(first).toEqual({
      outcome: "scheduled",
      name: job.jobname,
      schedule: job.schedule,
      timeZone: "UTC",
      command: job.command,
    });
    expect(await jobs(database)).toEqual([job]);
    expect(await on(database, (sql) => scheduleCleanup(sql))).toMatchObject({ outcome: "unchanged" });
    expect(await jobs(database)).toEqual([job]);
  });

  it("changes with the retention, and runs what deletes by it", async () => {
    const database = await withCron();
    await on(database, (sql) => scheduleCleanup(sql));
    const changed = await on(database, (sql) => scheduleCleanup(sql, 30));
    expect(changed.outcome).toBe("changed");
    expect(await jobs(database)).toEqual([{ ...job, command: changed.command }]);
    const user = await database.createUser();
    await database.sql`insert into automation_logs (user_id, action_type, status, created_at)
      select ${user}, 'click', 'success', now() - make_interval(days => age) from unnest(array[29, 31]) age`;
    const [ran] = await database.sql.unsafe(changed.command ?? "");
    expect(ran).toEqual({ cleanup_old_automation_logs: "1" });
  });

  it("runs again where somebody had switched it off", async () => {
    const database = await withCron();
    await on(database, (sql) => scheduleCleanup(sql));
    await database.sql`update cron.job set active = false`;
    expect(await on(database, (sql) => scheduleCleanup(sql))).toMatchObject({ outcome: "changed" });
    expect(await jobs(database)).toEqual([job]);
  });

  it("is taken back, and no other job with it", async () => {
    const database = await withCron();
    await database.sql`select cron.schedule('another', '* * * * *', 'select 1')`;
    await on(database, (sql) => scheduleCleanup(sql));
    expect(await on(database, (sql) => unscheduleCleanup(sql))).toMatchObject({
      outcome: "unscheduled",
      command: null,
    });
    expect(await on(database, (sql) => unscheduleCleanup(sql))).toMatchObject({
      outcome: "was not scheduled",
    });
    expect(await jobs(database)).toMatchObject([{ jobname: "another" }]);
  });

  it("is refused where pg_cron is not, with what to do instead", async () => {
    const database = await createDatabase("deployed");
    for (const work of [scheduleCleanup, unscheduleCleanup]) {
      const error = await refusal(on(database, (sql) => work(sql)));
      expect(error.code).toBe("CRON_MISSING");
      expect(error.remedy).toContain("0 2 * * *  spfp-db cleanup");
    }
  });

  it("is refused where the role may not use it, and where its function is not", async () => {
    const database = await withCron();
    const forbidden = on(database, async (sql) => {
      await sql`set role service_role`;
      return scheduleCleanup(sql);
    });
    expect(await refusal(forbidden)).toMatchObject({
      code: "PERMISSION_DENIED",
      remedy: expect.stringContaining("GRANT USAGE ON SCHEMA cron"),
    });
    const before = await createDatabase("production");
    await before.sql.unsafe(standIn);
    expect((await refusal(on(before, (sql) => scheduleCleanup(sql)))).code).toBe("NOT_DEPLOYED");
  });
});
