import { writeJournal } from "../../packages/drizzle-deploy/src/records/journal.ts";
import { baselineMigrations } from "../../src/states.ts";
import { createDatabase, type Sql, type TestDatabase } from "./database.ts";

/** Records the migrations that made production as applied, without a look at what is there. */
export async function recordBaseline(sql: Sql): Promise<void> {
  await sql.begin((transaction) => writeJournal(transaction, baselineMigrations()));
}

/** Production that was changed by hand before it was adopted, and that is taken as it was then. */
export async function adoptedWith(...statements: readonly string[]): Promise<TestDatabase> {
  const database = await createDatabase("production");
  for (const statement of statements) await database.sql.unsafe(statement).simple();
  await recordBaseline(database.sql);
  return database;
}
