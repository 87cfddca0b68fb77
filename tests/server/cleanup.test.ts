import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createDatabase, only, sqlstate, type Transaction } from "../support/database.ts";

const database = await createDatabase("deployed");
const user = await database.createUser();

/** Logs of the given age in days, so many of each. */
async function addLogs(sql: Transaction, age: number, count = 1) {
  await sql`insert into automation_logs (user_id, action_type, status, created_at)
    select ${user}, 'click', 'success', now() - make_interval(secs => ${age * 86_400})
    from generate_series(1, ${count})`;
}

const answer = z.object({ deleted: z.string() });
async function cleanUp(sql: Transaction, retention?: string | null): Promise<string> {
  return only(
    answer,
    retention === undefined
      ? await sql`select cleanup_old_automation_logs() as deleted`
      : await sql`select cleanup_old_automation_logs(${retention}::interval) as deleted`,
  ).deleted;
}

async function ages(sql: Transaction): Promise<number[]> {
  const rows = await sql`
    select round(extract(epoch from now() - created_at) / 86400, 3)::float8 as age from automation_logs order by 1`;
  return z
    .array(z.object({ age: z.number() }))
    .parse([...rows])
    .map(({ age }) => age);
}

describe("cleanup_old_automation_logs()", () => {
  it("deletes what is older than 90 days, keeps the rest, and says how many it deleted", async () => {
    await database.transaction(async (sql) => {
      for (const age of [0, 89.999, 90, 90.001, 400]) await addLogs(sql, age);
      expect(await cleanUp(sql)).toBe("2");
      expect(await ages(sql)).toEqual([0, 89.999, 90]);
      expect(await cleanUp(sql)).toBe("0");
    });
  });

  it("takes another retention, down to a day", async () => {
    await database.transaction(async (sql) => {
      for (const age of [0.5, 1.5, 8]) await addLogs(sql, age);
      expect(await cleanUp(sql, "7 days")).toBe("1");
      expect(await cleanUp(sql, "1 day")).toBe("1");
      expect(await ages(sql)).toEqual([0.5]);
    });
  });

  it("deletes more than one batch", async () => {
    await database.transaction(async (sql) => {
      await addLogs(sql, 100, 10_001);
      await addLogs(sql, 1, 3);
      expect(await cleanUp(sql)).toBe("10001");
      expect(await ages(sql)).toEqual([1, 1, 1]);
    });
  });

  it.each(["23 hours 59 minutes", "0", "-90 days", null])("refuses a retention of %s", async (retention) => {
    const refused = database.transaction(async (sql) => {
      await addLogs(sql, 400);
      await cleanUp(sql, retention);
    });
    expect(await sqlstate(refused)).toBe("22023");
  });

  it("is for the service role", async () => {
    await database.transaction(async (sql) => {
      await addLogs(sql, 400, 2);
      await sql`select set_config('role', 'service_role', true)`;
      expect(await cleanUp(sql)).toBe("2");
    });
  });

  it("is not for users, nor for anonymous visitors", async () => {
    expect(await sqlstate(database.asUser(user, (sql) => cleanUp(sql)))).toBe("42501");
    expect(await sqlstate(database.asAnon((sql) => cleanUp(sql)))).toBe("42501");
  });
});
