// An application's use of SPFP's database: needs spfp-db, drizzle-orm and zod, and neither the engine nor a driver.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { drizzle } from "drizzle-orm/pg-proxy";
import { bootstrapSql, migrationsFolder } from "spfp-db/bootstrap";
import * as schema from "spfp-db/schema";
import { validators } from "spfp-db/validation";
import { dashboardMetrics } from "spfp-db/views";

const asked: string[] = [];
const db = drizzle(
  async (text) => {
    asked.push(text);
    return { rows: [] };
  },
  { schema },
);

const task = validators.operationalTasks.insert.parse({
  userId: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  title: "Call",
  status: "todo" satisfies schema.TaskStatus,
});
await db.insert(schema.operationalTasks).values(task);
const transactions = await db.query.transactions.findMany({ with: { category: true, group: true } });
const categories: string[] = transactions.map(({ category }) => category.name);
const totals: string[] = (await db.select().from(dashboardMetrics)).map(({ netToday }) => netToday);
assert.deepEqual([categories, totals], [[], []]);
assert.equal(asked.length, 3);

// Each is wrong, and a compiler that lost the types would not notice.
// @ts-expect-error: no such status
const status: schema.TaskStatus = "later";
// @ts-expect-error: a group may be missing
const groups: string[] = transactions.map(({ group }) => group.name);
// @ts-expect-error: no such relation
const wrong = () => db.query.transactions.findMany({ with: { partner: true } });
// @ts-expect-error: the validator knows what it makes
const title: number = task.title;
assert.deepEqual([status, groups, title, typeof wrong], ["later", [], "Call", "function"]);

assert.throws(() => validators.operationalTasks.insert.parse({ title: "Call" }));
assert.ok(bootstrapSql({ owner: "app" }).startsWith("do "));
assert.ok(existsSync(`${migrationsFolder}/meta/_journal.json`));
