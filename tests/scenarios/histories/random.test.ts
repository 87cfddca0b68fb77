import { appendFileSync } from "node:fs";
import fc from "fast-check";
import type { Sql } from "postgres";
import { test } from "vitest";
import { createDatabase } from "../../support/database.ts";
import { type Candidate, randomHistory } from "../../support/random-history.ts";
import { type History, walk } from "./walk.ts";

/** Those of the candidates that PostgreSQL takes, one after the other, in a transaction as Drizzle's migrator has it. */
async function taken(sql: Sql, migrations: readonly (readonly Candidate[])[]): Promise<Candidate[][]> {
  return await sql.begin(async (transaction) => {
    const out: Candidate[][] = [];
    for (const candidates of migrations) {
      const fits: Candidate[] = [];
      for (const statement of candidates) {
        const isTaken = await transaction
          .savepoint((inner) => inner.unsafe(statement))
          .then(() => true)
          .catch(() => false);
        if (isTaken) fits.push(statement);
      }
      out.push(fits);
    }
    return out;
  });
}

test("random", async () => {
  const seed = Number(process.env["SEED"] ?? 1);
  const runs = Number(process.env["RUNS"] ?? 20);
  const out = process.env["OUT"] ?? "/tmp/rh/out.txt";
  const samples = fc.sample(randomHistory, { seed, numRuns: runs });
  for (const [index, { first, rows, later }] of samples.entries()) {
    const database = await createDatabase("empty");
    const migrations = await taken(database.sql, [first]);
    const [inserted = []] = await taken(database.sql, [rows]);
    const more = (await taken(database.sql, later)).filter((one) => one.length > 0);
    const history: History = {
      name: `random ${index}`,
      migrations: [...migrations, ...more],
      rows: inserted,
      schemas: ["public", "app"],
    };
    let wrong: string[];
    try {
      wrong = await walk(history);
    } catch (error) {
      wrong = [`walk threw ${String(error)}`];
    }
    appendFileSync(
      out,
      `### ${seed}/${index} ${wrong.length === 0 ? "ok" : "WRONG"} ${more.map((m) => m.length).join("+")}\n`,
    );
    if (wrong.length > 0) appendFileSync(out, `${JSON.stringify(history, null, 1)}\n${wrong.join("\n")}\n`);
  }
}, 3_600_000);
