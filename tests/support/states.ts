import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { z } from "zod";
import {
  connect,
  type DatabaseUrl,
  parseDatabaseUrl,
} from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier } from "../../packages/drizzle-deploy/src/sql/quote.ts";
import { bootstrap } from "../../src/server/index.ts";
import type { TestServer } from "./server.ts";

/**
 * What a test database can start as: `empty`, with Supabase's roles and schemas and nothing of ours; `production`, as
 * of 2026-02-14 and made without Drizzle, so without its journal; `deployed`, by Drizzle's own migrator; `adopted`,
 * production after our baseline; `deployed-online`, that after our own deployment, with its records.
 */
export const states = ["empty", "production", "deployed", "adopted", "deployed-online"] as const;
export type State = (typeof states)[number];

/** The states that the engine makes, each from the one that it is named for; made when a test first asks for one. */
export const madeFrom: Readonly<Partial<Record<State, State>>> = {
  adopted: "production",
  "deployed-online": "adopted",
};

/** The name of the template of a state. */
export const templateOf = (prefix: string, state: State): string => `${prefix}_${state}`;

/** The repository's root folder. */
export const projectFolder = fileURLToPath(new URL("../..", import.meta.url));

/** The migrations folder. */
export const migrationsFolder = fileURLToPath(new URL("../../drizzle", import.meta.url));

const journalSchema = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number().int() })) });

/** The journal's entries in order. */
export const journal = journalSchema.parse(
  JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, "utf8")),
).entries;

/** The two migrations that make production as it was, statement by statement. */
export const baselineTags = ["0000_baseline", "0001_baseline_objects"] as const;

/** The statements of a migration file. */
export function statementsOf(tag: string): string[] {
  return readFileSync(`${migrationsFolder}/${tag}.sql`, "utf8").split("--> statement-breakpoint");
}

/** The same server, another database. */
export function withDatabase(url: DatabaseUrl, database: string): DatabaseUrl {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return parseDatabaseUrl(changed.href);
}

/** Makes the templates of the states that nothing but SQL makes; the databases of the tests are copies of them. */
export async function makeTemplates(server: TestServer, prefix: string): Promise<void> {
  const owner = postgres(server.owner, { max: 1, onnotice: () => {} });
  try {
    await owner.unsafe(`create database ${quoteIdentifier(`${prefix}_empty`)}`);
    const [row] = z
      .tuple([z.object({ role: z.string() })])
      .parse([...(await owner`select current_user as role`)]);
    const administrator = await connect(withDatabase(server.administrator, `${prefix}_empty`));
    await bootstrap(administrator, { owner: row.role });
    await administrator.end();
    for (const state of ["production", "deployed"] as const) {
      await owner.unsafe(
        `create database ${quoteIdentifier(`${prefix}_${state}`)} template ${quoteIdentifier(`${prefix}_empty`)}`,
      );
      const sql = postgres(withDatabase(server.owner, `${prefix}_${state}`), { max: 1, onnotice: () => {} });
      if (state === "production") {
        for (const tag of baselineTags)
          for (const statement of statementsOf(tag)) await sql.unsafe(statement);
      } else {
        await migrate(drizzle(sql), { migrationsFolder });
      }
      await sql.end();
    }
  } finally {
    await owner.end();
  }
}
