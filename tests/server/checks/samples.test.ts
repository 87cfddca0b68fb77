import { randomUUID } from "node:crypto";
import { getTableName } from "drizzle-orm";
import postgres from "postgres";
import { expect, it } from "vitest";
import { quoteLiteral } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { sampleRows } from "../../../src/checks/samples.ts";
import { createDatabase } from "../../support/database.ts";
import { managedTables } from "../../support/rows.ts";

const database = await createDatabase("deployed");

const rowsOf = (userId: string) => {
  const ids = new Map<string, string>();
  const idOf: Parameters<typeof sampleRows>[2] = (table, number) => {
    const key = `${getTableName(table)} ${number}`;
    const id = ids.get(key) ?? randomUUID();
    ids.set(key, id);
    return id;
  };
  return [...sampleRows(userId, 1, idOf), ...sampleRows(userId, 2, idOf)];
};

it("the database takes a user's two rows of each table, or the one that it may have", async () => {
  const refused: string[] = [];
  await database.transaction(async (sql) => {
    const userId = randomUUID();
    await sql.unsafe(`insert into auth.users (id) values (${quoteLiteral(userId)})`);
    for (const { table, statement } of rowsOf(userId)) {
      await sql
        .savepoint((inner) => inner.unsafe(statement))
        .catch((error: unknown) => {
          if (!(error instanceof postgres.PostgresError)) throw error;
          refused.push(`${table}: ${error.message}; name a value in src/checks/samples.ts`);
        });
    }
  });
  expect(refused).toEqual([]);
});

it("every table has rows, but for the trail, which its trigger writes", () => {
  const counts = new Map<string, number>();
  for (const { table } of rowsOf(randomUUID())) counts.set(table, (counts.get(table) ?? 0) + 1);
  const expected = managedTables.map(([, table]): [string, number | undefined] => {
    const name = getTableName(table);
    if (name === "automation_permissions_audit") return [name, undefined];
    return [name, name === "automation_permissions" ? 1 : 2];
  });
  expect(managedTables.map(([, table]) => [getTableName(table), counts.get(getTableName(table))])).toEqual(
    expected,
  );
});
