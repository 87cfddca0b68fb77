import { randomUUID } from "node:crypto";
import type { PgTable } from "drizzle-orm/pg-core";
import { getTableConfig } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MissingReference, namedError } from "../../../src/client/errors.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { references } from "../../../src/fixes/index.ts";
import { spfp } from "../../../src/spfp.ts";
import {
  become,
  createDatabase,
  only,
  type Sql,
  sqlstate,
  type Transaction,
} from "../../support/database.ts";
import { insertRow, makeRow, managedTables } from "../../support/rows.ts";

const database = await createDatabase("deployed");
const [ana, bia] = [await database.createUser(), await database.createUser()];

function tableNamed(name: string): PgTable {
  const found = managedTables.find(([, table]) => getTableConfig(table).name === name);
  if (!found) throw new Error(`there is no table ${name}`);
  return found[1];
}

/** The foreign key of a column. */
function keyOf(name: string, column: string): string {
  const constraints = expectedCatalog(spfp.headTag).tables.find((table) => table.name === name)?.constraints;
  const key = constraints?.find(({ columns, references: to }) => to && columns.join() === column);
  if (!key) throw new Error(`${name}.${column} has no foreign key`);
  return key.name;
}

/** What PostgreSQL said, in the fields that an application reads. */
async function refusal(
  sql: Transaction,
  statement: (sql: Transaction) => Promise<unknown>,
): Promise<unknown> {
  try {
    await sql.savepoint(async (inner) => statement(inner));
  } catch (error) {
    return error;
  }
  throw new Error("it was let through");
}

const fields = z.object({
  code: z.string(),
  message: z.string(),
  detail: z.string(),
  schema_name: z.string(),
  table_name: z.string(),
  constraint_name: z.string(),
});

const inserting =
  (table: PgTable, user: string, values: Record<string, string>) =>
  async (sql: Transaction): Promise<void> => {
    await insertRow(sql, table, user, values);
  };

describe("what a row refers to", () => {
  it("is known for each foreign key among managed tables", () => {
    const keys = expectedCatalog(spfp.headTag).tables.flatMap(({ name, constraints }) =>
      constraints.flatMap(({ columns, references: to }) =>
        to?.schema === "public" ? [`${name}.${columns.join()} → ${to.table}.${to.columns.join()}`] : [],
      ),
    );
    expect(references.map(({ table, column, to }) => `${table}.${column} → ${to}.id`).sort()).toEqual(
      keys.sort(),
    );
  });

  describe.each(references.map(({ table, column, to }) => [table, column, to] as const))(
    "by %s.%s",
    (name, column, to) => {
      const table = tableNamed(name);

      it.each(["authenticated", "service_role"])("is the same user's, also for %s", async (role) => {
        await database.transaction(async (sql) => {
          const theirs = (await insertRow(sql, tableNamed(to), bia))["id"] ?? "";
          const own = (await insertRow(sql, tableNamed(to), ana))["id"] ?? "";
          await become(sql, role, ana);
          const key = keyOf(name, column);
          const toTheirs = await refusal(sql, inserting(table, ana, { [column]: theirs }));
          const toNobodys = await refusal(sql, inserting(table, ana, { [column]: randomUUID() }));
          // Nobody learns from a refusal whether somebody else has such a row.
          const told = fields.parse(toTheirs);
          const detail = role === "authenticated" ? told.detail : expect.any(String);
          expect(fields.parse(toNobodys)).toEqual({ ...told, detail });
          expect(told).toMatchObject({ code: "23503", table_name: name, constraint_name: key });
          expect(namedError(toTheirs)).toEqual(new MissingReference(name, key));

          const { id } = await insertRow(sql, table, ana, { [column]: own });
          const changed = await refusal(
            sql,
            (inner) => inner`update ${inner(name)} set ${inner(column)} = ${theirs} where id = ${id ?? ""}`,
          );
          expect(fields.parse(changed)).toEqual(told);
          await sql`update ${sql(name)} set ${sql(column)} = ${own}, user_id = user_id where id = ${id ?? ""}`;
        });
      });

      it("is not left behind by a row that moves to another user", async () => {
        await database.transaction(async (sql) => {
          const own = (await insertRow(sql, tableNamed(to), ana))["id"] ?? "";
          const { id } = await insertRow(sql, table, ana, { [column]: own });
          const moved = await refusal(
            sql,
            (inner) => inner`update ${inner(name)} set user_id = ${bia} where id = ${id ?? ""}`,
          );
          expect(fields.parse(moved).code).toBe("23503");
        });
      });

      it("keeps its user, whoever asks", async () => {
        await database.transaction(async (sql) => {
          const { id } = await insertRow(sql, tableNamed(to), ana);
          for (const role of ["authenticated", "service_role"]) {
            await become(sql, role, ana);
            const given = await refusal(
              sql,
              (inner) => inner`update ${inner(to)} set user_id = ${bia} where id = ${id ?? ""}`,
            );
            expect(given).toMatchObject({ code: "42501" });
          }
          await sql`update ${sql(to)} set user_id = ${ana} where id = ${id ?? ""}`;
        });
      });
    },
  );

  it("goes with its group, account or partner as before", async () => {
    await database.transaction(async (sql) => {
      const group = (await insertRow(sql, tableNamed("transaction_groups"), ana))["id"] ?? "";
      const account = (await insertRow(sql, tableNamed("accounts"), ana))["id"] ?? "";
      const partner = (await insertRow(sql, tableNamed("partners_v2"), ana))["id"] ?? "";
      await insertRow(sql, tableNamed("transactions"), ana, { group_id: group });
      await insertRow(sql, tableNamed("investments"), ana, { account_id: account });
      await insertRow(sql, tableNamed("partnership_clients"), ana, { partner_id: partner });
      await become(sql, "authenticated", ana);
      await sql`delete from transaction_groups where id = ${group}`;
      await sql`delete from accounts where id = ${account}`;
      await sql`delete from partners_v2 where id = ${partner}`;
      expect([...(await sql`select group_id from transactions`)]).toEqual([{ group_id: null }]);
      expect([...(await sql`select account_id from investments`)]).toEqual([{ account_id: null }]);
      expect((await sql`select from partnership_clients`).count).toBe(0);
    });
  });

  it("may come in the same statement, before or after", async () => {
    await database.transaction(async (sql) => {
      const [account, category] = [randomUUID(), randomUUID()];
      await become(sql, "authenticated", ana);
      await sql`
        with entry as (
          insert into transactions (user_id, account_id, category_id, amount, type, date)
          values (${ana}, ${account}, ${category}, 1, 'INCOME', '2026-01-01')
        ), account as (
          insert into accounts (id, user_id, name, type) values (${account}, ${ana}, 'Conta', 'checking')
        )
        insert into categories (id, user_id, name) values (${category}, ${ana}, 'Saúde')`;
      expect((await sql`select from transactions`).count).toBe(1);
    });
  });

  it("leaves a row that crossed before to be edited and deleted", async () => {
    await database.transaction(async (sql) => {
      const theirs = (await insertRow(sql, tableNamed("accounts"), bia))["id"] ?? "";
      const category = (await insertRow(sql, tableNamed("categories"), ana))["id"] ?? "";
      await sql`alter table transactions disable trigger transactions_own_references`;
      const { id } = await insertRow(sql, tableNamed("transactions"), ana, { account_id: theirs });
      await sql`alter table transactions enable trigger transactions_own_references`;
      await become(sql, "authenticated", ana);
      await sql`update transactions set account_id = account_id, category_id = ${category}, paid = true where id = ${id ?? ""}`;
      await sql`update transactions set deleted_at = now() where id = ${id ?? ""}`;
      expect((await sql`delete from transactions where id = ${id ?? ""}`).count).toBe(1);
    });
  });

  it("lets investments in their older shape be written", async () => {
    await database.transaction(async (sql) => {
      await sql`alter table investments drop column account_id cascade`;
      await sql`insert into investments (user_id, symbol, name, quantity, average_price) values (${ana}, 'X', 'x', 1, 1)`;
      expect((await sql`update investments set name = 'y', user_id = ${bia}`).count).toBe(1);
    });
  });
});

/** A transaction on a connection of its own, which a test can go on with while another waits. */
async function begin(sql: Sql, isolation: string) {
  const own = await sql.reserve();
  await own.unsafe(`begin isolation level ${isolation}`);
  return {
    sql: own,
    async end(word: "commit" | "rollback") {
      await own.unsafe(word);
      own.release();
    },
  };
}

describe("beside other transactions", async () => {
  const { sql } = database;
  const category = (await insertRow(sql, tableNamed("categories"), ana))["id"] ?? "";
  const crossings = z.object({ crossings: z.coerce.number() });
  const count = async () =>
    only(
      crossings,
      await sql`select count(*) as crossings from transactions t join accounts a on a.id = t.account_id
        where a.user_id <> t.user_id`,
    ).crossings;

  it.each(["read committed", "repeatable read", "serializable"])(
    "an id that is given to another user's row meanwhile is refused in %s",
    async (isolation) => {
      const account = (await insertRow(sql, tableNamed("accounts"), ana))["id"] ?? "";
      const filing = await begin(sql, isolation);
      await filing.sql`select from accounts`;
      await sql.begin(async (other) => {
        await other`delete from accounts where id = ${account}`;
        await other`insert into accounts (id, user_id, name, type) values (${account}, ${bia}, 'Conta', 'checking')`;
      });
      const row = await makeRow(sql, tableNamed("transactions"), ana, {
        account_id: account,
        category_id: category,
      });
      const state = await sqlstate(filing.sql`insert into transactions ${filing.sql(row)}`);
      expect(["23503", "40001"]).toContain(state);
      await filing.end("rollback");
      expect(await count()).toBe(0);
    },
  );

  it("an account that changes elsewhere is not waited for, and does not wait", async () => {
    const account = (await insertRow(sql, tableNamed("accounts"), ana))["id"] ?? "";
    const spending = await begin(sql, "read committed");
    await spending.sql`update accounts set balance = balance + 1 where id = ${account}`;
    const filing = await begin(sql, "read committed");
    await filing.sql`set local lock_timeout = '1ms'`;
    await insertRow(filing.sql, tableNamed("transactions"), ana, {
      account_id: account,
      category_id: category,
    });
    await spending.sql`set local lock_timeout = '1ms'`;
    await spending.sql`update accounts set balance = balance + 1 where id = ${account}`;
    await filing.end("commit");
    await spending.end("commit");
    const balance = z.object({ balance: z.coerce.number() });
    expect(
      only(balance, await sql`select balance from accounts where id = ${account}`).balance,
    ).toBeGreaterThan(1);
  });

  it("an account is not deleted under a transaction that is just being filed there", async () => {
    const account = (await insertRow(sql, tableNamed("accounts"), ana))["id"] ?? "";
    const filing = await begin(sql, "read committed");
    await insertRow(filing.sql, tableNamed("transactions"), ana, {
      account_id: account,
      category_id: category,
    });
    const deleting = sqlstate(sql`delete from accounts where id = ${account}`);
    await filing.end("commit");
    expect(["23001", "23503"]).toContain(await deleting);
  });
});
