// An application's requests: needs spfp-db, drizzle-orm and a driver, here PGlite with the whole database in it.
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PGlite } from "@electric-sql/pglite";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import {
  asService,
  asUser,
  auditCsv,
  auditEntries,
  auditTimeline,
  auditTrail,
  DuplicateCategoryName,
  kanbanColumn,
  live,
  MissingReference,
  marketingCalendar,
  NotAllowed,
  overdueCount,
  pipelineFigures,
  purge,
  restore,
  StillInUse,
  snapshot,
  softDelete,
  transactionHistory,
  userView,
} from "spfp-db";
import { bootstrapSql, migrationsFolder } from "spfp-db/bootstrap";
import * as schema from "spfp-db/schema";
import { validators } from "spfp-db/validation";

const client = new PGlite();
await client.exec(bootstrapSql());
const db = drizzle({ client, schema });
await migrate(db, { migrationsFolder });

const ana = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const bruno = "7c9e6679-7425-40de-944b-e07fc1f90ae8";
for (const id of [ana, bruno]) await db.execute(sql`insert into auth.users (id) values (${id})`);

const [account, food] = await asUser(db, { sub: ana }, async (tx) => {
  const accounts = await tx
    .insert(schema.accounts)
    .values({ userId: ana, name: "Checking", type: "checking" })
    .returning();
  const categories = await tx.insert(schema.categories).values({ userId: ana, name: "Food" }).returning();
  return [accounts[0]?.id ?? "", categories[0]?.id ?? ""] as const;
});
await asUser(db, { sub: ana }, (tx) =>
  tx.insert(schema.transactions).values({
    userId: ana,
    accountId: account,
    categoryId: food,
    amount: "1.00",
    type: "EXPENSE",
    date: "2026-02-14",
  }),
);
await assert.rejects(
  asUser(db, { sub: ana }, (tx) => softDelete(tx, schema.accounts, [account])),
  (error) => error instanceof StillInUse && error.by === "transactions",
);
await assert.rejects(
  asUser(db, { sub: bruno }, (tx) =>
    tx.insert(schema.goals).values({ userId: ana, name: "x", targetAmount: "1" }),
  ),
  NotAllowed,
);

// The bin, and a name that is taken meanwhile.
const [rent] = await asUser(db, { sub: ana }, (tx) =>
  tx.insert(schema.categories).values({ userId: ana, name: "Rent" }).returning(),
);
const id: string = rent?.id ?? "";
assert.deepEqual(await asUser(db, { sub: ana }, (tx) => softDelete(tx, schema.categories, [id])), [id]);
const names = await asUser(db, { sub: ana }, (tx) =>
  tx.select({ name: schema.categories.name }).from(schema.categories).where(live(schema.categories)),
);
assert.deepEqual(names, [{ name: "Food" }]);
await asUser(db, { sub: ana }, (tx) => tx.insert(schema.categories).values({ userId: ana, name: "RENT" }));
await assert.rejects(
  asUser(db, { sub: ana }, (tx) => restore(tx, schema.categories, [id])),
  DuplicateCategoryName,
);
assert.equal((await purge(db, { olderThanDays: 90 })).length > 10, true);

// A screen by pages, a view, the trail.
await asUser(db, { sub: ana }, (tx) =>
  tx
    .insert(schema.operationalTasks)
    .values(Array.from({ length: 5 }, (_, at) => ({ userId: ana, title: `Task ${at}`, position: 1 }))),
);
const seen: string[] = [];
for (let after: string | undefined, more = true; more; ) {
  const page = await asUser(db, { sub: ana }, (tx) =>
    kanbanColumn(tx, { userId: ana, status: "todo", limit: 2, ...(after === undefined ? {} : { after }) }),
  );
  seen.push(...page.rows.map(({ title }) => title));
  more = page.next !== null;
  after = page.next ?? undefined;
}
assert.deepEqual(seen.sort(), ["Task 0", "Task 1", "Task 2", "Task 3", "Task 4"]);
const dashboard = await asUser(db, { sub: ana }, (tx) => userView(tx, "dashboardMetrics", { userId: ana }));
assert.equal(dashboard?.totalExpense, "1.00");
await asUser(db, { sub: ana }, (tx) => tx.insert(schema.automationPermissions).values({ userId: ana }));
const trail = await asUser(db, { sub: ana }, (tx) => auditTrail(tx, { userId: ana }));
// The default list of blocked domains leaves an entry for each.
assert.deepEqual(
  new Set(trail.rows.map(({ changeType }) => changeType)),
  new Set(["created", "blacklist_added"]),
);

assert.equal(auditTimeline(trail.rows).length, 1);
const lines: string[] = [];
const collected = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk));
    done();
  },
});
await asService(db, (tx) => pipeline(auditEntries(tx, { userId: ana }), auditCsv, collected), snapshot);
assert.equal(lines.join("").trim().split("\r\n").length, trail.rows.length + 1);

// The other screens.
const screens = await asUser(db, { sub: ana }, async (tx) => [
  (await transactionHistory(tx, { userId: ana, from: "2026-02-01", to: "2026-02-28" })).rows.length,
  await overdueCount(tx, { userId: ana }),
  (await pipelineFigures(tx, { userId: ana })).length,
  (await marketingCalendar(tx, { userId: ana })).length,
]);
assert.deepEqual(screens, [1, 0, schema.leadStages.length, 0]);

// What the database would refuse or round is refused before, and what refers to another user's is not there.
const payment = { userId: bruno, accountId: account, categoryId: food, type: "EXPENSE", date: "2026-02-14" };
assert.equal(validators.transactions.insert.safeParse({ ...payment, amount: "1.005" }).success, false);
const crossing = validators.transactions.insert.parse({ ...payment, amount: "1.00" });
await assert.rejects(
  asUser(db, { sub: bruno }, (tx) => tx.insert(schema.transactions).values(crossing)),
  MissingReference,
);

// Each is wrong, and a compiler that lost the types would not notice.
// @ts-expect-error: partners have no bin
const wrong = () => asService(db, (tx) => softDelete(tx, schema.partners, [id]));
// @ts-expect-error: no such status
const later = () => asUser(db, { sub: ana }, (tx) => kanbanColumn(tx, { userId: ana, status: "later" }));
// @ts-expect-error: a session's user has an id
const nobody = () => asUser(db, {}, (tx) => tx.select().from(schema.goals));
assert.deepEqual([typeof wrong, typeof later, typeof nobody], ["function", "function", "function"]);
assert.equal(await db.$count(schema.goals, eq(schema.goals.userId, ana)), 0);
await client.close();
