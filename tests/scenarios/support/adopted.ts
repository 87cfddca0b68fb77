import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { baselineMigrations } from "../../../src/states.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";

/** Production, adopted: its two migrations are recorded, the others pending. */
export async function createAdopted(): Promise<TestDatabase> {
  const database = await createDatabase("production");
  await database.sql.begin((transaction) => writeJournal(transaction, baselineMigrations()));
  return database;
}
