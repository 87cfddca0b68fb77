import { randomUUID } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { asAnonymous, asService, asUser, NotAllowed, SessionNested } from "../../../src/index.ts";
import { goals } from "../../../src/schema/index.ts";
import type { DriverTests } from "../../support/drivers.ts";

/** Who a session is, as policies and functions of the database see it. */
const identity = {
  role: sql<string>`current_user::text`,
  uid: sql<string | null>`auth.uid()::text`,
  email: sql<string | null>`auth.jwt() ->> 'email'`,
  tenant: sql<string | null>`auth.jwt() ->> 'tenant'`,
};

export const sessions: DriverTests = (application) => {
  describe("sessions", () => {
    const users = [randomUUID(), randomUUID()] as const;
    const [ana, bruno] = users;

    beforeAll(async () => {
      for (const id of users) await application.db.execute(sql`insert into auth.users (id) values (${id})`);
      for (const userId of users)
        await application.db.insert(goals).values({ userId, name: `of ${userId}`, targetAmount: "1" });
    });

    const whoIs = () => application.db.select(identity).from(sql`(select 1) one`);

    it("asUser is the user, with all claims, for its transaction and no longer", async () => {
      const { db } = application;
      const [before] = await whoIs();
      const claims = { sub: ana, email: "ana@example.com", tenant: "O'Brien'); reset role; --" };
      const [inside] = await asUser(db, claims, (tx) => tx.select(identity).from(sql`(select 1) one`));
      expect(inside).toEqual({ role: "authenticated", uid: ana, email: claims.email, tenant: claims.tenant });
      // Of all connections that the pool has.
      const after = await Promise.all(Array.from({ length: application.connections }, whoIs));
      for (const [one] of after) expect(one).toEqual(before);
      expect(before?.uid).toBeNull();
    });

    it("asUser sees and writes the user's own rows alone", async () => {
      const { db } = application;
      const seen = await asUser(db, { sub: ana }, (tx) => tx.select({ userId: goals.userId }).from(goals));
      expect(new Set(seen.map(({ userId }) => userId))).toEqual(new Set([ana]));
      const theft = asUser(db, { sub: ana }, (tx) =>
        tx.insert(goals).values({ userId: bruno, name: "not mine", targetAmount: "1" }),
      );
      await expect(theft).rejects.toThrow(NotAllowed);
    });

    it("asAnonymous and asService are the roles of their names, without a user", async () => {
      const { db } = application;
      const select = { role: identity.role, uid: identity.uid };
      const anonymous = await asAnonymous(db, (tx) => tx.select(select).from(sql`(select 1) one`));
      expect(anonymous).toEqual([{ role: "anon", uid: null }]);
      const service = await asService(db, (tx) => tx.select(select).from(sql`(select 1) one`));
      expect(service).toEqual([{ role: "service_role", uid: null }]);
      const all = await asService(db, (tx) => tx.select({ userId: goals.userId }).from(goals));
      expect(new Set(all.map(({ userId }) => userId))).toEqual(new Set(users));
    });

    it("what fails leaves nothing, and no role in the pool", async () => {
      const { db } = application;
      const mine = new Error("mine");
      const failed = asUser(db, { sub: ana }, async (tx) => {
        await tx.insert(goals).values({ userId: ana, name: "rolled back", targetAmount: "1" });
        throw mine;
      });
      await expect(failed).rejects.toBe(mine);
      expect(await db.select().from(goals).where(eq(goals.name, "rolled back"))).toEqual([]);
      for (const [one] of await Promise.all(Array.from({ length: application.connections }, whoIs)))
        expect(one?.uid).toBeNull();
    });

    it("sessions of several users at once stay apart", async () => {
      const { db } = application;
      const asked = Array.from({ length: 20 }, (_, at) => users[at % 2] ?? ana);
      const answers = await Promise.all(
        asked.map((sub) =>
          asUser(db, { sub }, async (tx) => {
            await tx.select(identity).from(sql`(select 1) one`);
            return tx.select({ userId: goals.userId }).from(goals).groupBy(goals.userId);
          }),
        ),
      );
      expect(answers.map((rows) => rows.map(({ userId }) => userId))).toEqual(asked.map((sub) => [sub]));
    });

    it("a session inside a transaction or another session is refused, and one after it is not", async () => {
      const { db } = application;
      const inTransaction = db.transaction((tx) => asUser(tx, { sub: ana }, async () => {}));
      await expect(inTransaction).rejects.toThrow(SessionNested);
      const inSession = asUser(db, { sub: ana }, () => asService(db, async () => {}));
      await expect(inSession).rejects.toThrow(SessionNested);
      // What a session left running is not inside it any more.
      let later: Promise<unknown> | undefined;
      let proceed = (): void => {};
      const ended = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      await asUser(db, { sub: ana }, async () => {
        later = ended.then(() =>
          asUser(db, { sub: bruno }, (tx) => tx.select(identity).from(sql`(select 1) one`)),
        );
      });
      proceed();
      expect(await later).toMatchObject([{ uid: bruno }]);
    });

    it("the transaction is of the isolation and access that are asked for", async () => {
      const { db } = application;
      const [row] = await asUser(
        db,
        { sub: ana },
        (tx) =>
          tx
            .select({
              isolation: sql<string>`current_setting('transaction_isolation')`,
              readOnly: sql<string>`current_setting('transaction_read_only')`,
            })
            .from(sql`(select 1) one`),
        { isolationLevel: "repeatable read", accessMode: "read only" },
      );
      expect(row).toEqual({ isolation: "repeatable read", readOnly: "on" });
    });
  });
};
