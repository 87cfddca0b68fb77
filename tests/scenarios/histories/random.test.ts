import { appendFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createDatabase, type Sql } from "../../support/database.ts";
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

/** Those of the candidates that PostgreSQL takes, one after the other, in one transaction as Drizzle's migrator has it. */
async function taken(sql: Sql, migrations: readonly (readonly Candidate[])[]): Promise<Candidate[][]> {
  return await sql.begin(async (transaction) => {
    const all: Candidate[][] = [];
    for (const candidates of migrations) {
      const fit: Candidate[] = [];
      for (const statement of candidates) {
        const isTaken = await transaction
          .savepoint((inner) => inner.unsafe(statement))
          .then(
            () => true,
            () => false,
          );
        if (isTaken) fit.push(statement);
      }
      all.push(fit);
    }
    return all;
  });
}

/** What of the candidates runs on an empty database. */
async function historyOf({
  first,
  rows,
  later,
}: {
  readonly first: readonly Candidate[];
  readonly rows: readonly Candidate[];
  readonly later: readonly (readonly Candidate[])[];
}): Promise<History> {
  const { sql, drop } = await createDatabase("empty");
  const [begin = []] = await taken(sql, [first]);
  const [inserted = []] = await taken(sql, [rows]);
  const pending = (await taken(sql, later)).filter((one) => one.length > 0);
  await drop();
  return { name: "random", migrations: [begin, ...pending], rows: inserted, schemas: ["public", "app"] };
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
