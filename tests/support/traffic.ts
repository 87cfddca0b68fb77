import postgres from "postgres";
import { z } from "zod";
import type { DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteQualified } from "../../packages/drizzle-deploy/src/sql/quote.ts";

/** The longest that anybody waited, in milliseconds, and for what. */
export interface Longest {
  readonly milliseconds: number;
  readonly table: string;
  readonly what: "read" | "write";
}

export interface Traffic {
  /** Ends it, and says how it was. */
  stop(): Promise<{ longest: Longest; statements: number }>;
}

/** How long each client thinks between two statements, in milliseconds. */
const thinkingTime = 50;

const tablesSchema = z.array(z.object({ name: z.string() }));

/** A reader and a writer on every table of schema public, each on a connection of its own, until it is stopped. */
export async function startTraffic(url: DatabaseUrl): Promise<Traffic> {
  const first = postgres(url, { max: 1 });
  const tables = tablesSchema.parse([
    ...(await first`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`),
  ]);
  await first.end();
  let over = false;
  let statements = 0;
  let longest: Longest = { milliseconds: 0, table: "", what: "read" };

  async function client(table: string, what: Longest["what"]): Promise<void> {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    const name = quoteQualified("public", table);
    const [row] = z
      .array(z.object({ user: z.string(), id: z.string() }))
      .parse([...(await sql.unsafe(`select user_id::text as user, id::text as id from ${name} limit 1`))]);
    const statement =
      what === "read"
        ? `select count(*) from (select from ${name} where user_id = '${row?.user ?? ""}' limit 50) rows`
        : `update ${name} set user_id = user_id where id = '${row?.id ?? ""}'`;
    while (!over && row) {
      const begun = performance.now();
      await sql.unsafe(statement);
      const milliseconds = performance.now() - begun;
      statements += 1;
      if (milliseconds > longest.milliseconds) longest = { milliseconds, table, what };
      await new Promise((resolve) => setTimeout(resolve, thinkingTime));
    }
    await sql.end();
  }

  const clients = tables.flatMap(({ name }) => [client(name, "read"), client(name, "write")]);
  return {
    stop: async () => {
      over = true;
      await Promise.all(clients);
      return { longest, statements };
    },
  };
}
