import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { getTableConfig } from "drizzle-orm/pg-core";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { exportUser, manifestSchema } from "../../../src/erasure/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { refusal } from "../../support/processes.ts";
import { insertRow, managedTables } from "../../support/rows.ts";

const place = mkdtempSync(join(inject("scratchFolder"), "user-export-"));
let folders = 0;
const newFolder = (): string => join(place, String(folders++));

const database = await createDatabase("deployed");
const { sql } = database;

/** A user with a row in every table, and those that it needs. */
async function fullUser({ sql: on, createUser }: TestDatabase): Promise<string> {
  const user = await createUser();
  for (const [, table] of managedTables) await insertRow(on, table, user);
  return user;
}

const lines = (folder: string, file: string): unknown[] =>
  readFileSync(join(folder, file), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const idSchema = z.looseObject({ id: z.string(), user_id: z.string() });

describe("exportUser", () => {
  it("writes every row of the user and of nobody else, a file a table, by id, with what proves it", async () => {
    const user = await fullUser(database);
    await fullUser(database);
    const folder = newFolder();
    const manifest = await exportUser(database.url, { userId: user, folder });
    const held = manifestSchema.parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
    expect(held).toEqual(manifest);
    expect(held.tables.map(({ table }) => table).sort()).toEqual(
      managedTables.map(([, table]) => `public.${getTableConfig(table).name}`).sort(),
    );
    for (const { table, rows, file, sha256 } of held.tables) {
      const name = file ?? "";
      const found = z.array(idSchema).parse(lines(folder, name));
      const expected = await sql`
        select id from ${sql(table)} where user_id = ${user} order by id`;
      expect(found.map(({ id }) => id)).toEqual(expected.map((row) => row["id"]));
      expect(found.length).toBe(rows);
      expect(rows).toBeGreaterThan(0);
      expect(new Set(found.map((row) => row.user_id))).toEqual(new Set([user]));
      expect(
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
      ).toBe(sha256);
    }
  });

  it("has money as exact decimal strings, times to the microsecond, and what users wrote as it is", async () => {
    const user = await database.createUser();
    const accounts = managedTables.find(([name]) => name === "accounts")?.[1];
    const posts = managedTables.find(([name]) => name === "marketingPosts")?.[1];
    if (!accounts || !posts) throw new Error("tables are missing");
    await insertRow(sql, accounts, user, {
      balance: "12345678901234567.10",
      name: 'line\nbreak \u2028 "quoted" ção',
      deleted_at: "2026-02-15 00:00:00",
    });
    await insertRow(sql, posts, user);
    // Not as parameters, which the driver would make a Date of.
    await sql.unsafe(
      `update accounts set created_at = '2026-02-14 03:00:00.123456' where user_id = '${user}'`,
    );
    await sql.unsafe(
      `update marketing_posts set created_at = '2026-02-14 00:00:00.000001-03',
         metrics = '{"reach": 123456789012345678901234567890.5}' where user_id = '${user}'`,
    );
    const folder = newFolder();
    await exportUser(database.url, { userId: user, folder });
    expect(lines(folder, "accounts.jsonl")).toMatchObject([
      {
        balance: "12345678901234567.10",
        name: 'line\nbreak \u2028 "quoted" ção',
        created_at: "2026-02-14T03:00:00.123456",
        deleted_at: "2026-02-15T00:00:00",
      },
    ]);
    const post = readFileSync(join(folder, "marketing_posts.jsonl"), "utf8");
    expect(post).toContain('{"reach": 123456789012345678901234567890.5}');
    expect(post).toContain('"2026-02-14T03:00:00.000001+00:00"');
  });

  it("is the same whatever the role's settings print", async () => {
    const user = await fullUser(database);
    const [plain, odd] = [newFolder(), newFolder()];
    const first = await exportUser(database.url, { userId: user, folder: plain });
    const [row] = await sql`select current_user as role, current_database() as database`;
    const alter = (value: string) =>
      sql.unsafe(`alter role "${row?.["role"]}" in database "${row?.["database"]}" set ${value}`);
    await alter("DateStyle = 'German, DMY'");
    await alter("TimeZone = 'Asia/Tokyo'");
    const second = await exportUser(database.url, { userId: user, folder: odd });
    expect(second?.tables).toEqual(first?.tables);
  });

  it("makes files that only their owner may read", async () => {
    const user = await fullUser(database);
    const folder = newFolder();
    await exportUser(database.url, { userId: user, folder });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  });

  it("has no file for a table without rows of the user", async () => {
    const user = await database.createUser();
    const folder = newFolder();
    const manifest = await exportUser(database.url, { userId: user, folder });
    expect(readdirSync(folder)).toEqual(["manifest.json"]);
    expect(manifest?.tables.every(({ rows, file }) => rows === 0 && file === null)).toBe(true);
  });

  it("has what a rollback moved out of the way, too", async () => {
    const moved = await createDatabase("deployed");
    const user = await fullUser(moved);
    await moved.sql`create schema spfp_db_archive`;
    await moved.sql`alter table public.automation_permissions_audit set schema spfp_db_archive`;
    const folder = newFolder();
    await exportUser(moved.url, { userId: user, folder });
    expect(readdirSync(folder)).toContain("spfp_db_archive.automation_permissions_audit.jsonl");
  });

  it("is refused for a user that there is not, and writes nothing", async () => {
    const folder = newFolder();
    const unknown = exportUser(database.url, { userId: "00000000-0000-4000-8000-0000000000ff", folder });
    expect((await refusal(unknown)).code).toBe("USER_UNKNOWN");
    expect(existsSync(folder)).toBe(false);
  });

  it("writes into no folder that is there, and nothing where it may not", async () => {
    const user = await database.createUser();
    const folder = newFolder();
    await exportUser(database.url, { userId: user, folder });
    expect((await refusal(exportUser(database.url, { userId: user, folder }))).code).toBe("FILE_EXISTS");
    const below = join(folder, "missing", "deeper");
    expect((await refusal(exportUser(database.url, { userId: user, folder: below }))).code).toBe(
      "FILE_UNWRITABLE",
    );
  });

  it("writes nothing where whoever is asked says no", async () => {
    const user = await fullUser(database);
    const folder = newFolder();
    const asked: number[] = [];
    const answer = await exportUser(database.url, {
      userId: user,
      folder,
      confirm: async (counts) => {
        asked.push(counts.filter(({ rows }) => rows > 0).length);
        return false;
      },
    });
    expect(answer).toBeNull();
    expect(asked).toEqual([managedTables.length]);
    expect(existsSync(folder)).toBe(false);
  });

  it("leaves nothing where it is stopped", async () => {
    const user = await fullUser(database);
    const folder = newFolder();
    const stop = new AbortController();
    const work = exportUser(database.url, {
      userId: user,
      folder,
      stopSignal: stop.signal,
      confirm: async () => {
        stop.abort();
        return true;
      },
    });
    await expect(work).rejects.toThrow();
    expect(existsSync(folder)).toBe(false);
  });

  it("is refused to a role that row-level security would show a part", async () => {
    const user = await fullUser(database);
    const hidden = new URL(database.url);
    hidden.searchParams.set("options", "-c role=authenticated");
    const { parseDatabaseUrl, translate } = await import(
      "../../../packages/drizzle-deploy/src/postgres/index.ts"
    );
    const work = exportUser(parseDatabaseUrl(hidden.href), { userId: user, folder: newFolder() });
    const error = await refusal(
      work.catch((cause: unknown) => {
        throw translate(cause);
      }),
    );
    expect(error).toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("row-level security"),
    });
  });
});
