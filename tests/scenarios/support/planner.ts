import { createHash } from "node:crypto";
import { z } from "zod";
import { doneSteps } from "../../../src/deploy/bookkeeping.ts";
import type { Planner } from "../../../src/deploy/deploy.ts";
import { readMigrations } from "../../../src/migrations/index.ts";
import { planOf } from "./plan.ts";

const indexesSchema = z.array(z.object({ name: z.string(), valid: z.boolean() }));

/** A planner that knows as much as these scenarios need: indexes are built concurrently, what is done is skipped. */
export const planByHand: Planner = async (sql, project) => {
  const recorded = await sql`select hash from drizzle.__drizzle_migrations`;
  const hashes = new Set(recorded.map((row) => row["hash"]));
  const pending = readMigrations(project.migrationsFolder).filter(({ hash }) => !hashes.has(hash));
  const done = new Set((await doneSteps(sql)).map(({ migration, step }) => `${migration} ${step}`));
  const indexes = indexesSchema.parse([
    ...(await sql`select relname as name, indisvalid as valid from pg_index join pg_class on oid = indexrelid`),
  ]);
  const plan = planOf(
    Object.fromEntries(
      pending.map(({ tag, hash, statements }) => [
        tag,
        statements.map((statement, at) => {
          const [whole, , name, table] = /CREATE (UNIQUE )?INDEX "(\w+)" ON "(\w+)"/.exec(statement) ?? [];
          const existing = indexes.find((index) => index.name === name);
          const isDone = done.has(`${hash} ${tag}/${at + 1}`) || existing?.valid === true;
          const action = isDone ? "skip" : existing ? "rebuild" : "run";
          if (!whole || !name || !table || table === "automation_permissions_audit") {
            return { sql: statement, action } as const;
          }
          return {
            sql: statement.replace("INDEX", "INDEX CONCURRENTLY"),
            kind: "create index",
            transactional: false,
            target: { kind: "index", schema: "public", name, table },
            title: `create index ${name} on ${table}`,
            action,
          } as const;
        }),
      ]),
    ),
  );
  return {
    ...plan,
    migrations: pending.map(({ tag, hash, when }) => ({ tag, hash, when })),
    state: createHash("sha256")
      .update(JSON.stringify([...hashes, plan.steps]))
      .digest("hex"),
  };
};
