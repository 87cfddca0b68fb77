import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { classify, type Draft } from "../../../packages/drizzle-deploy/src/statements/index.ts";
import { createDatabase } from "../../support/database.ts";
import {
  locksOf,
  locksOfConcurrent,
  relations,
  rewritten,
  saidLocks,
  scanned,
  scans,
} from "../../support/locks.ts";
import { statementFacts } from "../../support/recorded-facts.ts";
import { cases, contextOfCases, parsed, setting } from "../../support/statement-cases.ts";

const database = await createDatabase("empty");
const connection = () => postgres(database.url, { max: 1, onnotice: () => {} });
const sql = connection();
const blocker = connection();
const watcher = connection();
afterAll(() => Promise.all([sql, blocker, watcher].map((one) => one.end())));

async function reset(): Promise<void> {
  await sql
    .unsafe(
      `drop schema if exists area cascade; drop schema if exists elsewhere cascade; drop extension if exists btree_gist; drop publication if exists kinds_p, kinds_q, kinds_fresh; ${setting}`,
    )
    .simple();
}

beforeAll(async () => {
  await reset();
});

// As it is after every reset: `facts.test.ts` holds the recorded facts to it.
const facts = statementFacts();
// What the server of the run does not know is refused before it gets there.
const server = { ...facts.catalog.server, version: inject("testServer").version * 10_000 };
const context = contextOfCases({ ...facts, catalog: { ...facts.catalog, server } });

/** What belongs to the server, is not there, is not known, or is refused in any case; and what waits for no writer. */
const isRunnable = ({ kind, hazards, sql: text }: Draft) =>
  kind !== "role" &&
  !text.startsWith("VACUUM") &&
  hazards.every(({ name }) => name !== "unsupported" && name !== "unknown");

class Undo extends Error {}

describe("a statement", () => {
  // `$sql` would be cut short in the title.
  it.each(cases.map(({ sql: text }) => text))(
    "%s locks what it is said to lock, for as long as it is said to",
    async (text) => {
      const drafts = classify(parsed(text), context);
      let isDirty = false;
      for (const draft of drafts.filter(isRunnable)) {
        const known = await relations(sql);
        const said = saidLocks(draft.locks, known);
        if (!draft.transactional) {
          isDirty = true;
          const [first] = draft.locks;
          const table = `${first?.schema}.${first?.name}`;
          const write = `lock table ${table} in row exclusive mode; select pg_current_xact_id()`;
          expect(await locksOfConcurrent({ worker: sql, blocker, watcher }, draft.sql, write, known)).toEqual(
            said,
          );
          continue;
        }
        const seen = { locks: [""], read: [""], written: [""] };
        await sql
          .begin(async (transaction) => {
            const before = await scans(transaction);
            await transaction.unsafe(draft.sql).simple();
            const locks = await locksOf(transaction, "pg_backend_pid()", known);
            // Since PostgreSQL 18 nobody may drop what is being granted; nobody else waits.
            const isHeld = (one: string) => draft.kind === "grant" && one.endsWith(" ACCESS SHARE");
            seen.locks = locks.filter((one) => !isHeld(one));
            seen.read = scanned(before, await scans(transaction), known);
            seen.written = await rewritten(transaction, known);
            if (drafts.length === 1) throw new Undo();
            isDirty = true;
          })
          .catch((error: unknown) => {
            if (!(error instanceof Undo)) throw error;
          });
        // Nobody can say what code locks that only runs then.
        if (draft.kind === "opaque") expect(seen.locks).toEqual(expect.arrayContaining(said));
        else expect(seen.locks).toEqual(said);
        const stopping = draft.locks.filter(({ stopsWrites }) => stopsWrites);
        const momentary = stopping
          .filter(({ duration }) => duration === "short")
          .map(({ schema, name }) => `${schema}.${name}`);
        // TRUNCATE builds the indexes of what is then an empty table.
        if (draft.kind !== "change data") {
          expect(seen.read.filter((relation) => momentary.includes(relation))).toEqual([]);
        }
        if (stopping.some(({ duration }) => duration === "long")) expect(draft.hazards).not.toEqual([]);
        if (seen.written.length > 0) {
          expect(draft.hazards.map(({ name }) => name)).toEqual(
            expect.arrayContaining([draft.kind === "change data" ? expect.any(String) : "rewrite"]),
          );
        }
      }
      if (isDirty) await reset();
    },
  );
});
