import { appendFileSync } from "node:fs";
import fc from "fast-check";
import type { TransactionSql } from "postgres";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createDatabase } from "../../support/database.ts";
import { type Candidate, randomHistory } from "../../support/random-history.ts";
import { type History, walk } from "./walk.ts";

/*
 * Histories that nobody has thought of: statements of all kinds on few names, of which PostgreSQL takes some. For more of
 * them, or others: `RANDOM_HISTORIES=300 RANDOM_SEED=7 npx vitest run --project scenarios tests/scenarios/histories/random.test.ts`;
 * `RANDOM_LOG=FILE` keeps those that fail as JSON.
 */
const { RANDOM_HISTORIES, RANDOM_SEED, RANDOM_LOG } = z
  .object({
    RANDOM_HISTORIES: z.coerce.number().int().min(1).default(6),
    RANDOM_SEED: z.coerce.number().int().default(1),
    RANDOM_LOG: z.string().optional(),
  })
  .parse(process.env);

type Transaction = TransactionSql<Record<string, never>>;

/** Runs a statement in every one of the databases, or in none. */
async function isTaken([sql, ...others]: readonly Transaction[], statement: Candidate): Promise<boolean> {
  if (!sql) return true;
  return await sql
    .savepoint(async (inner) => {
      await inner.unsafe(statement);
      if (!(await isTaken(others, statement))) throw new Error("refused elsewhere");
      return true;
    })
    .catch(() => false);
}

/** Those of the candidates that PostgreSQL takes, one after the other. */
async function taken(databases: readonly Transaction[], candidates: readonly Candidate[]) {
  const fit: Candidate[] = [];
  for (const statement of candidates) if (await isTaken(databases, statement)) fit.push(statement);
  return fit;
}

/** What of the candidates runs on an empty database, and where rows are by then too: a folder has to run on both. */
async function historyOf({
  first,
  rows,
  later,
}: {
  readonly first: readonly Candidate[];
  readonly rows: readonly Candidate[];
  readonly later: readonly (readonly Candidate[])[];
}): Promise<History> {
  const [filled, empty] = [await createDatabase("empty"), await createDatabase("empty")];
  // In one transaction each, as Drizzle's migrator has them.
  const history = await filled.sql.begin((one) =>
    empty.sql.begin(async (other) => {
      const begin = await taken([one, other], first);
      const inserted = await taken([one], rows);
      const pending: Candidate[][] = [];
      for (const candidates of later) pending.push(await taken([one, other], candidates));
      return {
        name: "random",
        migrations: [begin, ...pending.filter((migration) => migration.length > 0)],
        rows: inserted,
        schemas: ["public", "app"] as const,
      };
    }),
  );
  await Promise.all([filled.drop(), empty.drop()]);
  return history;
}

/** A rollback that is refused as a whole has changed nothing, which `walk` makes sure of. */
const isRefusal = (line: string): boolean => line.startsWith("rollback refused: PLAN_BLOCKED: ");

/** What a view shows of a column that a rollback keeps as it is. */
const isOfKeptColumn = (line: string): boolean =>
  /^rolled back: different column \w+\.(seen|Known|shown)\.\S+ \{"property":"type"/.test(line);

/** What a rollback has to say it cannot bring back is not there when the deployment is repeated. */
const isAfterLoss = (line: string): boolean => /^(deploying again|deployed again): /.test(line);

describe.each([
  { title: "without losses: there, back and there again", losses: false },
  { title: "with losses: there, and back or not at all", losses: true },
])("random histories $title", ({ losses }) => {
  const samples = fc.sample(randomHistory({ losses }), { seed: RANDOM_SEED, numRuns: RANDOM_HISTORIES });
  it.each(samples.map((sample, at) => ({ sample, at })))(
    `history $at of seed ${RANDOM_SEED}`,
    async ({ sample, at }) => {
      const history = await historyOf(sample);
      if (history.migrations.length < 2) return;
      const wrong = (await walk(history)).filter(
        (line) => !isRefusal(line) && !isOfKeptColumn(line) && !(losses && isAfterLoss(line)),
      );
      if (wrong.length > 0 && RANDOM_LOG !== undefined)
        appendFileSync(RANDOM_LOG, `${JSON.stringify({ ...history, name: `${losses} ${at}`, wrong })}\n`);
      expect(wrong, JSON.stringify(history.migrations, null, 1)).toEqual([]);
    },
  );
});
