import { randomUUID } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import {
  asAnonymous,
  asUser,
  ClientError,
  DuplicateCategoryName,
  DuplicateDefaultTemplate,
  DuplicateValue,
  MissingReference,
  NotAllowed,
  namedError,
  StillReferenced,
  ValueRefused,
} from "../../../src/index.ts";
import * as schema from "../../../src/schema/index.ts";
import type { DriverTests } from "../../support/drivers.ts";

const { accounts, automationLogs, categories, customTemplates, goals, salesGoals, transactions } = schema;

export const errors: DriverTests = (application) => {
  describe("errors", () => {
    const [ana, bruno] = [randomUUID(), randomUUID()];

    beforeAll(async () => {
      for (const id of [ana, bruno])
        await application.db.execute(sql`insert into auth.users (id) values (${id})`);
    });

    it("a taken category name", async () => {
      const { db } = application;
      const failed = asUser(db, { sub: ana }, async (tx) => {
        await tx.insert(categories).values({ userId: ana, name: "Food" });
        await tx.insert(categories).values({ userId: ana, name: "FOOD" });
      });
      await expect(failed).rejects.toThrow(DuplicateCategoryName);
      await expect(failed).rejects.toMatchObject({
        code: "DUPLICATE_CATEGORY_NAME",
        holder: undefined,
        cause: expect.any(Error),
      });
    });

    it("a second default template", async () => {
      const template = { userId: ana, type: "reuniao", content: "…", isDefault: true } as const;
      const failed = asUser(application.db, { sub: ana }, async (tx) => {
        await tx.insert(customTemplates).values(template);
        await tx.insert(customTemplates).values(template);
      });
      await expect(failed).rejects.toThrow(DuplicateDefaultTemplate);
    });

    it("another value that has to be unique", async () => {
      const goal = { userId: ana, month: "2026-02-01", targetValue: "1" };
      const failed = asUser(application.db, { sub: ana }, async (tx) => {
        await tx.insert(salesGoals).values(goal);
        await tx.insert(salesGoals).values(goal);
      });
      await expect(failed).rejects.toThrow(DuplicateValue);
      await expect(failed).rejects.toMatchObject({
        table: "sales_goals",
        constraint: "sales_goals_user_id_month_key",
      });
    });

    it("a row of somebody else's, and a table that a visitor may not read", async () => {
      const { db } = application;
      const foreign = asUser(db, { sub: ana }, (tx) =>
        tx.insert(goals).values({ userId: bruno, name: "not mine", targetAmount: "1" }),
      );
      await expect(foreign).rejects.toThrow(NotAllowed);
      await expect(foreign).rejects.toMatchObject({ table: "goals" });
      const forbidden = asAnonymous(db, (tx) => tx.execute(sql`select * from dashboard_metrics`));
      await expect(forbidden).rejects.toMatchObject({ code: "NOT_ALLOWED", table: "dashboard_metrics" });
      const append = asUser(db, { sub: ana }, (tx) => tx.execute(sql`truncate automation_logs`));
      await expect(append).rejects.toThrow(NotAllowed);
    });

    it("both sides of a foreign key", async () => {
      const { db } = application;
      const [account, category] = await asUser(db, { sub: ana }, async (tx) => [
        await tx.insert(accounts).values({ userId: ana, name: "Checking", type: "checking" }).returning(),
        await tx.insert(categories).values({ userId: ana, name: "Rent" }).returning(),
      ]);
      const ids = { accountId: account?.[0]?.id ?? "", categoryId: category?.[0]?.id ?? "" };
      const payment = { userId: ana, amount: "1", type: "EXPENSE", date: "2026-02-14" } as const;
      await asUser(db, { sub: ana }, (tx) => tx.insert(transactions).values({ ...payment, ...ids }));

      const deletion = asUser(db, { sub: ana }, (tx) =>
        tx.delete(accounts).where(eq(accounts.id, ids.accountId)),
      );
      await expect(deletion).rejects.toThrow(StillReferenced);
      await expect(deletion).rejects.toMatchObject({ by: "transactions" });

      const missing = asUser(db, { sub: ana }, (tx) =>
        tx.insert(transactions).values({ ...payment, ...ids, accountId: randomUUID() }),
      );
      await expect(missing).rejects.toThrow(MissingReference);
      await expect(missing).rejects.toMatchObject({ table: "transactions" });
    });

    it.each([
      ["a check", { targetAmount: "-1" }, { fault: "check", table: "goals", subject: "check_target" }],
      ["a text that is too long", { name: "x".repeat(256) }, { fault: "too long" }],
      ["a number that is too large", { targetAmount: "1e30" }, { fault: "out of range" }],
      ["a number that is none", { targetAmount: "many" }, { fault: "malformed" }],
      ["a day that is none", { deadline: "2026-02-30" }, { fault: "out of range" }],
      ["a character that is none", { name: "a\u0000b" }, { fault: "malformed" }],
    ])("a value that %s refuses", async (_, values, expected) => {
      const failed = asUser(application.db, { sub: ana }, (tx) =>
        tx.insert(goals).values({ userId: ana, name: "Boat", targetAmount: "1", ...values }),
      );
      await expect(failed).rejects.toThrow(ValueRefused);
      await expect(failed).rejects.toMatchObject(expected);
    });

    it("a value that is missing", async () => {
      const failed = asUser(application.db, { sub: ana }, (tx) =>
        tx.execute(sql`insert into ${automationLogs} (user_id, status) values (${ana}, 'error')`),
      );
      await expect(failed).rejects.toMatchObject({
        fault: "missing",
        table: "automation_logs",
        subject: "action_type",
      });
    });

    it("what has no name passes unchanged", async () => {
      const failed = application.db.execute(sql`select 1 / 0`);
      const thrown: unknown = await failed.catch((error: unknown) => error);
      expect(namedError(thrown)).toBe(thrown);
      expect(thrown).not.toBeInstanceOf(ClientError);
      const mine = new TypeError("mine");
      expect(namedError(mine)).toBe(mine);
      for (const other of ["text", 1, null, undefined, { code: "23505", severity: "ERROR" }])
        expect(namedError(other)).toBe(other);
    });
  });
};
