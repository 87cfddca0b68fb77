import type { Sql } from "./database.ts";
import { baselineTags, journal, statementsOf } from "./states.ts";

/** Applies the migrations that come after production's state to a database in that state. */
export async function deploy(sql: Sql): Promise<void> {
  const baseline: readonly string[] = baselineTags;
  for (const { tag } of journal) {
    if (baseline.includes(tag)) continue;
    for (const statement of statementsOf(tag)) await sql.unsafe(statement);
  }
}
