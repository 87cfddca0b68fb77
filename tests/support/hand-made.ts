import { beforeAll } from "vitest";
import type { BaselineReport } from "../../packages/drizzle-deploy/src/index.ts";
import { copyDatabase, createDatabase, type TestDatabase } from "./database.ts";
import { type TravelOptions, travel } from "./journey.ts";
import { byHand } from "./productions.ts";

/** Takes productions as people wrote them, each changed by hand, through their journey. */
export function handMadeProductions(): (
  statements: readonly string[],
  options?: TravelOptions,
) => Promise<BaselineReport[]> {
  let original: TestDatabase;
  beforeAll(async () => {
    original = await createDatabase("empty");
    await original.sql.unsafe(byHand);
  });
  return async (statements, options = {}) => {
    const database = await copyDatabase(original);
    for (const statement of statements) await database.sql.unsafe(statement);
    return await travel(database, options);
  };
}
