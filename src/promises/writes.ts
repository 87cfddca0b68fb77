import type { Sql } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "drizzle-deploy/sql";
import { z } from "zod";
import { expectedCatalog } from "../expected/index.ts";
import { spfp } from "../spfp.ts";
import { takeTurns } from "./measure.ts";
import type { BenchReport } from "./report.ts";
import type { Sides } from "./screens.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** Single-row statements that are timed together. */
const statements = 300;

const tables = ["operational_tasks", "sales_leads", "marketing_posts", "transactions"] as const;

const secondsSchema = z.tuple([z.object({ seconds: z.coerce.number() })]);

/** The columns of production's table, but for its id: new rows are old ones under another id. */
const columnsOf = (table: string): string =>
  (expectedCatalog(spfp.baselineTag).tables.find(({ name }) => name === table)?.columns ?? [])
    .filter(({ name }) => name !== "id")
    .map(({ name }) => quoteIdentifier(name))
    .join(", ");

/** A loop on the server of statements of one row each, whose time is what the rows cost and no way to a client. */
function loop(table: string, body: string): string {
  return `do ${quoteLiteral(`declare one uuid; begun timestamptz := clock_timestamp();
    begin
      for one in select id from ${quoteQualified("public", table)} order by id desc limit ${statements} loop
        ${body};
      end loop;
      perform set_config('spfp_bench.seconds', extract(epoch from clock_timestamp() - begun)::text, true);
    end`)}`;
}

/** Rows a second, in a transaction that is rolled back. */
async function rate(sql: Sql, statement: string): Promise<number> {
  const undo = new Error("nothing of it is to stay");
  let seconds = 0;
  await sql
    .begin(async (transaction) => {
      await transaction.unsafe(statement);
      [{ seconds }] = secondsSchema.parse([
        ...(await transaction`select current_setting('spfp_bench.seconds') as seconds`),
      ]);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return statements / seconds;
}

/** What writing a row costs in the four large tables, before and after by turns: rows a second. */
export async function measureWrites({ before, after }: Sides): Promise<BenchReport["writes"]> {
  const measured: BenchReport["writes"] = [];
  for (const table of tables) {
    const name = quoteQualified("public", table);
    const both = async (statement: string): Promise<Spread[]> =>
      (await takeTurns([() => rate(before, statement), () => rate(after, statement)])).map(spreadOf);
    const columns = columnsOf(table);
    const [insertBefore, insertAfter] = await both(
      loop(
        table,
        `insert into ${name} (id, ${columns}) select gen_random_uuid(), ${columns} from ${name} where id = one`,
      ),
    );
    const [updateBefore, updateAfter] = await both(
      loop(table, `update ${name} set updated_at = updated_at + interval '1 second' where id = one`),
    );
    const [deletion = []] = await takeTurns([
      () => rate(after, loop(table, `update ${name} set deleted_at = now() where id = one`)),
    ]);
    if (!insertBefore || !insertAfter || !updateBefore || !updateAfter) continue;
    measured.push(
      { table, statement: "insert", before: insertBefore, after: insertAfter },
      { table, statement: "update", before: updateBefore, after: updateAfter },
      { table, statement: "soft delete", before: null, after: spreadOf(deletion) },
    );
  }
  return measured;
}
