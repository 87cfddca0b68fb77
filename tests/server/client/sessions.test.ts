import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { asAnonymous, asUser, ClaimsInvalid, RoleNotGranted, type UserClaims } from "../../../src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { startPooler } from "../../support/pooler.ts";

/** Who a session is, as policies and functions of the database see it. */
const identity = {
  uid: sql<string | null>`auth.uid()::text`,
  email: sql<string | null>`auth.jwt() ->> 'email'`,
};

describe("claims that are refused before anything is sent", () => {
  const unreachable = drizzle(postgres("postgres://nobody@127.0.0.1:1/none", { max: 1 }));
  it.each<[string, UserClaims]>([
    ["a sub that is no UUID", { sub: "1; reset role" }],
    ["an empty sub", { sub: "" }],
    ["a sub with a line after it", { sub: `${randomUUID()}\n` }],
    ["the character NUL", { sub: randomUUID(), name: "a\u0000b" }],
  ])("%s", async (_, claims) => {
    await expect(asUser(unreachable, claims, async () => {})).rejects.toThrow(ClaimsInvalid);
  });

  it("another role than authenticated, which does not compile", async () => {
    // @ts-expect-error: only authenticated
    const claims: UserClaims = { sub: randomUUID(), role: "service_role" };
    await expect(asUser(unreachable, claims, async () => {})).rejects.toThrow(ClaimsInvalid);
  });
});

describe("a pool that others use too", async () => {
  const { url, createUser } = await createDatabase("deployed");
  const client = postgres(url, { max: 1 });
  const db = drizzle(client);
  afterAll(() => client.end());

  it("claims that another client left in the connection do not count", async () => {
    const [left, ana] = [await createUser(), await createUser()];
    for (const name of ["request.jwt.claim.sub", "request.jwt.claim.email"])
      await client`select set_config(${name}, ${left}, false)`;
    await client`select set_config('request.jwt.claims', ${JSON.stringify({ sub: left })}, false)`;
    await client`select set_config('request.jwt.claim', ${JSON.stringify({ email: left })}, false)`;
    const select = { uid: identity.uid, email: identity.email };
    const user = await asUser(db, { sub: ana }, (tx) => tx.select(select).from(sql`(select 1) one`));
    expect(user).toEqual([{ uid: ana, email: null }]);
    const anonymous = await asAnonymous(db, (tx) => tx.select(select).from(sql`(select 1) one`));
    expect(anonymous).toEqual([{ uid: null, email: null }]);
  });

  it("a role that may not become the user's is told what to do", async () => {
    const name = `app_${randomUUID().slice(0, 8)}`;
    const password = randomUUID();
    await client.unsafe(`create role ${name} login password '${password}'`);
    const own = postgres(Object.assign(new URL(url), { username: name, password }).href, { max: 1 });
    try {
      const refused = asUser(drizzle(own), { sub: randomUUID() }, async () => {});
      await expect(refused).rejects.toThrow(RoleNotGranted);
      await expect(refused).rejects.toThrow("GRANT authenticated");
    } finally {
      await own.end();
      await client.unsafe(`drop role ${name}`);
    }
  });

  it("behind a pooler in transaction mode sessions stay apart, and nothing of them is left in its connections", async () => {
    const pooler = await startPooler(parseDatabaseUrl(url), "transaction");
    // As poolers in this mode want it: a prepared statement would be another connection's.
    const pooled = postgres(pooler.url, { max: 4, prepare: false });
    const behind = drizzle(pooled);
    try {
      const users = [await createUser(), await createUser()];
      const select = { uid: identity.uid };
      const asked = Array.from({ length: 40 }, (_, at) => users[at % 3]);
      const answers = await Promise.all(
        asked.map((sub) =>
          sub === undefined
            ? behind.select(select).from(sql`(select 1) one`)
            : asUser(behind, { sub }, async (tx) => {
                await tx.execute(sql`select 1`);
                return tx.select(select).from(sql`(select 1) one`);
              }),
        ),
      );
      expect(answers).toEqual(asked.map((sub) => [{ uid: sub ?? null }]));
    } finally {
      await pooled.end();
      await pooler.stop();
    }
  });
});
