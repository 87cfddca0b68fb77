import { afterAll, describe, expect, it } from "vitest";
import { lintRules } from "../../../packages/drizzle-deploy/src/index.ts";
import { conflictingModes, lockModes } from "../../../packages/drizzle-deploy/src/model/lock-modes.ts";
import { parseStatements } from "../../../packages/drizzle-deploy/src/sql/parser.ts";
import { createDatabase } from "../../support/database.ts";
import { locksOf, relations, rewritten, scanned, scans } from "../../support/locks.ts";

/* What the rules say of their examples, seen on a server. */

const { url: _, sql } = await createDatabase("empty");
afterAll(() => sql.end());

const schemas = ["public", "archive", "sales"];

/** Makes the database as an example wants it. */
async function begin(setUp: string): Promise<void> {
  const gone = schemas.map((schema) => `drop schema if exists ${schema} cascade;`).join(" ");
  await sql.unsafe(`set client_min_messages = warning; ${gone} create schema public; ${setUp}`).simple();
}

/** What cannot run in a transaction, or ends it. */
const isAlone = (text: string): boolean => /^(VACUUM|COMMIT)|CONCURRENTLY/i.test(text);

/** The locks that others who write wait for. */
const stopping = lockModes.filter((mode) => conflictingModes[mode].includes("ROW EXCLUSIVE"));

class Undo extends Error {}

interface Seen {
  locks: string[];
  reads: string[];
  rewrites: string[];
}

/** Runs statements in one transaction, as Drizzle's migrator does, and tells what it does to what was there. */
async function together(statements: readonly string[], keep: boolean): Promise<Seen> {
  const known = await relations(sql);
  const seen: Seen = { locks: [], reads: [], rewrites: [] };
  await sql
    .begin(async (transaction) => {
      const before = await scans(transaction);
      for (const statement of statements) await transaction.unsafe(statement).simple();
      // The names of what has moved or is gone are those that it had.
      seen.locks = await locksOf(transaction, "pg_backend_pid()", known);
      seen.reads = scanned(before, await scans(transaction), known);
      seen.rewrites = await rewritten(transaction, known);
      if (!keep) throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  return seen;
}

const textsOf = (text: string): string[] => parseStatements(text).map(({ sql: one }) => one);

const cases = lintRules.map((rule) => [rule.id, rule.example] as const);

describe("on a server", () => {
  it.each(cases)("%s: the bad example does what its page says", async (_id, { setUp, bad, shows }) => {
    await begin(setUp);
    const statements = textsOf(bad);
    if (shows.fails !== undefined) {
      await expect(together(statements, false)).rejects.toMatchObject({ code: shows.fails });
      return;
    }
    if (statements.some(isAlone)) {
      const known = await relations(sql);
      for (const statement of statements) await sql.unsafe(statement).simple();
      expect(await rewritten(sql, known)).toEqual(shows.rewrites ?? []);
      return;
    }
    const seen = await together(statements, false);
    if (shows.locks) expect(seen.locks).toEqual(shows.locks);
    expect(seen.rewrites).toEqual(shows.rewrites ?? []);
    expect(seen.reads).toEqual(expect.arrayContaining([...(shows.reads ?? [])]));
  });

  it.each(cases)(
    "%s: the good example runs, and reads or writes no whole table that others wait for",
    async (_id, { setUp, good }) => {
      await begin(setUp);
      for (const statement of textsOf(good)) {
        if (isAlone(statement)) {
          await sql.unsafe(statement).simple();
          continue;
        }
        const { locks, reads, rewrites } = await together([statement], true);
        const waiting = stopping.flatMap((mode) =>
          locks
            .filter((one) => one.endsWith(`.${one.split(/[. ]/)[1]} ${mode}`))
            .map((one) => one.split(" ")[0]),
        );
        expect(rewrites).toEqual([]);
        expect(reads.filter((one) => waiting.includes(one))).toEqual([]);
      }
    },
  );
});
