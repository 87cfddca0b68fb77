import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PGlite } from "@electric-sql/pglite";
import { drizzle as drizzleNode } from "drizzle-orm/node-postgres";
import { drizzle as drizzleLite } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { drizzle } from "drizzle-orm/postgres-js";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootstrapSql, migrationsFolder } from "../../../src/bootstrap/index.ts";
import {
  type AuditEntry,
  asService,
  asUser,
  auditCsv,
  auditEntries,
  auditJsonLines,
  auditTimeline,
  auditTrail,
  CursorInvalid,
  describeChange,
  SnapshotMissing,
  snapshot,
} from "../../../src/index.ts";
import { type PermissionChange, permissionChanges } from "../../../src/schema/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";

const database = await createDatabase("deployed");
const db = drizzle(database.sql);
const [ana, bia] = [await database.createUser(), await database.createUser()];

/** Entries of the trail as nobody but a trigger writes them: `spread` apart, so many at each time. */
async function addEntries(
  { sql }: TestDatabase,
  userId: string,
  { count, each = 1, spread = "1 microsecond" }: { count: number; each?: number; spread?: string },
): Promise<void> {
  await sql`
    insert into automation_permissions_audit (user_id, changed_at, changed_by, change_type, new_value)
    select ${userId}::uuid, timestamptz '2026-02-14 03:00+00' + (i / ${each}::int) * ${spread}::interval, ${userId},
      (${sql.array([...permissionChanges])}::text[])[1 + i % 9], 'value ' || i
    from generate_series(0, ${count - 1}) i`;
}

const entry = (values: Partial<AuditEntry> = {}): AuditEntry => ({
  id: "00000000-0000-4000-8000-000000000001",
  userId: ana,
  changedAt: "2026-02-14T03:00:00.123456Z",
  changedBy: ana,
  changeType: "whitelist_added",
  previousValue: null,
  newValue: "bank.example",
  ...values,
});

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  return text;
}

await addEntries(database, ana, { count: 250, each: 7 });
await addEntries(database, bia, { count: 30, spread: "1 hour" });
await database.sql`analyze automation_permissions_audit`;

describe("auditTrail", () => {
  it("goes through the trail page by page, the newest first, also where times are equal or a microsecond apart", async () => {
    const pages: string[] = [];
    let after: string | undefined;
    do {
      const page = await asService(db, (tx) =>
        auditTrail(tx, { userId: ana, limit: 16, ...(after === undefined ? {} : { after }) }),
      );
      pages.push(...page.rows.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    const all = await database.sql`
      select id from automation_permissions_audit where user_id = ${ana} order by changed_at desc, id desc`;
    expect(pages).toEqual(
      z
        .array(z.object({ id: z.string() }))
        .parse([...all])
        .map(({ id }) => id),
    );
  });

  it("has no next page after exactly as many entries as there are", async () => {
    const page = await asService(db, (tx) => auditTrail(tx, { userId: bia, limit: 30 }));
    expect(page).toMatchObject({ rows: { length: 30 }, next: null });
  });

  it("has entries from a time on, before a time, and of the types that are asked for", async () => {
    const since = new Date("2026-02-14T05:00:00Z");
    const until = new Date("2026-02-14T08:00:00Z");
    const { rows } = await asService(db, (tx) => auditTrail(tx, { userId: bia, since, until }));
    expect(rows.map(({ changedAt }) => changedAt)).toEqual([
      "2026-02-14T07:00:00.000000Z",
      "2026-02-14T06:00:00.000000Z",
      "2026-02-14T05:00:00.000000Z",
    ]);
    const types: PermissionChange[] = ["created", "deleted"];
    const some = await asService(db, (tx) => auditTrail(tx, { userId: bia, types }));
    expect(some.rows.map(({ changeType }) => changeType).sort()).toEqual([
      ...Array(3).fill("created"),
      ...Array(3).fill("deleted"),
    ]);
    const none = await asService(db, (tx) => auditTrail(tx, { types: [] }));
    expect(none.rows).toEqual([]);
  });

  it("has a user's own entries as that user, whoever is asked for", async () => {
    const own = await asUser(db, { sub: bia }, (tx) => auditTrail(tx, { limit: 1000 }));
    expect(new Set(own.rows.map(({ userId }) => userId))).toEqual(new Set([bia]));
    const others = await asUser(db, { sub: bia }, (tx) => auditTrail(tx, { userId: ana }));
    expect(others).toEqual({ rows: [], next: null });
  });

  it("has the trigger's entry of a change, to the microsecond", async () => {
    const user = await database.createUser();
    await asUser(db, { sub: user }, (tx) =>
      tx.execute(`insert into automation_permissions (user_id, enabled) values ('${user}', true)`),
    );
    const { rows } = await asUser(db, { sub: user }, (tx) => auditTrail(tx, { types: ["enabled"] }));
    const [exact] = await database.sql`
      select to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
      from automation_permissions_audit where user_id = ${user} and change_type = 'enabled'`;
    expect(rows).toMatchObject([
      { userId: user, changedBy: user, changeType: "enabled", newValue: "true", changedAt: exact?.["at"] },
    ]);
  });

  it("refuses the cursor of another list, and a page that is too large", async () => {
    await expect(asService(db, (tx) => auditTrail(tx, { after: "W10" }))).rejects.toThrow(CursorInvalid);
    await expect(asService(db, (tx) => auditTrail(tx, { limit: 1001 }))).rejects.toThrow(RangeError);
  });

  it.each([
    ["all of it", {}, "idx_automation_permissions_audit_changed_at"],
    ["of one user", { userId: bia }, "idx_automation_permissions_audit_user_id"],
  ] as const)("reads an index: %s", async (_what, filter, index) => {
    const filled = await createDatabase("deployed");
    for (let user = 0; user < 20; user += 1)
      await addEntries(filled, await filled.createUser(), { count: 1000, spread: "1 minute" });
    const logged: string[] = [];
    const parameters: unknown[][] = [];
    const logger = {
      logQuery(query: string, values: unknown[]) {
        logged.push(query);
        parameters.push(values);
      },
    };
    await filled.sql`analyze automation_permissions_audit`;
    await asService(drizzle(filled.sql, { logger }), (tx) => auditTrail(tx, { ...filter, limit: 20 }));
    const query = logged.at(-1) ?? "";
    const values = (parameters.at(-1) ?? []).map(String);
    const plan = await filled.asService((sql) => sql.unsafe(`explain (costs off) ${query}`, values));
    const text = plan.map((row) => String(row["QUERY PLAN"])).join("\n");
    expect(text).toContain(index);
    expect(text).not.toContain("Seq Scan");
  });
});

describe("auditEntries", () => {
  const client = new PGlite();
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  afterAll(async () => {
    await pool.end();
    await client.close();
  });

  it("reads all of one state, in any number of pieces, while others write", async () => {
    const busy = await createDatabase("deployed");
    const user = await busy.createUser();
    await addEntries(busy, user, { count: 2500, each: 3 });
    const ids: string[] = [];
    await asService(
      drizzle(busy.sql),
      async (tx) => {
        for await (const { id } of auditEntries(tx)) {
          if (ids.push(id) === 10) await addEntries(busy, user, { count: 2000, spread: "-1 second" });
        }
      },
      snapshot,
    );
    expect(ids).toHaveLength(2500);
    expect(new Set(ids).size).toBe(2500);
  });

  it("does so through node-postgres", async () => {
    const found: AuditEntry[] = [];
    const read = asService(
      drizzleNode(pool),
      async (tx) => {
        for await (const one of auditEntries(tx, { userId: bia })) found.push(one);
      },
      snapshot,
    );
    await read;
    const { rows } = await asService(db, (tx) => auditTrail(tx, { userId: bia }));
    expect(found).toEqual(rows);
  });

  it("does so through PGlite", async () => {
    await client.exec(bootstrapSql());
    const lite = drizzleLite({ client });
    await migrate(lite, { migrationsFolder });
    await client.query("insert into auth.users (id) values ($1)", [ana]);
    await client.query("insert into public.automation_permissions (user_id) values ($1)", [ana]);
    const found: AuditEntry[] = [];
    await asUser(
      lite,
      { sub: ana },
      async (tx) => {
        for await (const one of auditEntries(tx)) found.push(one);
      },
      snapshot,
    );
    expect(found.length).toBeGreaterThan(1);
    // Which comes last is not said: PGlite's clock counts milliseconds, and entries of one are in no order.
    expect(found).toContainEqual(
      expect.objectContaining({
        userId: ana,
        changeType: "created",
        changedAt: expect.stringMatching(/Z$/),
      }),
    );
  });

  it("is refused in a transaction that sees what others commit", async () => {
    const read = asService(db, async (tx) => {
      for await (const _ of auditEntries(tx)) break;
    });
    await expect(read).rejects.toThrow(SnapshotMissing);
  });

  it("reads no further than a slow writer has come", async () => {
    const busy = await createDatabase("deployed");
    await addEntries(busy, await busy.createUser(), { count: 5000 });
    let queries = 0;
    const logger = {
      logQuery() {
        queries += 1;
      },
    };
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        void held.then(() => done());
      },
    });
    const streaming = asService(
      drizzle(busy.sql, { logger }),
      (tx) => pipeline(auditEntries(tx), auditCsv, slow),
      snapshot,
    );
    await expect.poll(() => slow.writableLength).toBeGreaterThan(0);
    // Time enough for every batch, if they did not wait.
    for (let other = 0; other < 100; other += 1)
      await busy.sql`select count(*) from automation_permissions_audit`;
    const whileHeld = queries;
    release();
    await streaming;
    // Five full batches, and one that finds no more: the first is read, and nobody has taken what was made of it.
    expect(queries - whileHeld).toBe(5);
  });
});

describe("the trail as text", () => {
  it("is CSV as RFC 4180 has it, and no formula for a spreadsheet", async () => {
    const rows = [
      entry({ newValue: 'say "hi", twice', previousValue: "" }),
      entry({ newValue: "=HYPERLINK(1)", previousValue: "two\nlines" }),
      entry({ newValue: "@sum", previousValue: "-1", changedBy: "＋plus" }),
    ];
    const at = "2026-02-14T03:00:00.123456Z";
    const { id } = entry();
    expect(await textOf(auditCsv(rows))).toBe(
      [
        "changed_at,user_id,changed_by,change_type,previous_value,new_value,id",
        `${at},${ana},${ana},whitelist_added,"","say ""hi"", twice",${id}`,
        `${at},${ana},${ana},whitelist_added,"two\nlines",'=HYPERLINK(1),${id}`,
        `${at},${ana},'＋plus,whitelist_added,'-1,'@sum,${id}`,
        "",
      ].join("\r\n"),
    );
  });

  it("is JSON lines with every value as it is", async () => {
    const row = entry({ newValue: '=1\n"\u2028', previousValue: null });
    const text = await textOf(auditJsonLines([row, row]));
    expect(text.split("\n")).toHaveLength(3);
    expect(JSON.parse(text.split("\n")[0] ?? "")).toEqual({
      id: row.id,
      user_id: ana,
      changed_at: row.changedAt,
      changed_by: ana,
      change_type: "whitelist_added",
      previous_value: null,
      new_value: '=1\n"\u2028',
    });
  });

  const sentences: Record<PermissionChange, [Partial<AuditEntry>, string]> = {
    created: [{ newValue: "{}" }, "set up the automation permissions"],
    deleted: [{ previousValue: "{}" }, "deleted the automation permissions"],
    enabled: [{ newValue: "true" }, "switched automation on"],
    disabled: [{ newValue: "false" }, "switched automation off"],
    whitelist_added: [{ newValue: "bank.example" }, "allowed bank.example"],
    whitelist_removed: [{ previousValue: "bank.example" }, "no longer allows bank.example"],
    blacklist_added: [{ newValue: "bank.example" }, "blocked bank.example"],
    blacklist_removed: [{ previousValue: "bank.example" }, "no longer blocks bank.example"],
    setting_changed: [
      { previousValue: "max_actions_per_hour=100", newValue: "max_actions_per_hour=50" },
      "changed max actions per hour from 100 to 50",
    ],
  };

  it.each(permissionChanges)("is a sentence for %s", (changeType) => {
    const [values, text] = sentences[changeType];
    const nameOf = (id: string) => (id === ana ? "ana@example.com" : undefined);
    expect(describeChange(entry({ ...values, changeType }), { nameOf })).toBe(`ana@example.com ${text}`);
    expect(describeChange(entry({ ...values, changeType, changedBy: "service_role" }), { nameOf })).toBe(
      `service_role ${text} for ana@example.com`,
    );
  });

  it("is a timeline by day, where the day begins as the time zone says", () => {
    const rows = [
      entry({ changedAt: "2026-02-14T03:00:00.000001Z" }),
      entry({ changedAt: "2026-02-14T02:59:59.999999Z" }),
    ];
    const told = (timeZone: string) =>
      auditTimeline(rows, { timeZone }).map(({ day, entries }) => [day, entries.map(({ time }) => time)]);
    expect(told("UTC")).toEqual([["2026-02-14", ["03:00", "02:59"]]]);
    expect(told("America/Sao_Paulo")).toEqual([
      ["2026-02-14", ["00:00"]],
      ["2026-02-13", ["23:59"]],
    ]);
  });
});
