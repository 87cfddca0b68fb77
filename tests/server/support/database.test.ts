import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createDatabase, only, sqlstate } from "../../support/database.ts";
import { findServer } from "../../support/server.ts";

describe("the server of a test run", () => {
  it("is never a guess: an unknown kind is refused", async () => {
    await expect(findServer({ SPFP_TEST_SERVER: "contaner" })).rejects.toThrow(
      'SPFP_TEST_SERVER is "contaner": use one of embedded, container, or leave it out.',
    );
  });

  it("is one: two that are asked for are refused", async () => {
    await expect(
      findServer({ SPFP_TEST_SERVER: "container", TEST_DATABASE_URL: "postgres://localhost/x" }),
    ).rejects.toThrow("set only one of them");
  });
});

describe("a test's database", async () => {
  const database = await createDatabase("deployed");
  const other = await createDatabase("empty");

  it("is its own", async () => {
    await other.sql`create table mine (id int)`;
    expect(await sqlstate(database.sql`select from mine`)).toBe("42P01");
  });

  it("shows a request what the API shows it: role and caller, for one transaction", async () => {
    const user = await database.createUser();
    const who = z.object({ role: z.string(), uid: z.string().nullable() });
    const ask = async (sql: Pick<typeof database.sql, "unsafe">) =>
      only(who, await sql.unsafe("select current_user as role, auth.uid() as uid"));
    expect(await database.asUser(user, ask)).toEqual({ role: "authenticated", uid: user });
    expect(await database.asAnon(ask)).toEqual({ role: "anon", uid: null });
    expect(await database.asService(ask)).toEqual({ role: "service_role", uid: null });
    expect((await ask(database.sql)).uid).toBeNull();
  });

  it("keeps what a transaction did only where that was asked for", async () => {
    const user = await database.createUser();
    const insert = (name: string) => (sql: Pick<typeof database.sql, "unsafe">) =>
      sql.unsafe("insert into partners_v2 (user_id, name) values ($1, $2)", [user, name]);
    await database.asUser(user, insert("gone"));
    await database.asUser(user, insert("kept"), "commit");
    const rows = await database.sql`select name from partners_v2`;
    expect([...rows]).toEqual([{ name: "kept" }]);
  });
});
