import { DeployError } from "drizzle-deploy/findings";
import type { Sql } from "drizzle-deploy/postgres";
import { batch, commitPiece, persistently, type Recorder, rounds } from "../fixes/index.ts";
import {
  type Duplicates,
  findDuplicates,
  mergeUsersDuplicatesWithin,
  moveTransactionsWithin,
} from "./duplicates.ts";

/** The duplicates of each user. */
function byUser({ categories, templates }: Duplicates): Map<string, Duplicates> {
  const users = new Map<string, Duplicates>();
  const of = (userId: string): Duplicates => {
    const found = users.get(userId) ?? { categories: [], templates: [] };
    users.set(userId, found);
    return found;
  };
  for (const group of categories) of(group.userId).categories.push(group);
  for (const group of templates) of(group.userId).templates.push(group);
  return users;
}

/**
 * Merges the duplicates user by user, each in transactions of no more than some thousand rows: as
 * `mergeDuplicatesWithin` in the end, without anybody waiting for long. What was committed stays when it is
 * interrupted, and the next run goes on with the rest.
 *
 * @returns what was found, and is merged
 * @throws PostgresError 55P03 where somebody holds on to a row for longer than it is worth waiting; DeployError
 * DATA_REFUSED where new duplicates are made as fast as they are merged
 */
export async function mergeInPieces(sql: Sql, record: Recorder): Promise<Duplicates> {
  async function mergeUser(userId: string, { categories }: Duplicates): Promise<void> {
    let moved: number;
    do {
      moved = await commitPiece(sql, record, (transaction) =>
        moveTransactionsWithin(transaction, categories, batch),
      );
    } while (moved === batch);
    await commitPiece(
      sql,
      record,
      async (transaction) => (await mergeUsersDuplicatesWithin(transaction, userId)).changes,
    );
  }

  const merged: Duplicates = { categories: [], templates: [] };
  for (let round = 0; round < rounds; round += 1) {
    const found = await findDuplicates(sql);
    if (found.categories.length + found.templates.length === 0) return merged;
    merged.categories.push(...found.categories);
    merged.templates.push(...found.templates);
    for (const [userId, own] of byUser(found)) await persistently(() => mergeUser(userId, own));
  }
  throw new DeployError(
    "DATA_REFUSED",
    `after ${rounds} rounds there are new duplicates still: they are made as fast as they are merged`,
    "What was merged stays. Find what makes them, then run spfp-db fix duplicates --apply again, which goes on.",
  );
}
