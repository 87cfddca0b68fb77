import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { manifestSchema, receiptSchema } from "../../../src/erasure/index.ts";
import { createDatabase, only, type TestDatabase } from "../../support/database.ts";
import { cli, eventually, type Running } from "../../support/processes.ts";
import { insertRow, managedTables } from "../../support/rows.ts";

const place = mkdtempSync(join(inject("scratchFolder"), "user-"));
const database = await createDatabase("deployed");

const start = ({ url }: TestDatabase, args: string[], env: Record<string, string> = {}): Running =>
  cli(["user", ...args], { env: { DATABASE_URL: url, NO_COLOR: "1", ...env }, cwd: place });
const spfp = (on: TestDatabase, ...args: string[]) => start(on, args).end;

async function fullUser(on: TestDatabase): Promise<string> {
  const user = await on.createUser();
  for (const [, table] of managedTables) await insertRow(on.sql, table, user);
  return user;
}

/** Transactions of a user in one account, some deleted. */
async function addTransactions({ sql }: TestDatabase, user: string, count: number): Promise<void> {
  await sql`
    insert into transactions (user_id, account_id, category_id, amount, type, date, deleted_at)
    select user_id, account_id, category_id, 0.01 * (1 + i), type, date, case when i % 10 = 0 then now() end
    from (select * from transactions where user_id = ${user} limit 1) one, generate_series(1, ${count}::int) i`;
}

async function countOf({ sql }: TestDatabase, user: string): Promise<number> {
  const schema = z.object({ rows: z.coerce.number() });
  return only(schema, await sql`select count(*) as rows from transactions where user_id = ${user}`).rows;
}

describe("spfp-db user", () => {
  it("exports, then erases with that export, with receipts to read and to keep", async () => {
    const user = await fullUser(database);
    const exported = await spfp(database, "export", "--user", user, "--out", "ana", "--yes");
    expect(exported).toMatchObject({ status: 0, err: "" });
    expect(exported.out).toMatch(
      new RegExp(`^User ${user} exported to ana: \\d+ rows in \\d+ files, and manifest\\.json\\.\\n$`),
    );
    const args = ["--user", user, "--export", "ana", "--login", "--yes", "--receipt", "receipt.json"];
    const erased = await spfp(database, "erase", ...args);
    expect(erased.status).toBe(0);
    // Tables as small as these are in the receipt.
    expect(erased.err).toBe("");
    expect(erased.out).toContain("  login  deleted");
    expect(erased.out.trimEnd().split("\n").at(-1)).toMatch(
      new RegExp(`^User ${user} erased: \\d+ rows; none is left in the managed tables\\.$`),
    );
    const receipt = receiptSchema.parse(JSON.parse(readFileSync(join(place, "receipt.json"), "utf8")));
    const manifest = manifestSchema.parse(
      JSON.parse(readFileSync(join(place, "ana", "manifest.json"), "utf8")),
    );
    expect(receipt.erased).toEqual(manifest.tables.map(({ table, rows }) => ({ table, rows })));
    expect(statSync(join(place, "ana", "goals.jsonl")).mode & 0o777).toBe(0o600);
    // The database remembers it, and says so where records are read.
    const log = await cli(["log", receipt.id], { env: { DATABASE_URL: database.url } }).end;
    expect(log.out).toContain("Erased: ");
    expect(log.out).not.toContain("none deleted");
  });

  it.each([
    [["erase", "--user", "ana", "--without-export"], "USAGE"],
    [["erase", "--without-export"], "USAGE"],
    [["erase", "--user", "00000000-0000-4000-8000-000000000001"], "USAGE"],
    [
      ["erase", "--user", "00000000-0000-4000-8000-000000000001", "--without-export", "--yes"],
      "USER_UNKNOWN",
    ],
    [
      ["erase", "--user", "00000000-0000-4000-8000-000000000001", "--export", "none", "--yes"],
      "EXPORT_INVALID",
    ],
    [["export", "--user", "00000000-0000-4000-8000-000000000001"], "USAGE"],
    [["export", "--user", "00000000-0000-4000-8000-000000000001", "--out", "x", "--yes"], "USER_UNKNOWN"],
  ])("refuses %j in a line", async (args, code) => {
    const { status, err, out } = await spfp(database, ...args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(new RegExp(`^spfp-db: ${code}: [^\\n]+\\n$`));
  });

  it("does nothing where nobody can be asked and nobody has agreed", async () => {
    const user = await fullUser(database);
    for (const args of [
      ["export", "--user", user, "--out", "unasked"],
      ["erase", "--user", user, "--without-export"],
    ]) {
      const { status, err } = await spfp(database, ...args);
      expect(status).toBe(2);
      expect(err).toContain("spfp-db: ANSWER_MISSING: ");
    }
    expect(await countOf(database, user)).toBe(1);
  });
});

describe("a user with many rows", () => {
  it("is erased in full after the command was killed in the middle, and every row is counted once", async () => {
    const large = await createDatabase("deployed");
    const user = await fullUser(large);
    await addTransactions(large, user, 60_000);
    const exported = await spfp(large, "export", "--user", user, "--out", "large", "--yes", "--json");
    const { tables } = manifestSchema.parse(JSON.parse(exported.out));
    const args = ["erase", "--user", user, "--export", "large", "--yes", "--json"];
    const killed = start(large, args);
    await eventually("some transactions are gone", async () => (await countOf(large, user)) < 60_000);
    killed.child.kill("SIGKILL");
    expect((await killed.end).signal).toBe("SIGKILL");
    expect(await countOf(large, user)).toBeGreaterThan(0);
    const again = await spfp(large, ...args);
    expect(again).toMatchObject({ status: 0, err: "" });
    const receipt = receiptSchema.parse(JSON.parse(again.out));
    expect(receipt.runs).toBe(2);
    expect(receipt.erased).toEqual(tables.map(({ table, rows }) => ({ table, rows })));
    expect(await countOf(large, user)).toBe(0);
  });

  it("lets others write meanwhile", async () => {
    const busy = await createDatabase("deployed");
    const [user, other] = [await fullUser(busy), await fullUser(busy)];
    await addTransactions(busy, user, 30_000);
    let isDone = false;
    const erasing = spfp(busy, "erase", "--user", user, "--without-export", "--yes", "--json").finally(() => {
      isDone = true;
    });
    let written = 0;
    while (!isDone) {
      await busy.asUser(other, (sql) => sql`update transactions set notes = 'still here'`, "commit");
      written += 1;
    }
    expect((await erasing).status).toBe(0);
    expect(written).toBeGreaterThan(0);
    expect(await countOf(busy, other)).toBe(1);
  });

  it("is exported and compared in constant memory", async () => {
    const large = await createDatabase("deployed");
    const user = await fullUser(large);
    await addTransactions(large, user, 100_000);
    const env = { NODE_OPTIONS: "--max-old-space-size=40" };
    const done = await start(large, ["export", "--user", user, "--out", "constant", "--yes"], env).end;
    expect(done).toMatchObject({ status: 0, err: "" });
    expect(statSync(join(place, "constant", "transactions.jsonl")).size).toBeGreaterThan(30 * 1024 ** 2);
    // The export is compared before anybody is asked.
    const asked = await start(large, ["erase", "--user", user, "--export", "constant"], env).end;
    expect(asked.err).toContain("spfp-db: ANSWER_MISSING: ");
  });
});
