import { describe, expect, it, onTestFinished } from "vitest";
import { connect, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { openSession } from "../../../packages/drizzle-deploy/src/run/session.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";
import { execute } from "../../support/execute.ts";
import { pgbouncerMissing, startPgbouncer } from "../../support/pgbouncer.ts";
import { index, planOf } from "../../support/plan-by-hand.ts";
import { startPooler } from "../../support/pooler.ts";
import { refusal } from "../../support/processes.ts";

const plan = planOf({
  one: [
    { sql: "create table public.made (id int)" },
    {
      sql: "create index concurrently idx_made on public.made (id)",
      kind: "create index",
      transactional: false,
      target: index("idx_made", "made"),
    },
  ],
});

async function database() {
  const made = await createDatabase("empty");
  return made;
}

const missing = pgbouncerMissing();
if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);

const poolers = [
  { name: "PgBouncer", start: startPgbouncer, skipped: missing !== null },
  // Where PgBouncer is not installed, this one proves the same of how a deployment goes about it.
  { name: "the tests' own pooler", start: startPooler, skipped: false },
];

describe.each(poolers)("through $name", ({ start, skipped }) => {
  async function pooled(mode: "transaction" | "session") {
    const made = await database();
    const pooler = await start(made.url, mode);
    onTestFinished(pooler.stop);
    return { ...made, pooledUrl: pooler.url };
  }

  it.skipIf(skipped)("in transaction mode a deployment is refused, and nothing is changed", async () => {
    const { sql, pooledUrl } = await pooled("transaction");
    const error = await refusal(execute(pooledUrl, plan));
    expect(error).toMatchObject({ code: "POOLER", remedy: expect.stringContaining("5432") });
    expect(await sql`select from pg_namespace where nspname in ('spfp_db', 'drizzle')`).toEqual([]);
  });

  it.skipIf(skipped)("in transaction mode it is refused however busy the pooler is", async () => {
    const { pooledUrl } = await pooled("transaction");
    let over = false;
    const busy = Array.from({ length: 4 }, async () => {
      const sql = await connect(pooledUrl);
      while (!over) await sql`select pg_sleep(0.001)`;
      await sql.end();
    });
    const codes: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      codes.push((await refusal(openSession(pooledUrl, { kind: "deploy", names: spfpNames }))).code);
    }
    over = true;
    await Promise.all(busy);
    expect(codes).toEqual(codes.map(() => "POOLER"));
  });

  it.skipIf(skipped)("in session mode a deployment works", async () => {
    const { sql, pooledUrl } = await pooled("session");
    expect(await execute(pooledUrl, plan)).toMatchObject({ outcome: "completed" });
    expect(
      await sql`select from pg_index where indexrelid = 'idx_made'::regclass and indisvalid`,
    ).toHaveLength(1);
  });
});

it.skipIf(missing !== null)("through PgBouncer in statement mode a deployment is refused", async () => {
  const pooler = await startPgbouncer((await database()).url, "statement");
  onTestFinished(pooler.stop);
  expect(await refusal(execute(pooler.url, plan))).toMatchObject({ code: "POOLER" });
});

describe("Supabase's pooler", () => {
  it.each([
    "postgresql://postgres.abc:secret@aws-0-sa-east-1.pooler.supabase.com:6543/postgres",
    "postgresql://postgres:secret@db.abc.supabase.co:6543/postgres",
  ])("on port 6543 is refused before anything is sent: %s", async (text) => {
    const error = await refusal(openSession(parseDatabaseUrl(text), { kind: "deploy", names: spfpNames }));
    expect(error).toMatchObject({ code: "POOLER", remedy: expect.stringContaining("port 5432") });
    expect(error.message).not.toContain("secret");
  });
});
