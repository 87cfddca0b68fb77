import { randomBytes, randomUUID } from "node:crypto";
import postgres from "postgres";
import { inject, onTestFinished, type TestContext, TestRunner } from "vitest";
import type { z } from "zod";
import { type DatabaseUrl, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier } from "../../packages/drizzle-deploy/src/sql/quote.ts";
import { madeFrom, type State, templateOf, withDatabase } from "./states.ts";

type None = Record<never, never>;
export type Sql = postgres.Sql<None>;
export type Transaction = postgres.TransactionSql<None>;

/** How a transaction of a test ends. */
export type Ending = "roll back" | "commit";

/** A database of a test's own. */
export interface TestDatabase {
  readonly url: DatabaseUrl;
  /** As the owner of the tables; up to four connections, made when needed. */
  readonly sql: Sql;
  /** A transaction as the owner. */
  transaction<T>(run: (sql: Transaction) => Promise<T>, ending?: Ending): Promise<T>;
  /** A transaction as a signed-in user, the way the API makes one: role and claims for this transaction only. */
  asUser<T>(userId: string, run: (sql: Transaction) => Promise<T>, ending?: Ending): Promise<T>;
  /** A transaction as somebody who is not signed in. */
  asAnon<T>(run: (sql: Transaction) => Promise<T>, ending?: Ending): Promise<T>;
  /** A transaction as the API's own key, which bypasses row-level security. */
  asService<T>(run: (sql: Transaction) => Promise<T>, ending?: Ending): Promise<T>;
  /** A new user of Supabase Auth; returns the id. */
  createUser(): Promise<string>;
  /** Drops it before that happens of itself; may be called twice. */
  drop(): Promise<void>;
}

/** Becomes a role for the rest of the transaction, with a request's claims. */
export async function become(sql: Transaction, role: string, userId?: string): Promise<void> {
  const claims = JSON.stringify({ role, ...(userId === undefined ? {} : { sub: userId }) });
  await sql`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true)`;
}

async function within<T>(sql: Sql, run: (sql: Transaction) => Promise<T>, ending: Ending): Promise<T> {
  const undo = new Error("rolled back");
  let result: { value: T } | undefined;
  try {
    await sql.begin(async (transaction) => {
      result = { value: await run(transaction) };
      if (ending === "roll back") throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
  if (result === undefined) throw new Error("the transaction did not run");
  return result.value;
}

/** A test's own hooks, which a concurrent test has to pass on: nobody else knows which test is asking. */
type Test = Pick<TestContext, "onTestFinished">;

/**
 * Makes a database in a state, by copying the run's template of it, and connects to it as its owner. It is dropped with
 * the test that makes it; made outside of a test, with the file.
 */
export async function createDatabase(state: State, test?: Test): Promise<TestDatabase> {
  await requireTemplate(state);
  return dropWith(await copyOf(templateOf(inject("testServer").prefix, state)), test);
}

/** Makes the same database once more. Nobody may be connected to the original, and its own `sql` is ended. */
export async function copyDatabase({ url, sql }: TestDatabase, test?: Test): Promise<TestDatabase> {
  await sql.end({ timeout: 5 });
  return dropWith(await copyOf(nameOf(url)), test);
}

/** Databases that were made outside of a test. */
const left = new Set<TestDatabase>();

/** Drops what a test file has left; the setup of each file calls it at its end. */
export async function dropLeft(): Promise<void> {
  const databases = [...left];
  left.clear();
  await Promise.all(databases.map((database) => database.drop()));
}

function dropWith(database: TestDatabase, test: Test | undefined): TestDatabase {
  const drop = () => database.drop();
  const current = TestRunner.getCurrentTest();
  if (test) test.onTestFinished(drop);
  else if (current?.concurrent) throw new Error(`${current.name} runs beside others: pass its context on`);
  else if (current) onTestFinished(drop);
  else left.add(database);
  return database;
}

const nameOf = (url: DatabaseUrl): string => decodeURIComponent(new URL(url).pathname.slice(1));

/** The worker's connections to the server itself; made when needed. */
let server: Sql | undefined;

function maintenance(): Sql {
  server ??= postgres(parseDatabaseUrl(inject("testServer").owner), { max: 2, onnotice: () => {} });
  return server;
}

const present = new Set<State>(["empty", "production", "deployed"]);

/** Makes the template of a state that is made by the engine, unless this worker or another has made it. */
async function requireTemplate(state: State): Promise<void> {
  const from = madeFrom[state];
  if (present.has(state) || from === undefined) return;
  await requireTemplate(from);
  const { prefix } = inject("testServer");
  const name = templateOf(prefix, state);
  const sql = await maintenance().reserve();
  try {
    await sql`select pg_advisory_lock(hashtextextended(${name}, 0))`;
    const found = await sql`select from pg_database where datname = ${name}`;
    if (found.count === 0) {
      const database = await copyOf(templateOf(prefix, from));
      await bring(database.url, state);
      await database.sql.end();
      await sql.unsafe(
        `alter database ${quoteIdentifier(nameOf(database.url))} rename to ${quoteIdentifier(name)}`,
      );
    }
    await sql`select pg_advisory_unlock(hashtextextended(${name}, 0))`;
  } finally {
    sql.release();
  }
  present.add(state);
}

/** Does to a database in the state before what makes the state. */
async function bring(url: DatabaseUrl, state: State): Promise<void> {
  // Loaded only where it is needed, because it is the whole engine.
  const [{ baseline, deploy }, { spfpProject }] = await Promise.all([
    import("../../packages/drizzle-deploy/src/index.ts"),
    import("../../src/project.ts"),
  ]);
  if (state === "adopted") {
    const { outcome } = await baseline(spfpProject, url);
    if (outcome !== "adopted") throw new Error(`production is ${outcome}, and not adopted`);
    return;
  }
  const { error } = await deploy(spfpProject, url, { mode: "quick", backupId: "2026-02-14" });
  if (error !== null) throw new Error(`production cannot be deployed: ${error.message}`);
}

async function copyOf(template: string): Promise<TestDatabase> {
  const { owner, prefix, outlivesRun } = inject("testServer");
  const name = `${prefix}_${randomBytes(6).toString("hex")}`;
  // To copy the files is faster than to log their pages; on a server of somebody's it would be a checkpoint for all.
  const strategy = outlivesRun ? "" : " strategy file_copy";
  await maintenance().unsafe(
    `create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)}${strategy}`,
  );
  const url = withDatabase(parseDatabaseUrl(owner), name);
  const sql = postgres(url, { max: 4, onnotice: () => {} });
  const database: TestDatabase = {
    url,
    sql,
    transaction: (run, ending = "roll back") => within(sql, run, ending),
    asUser: (userId, run, ending = "roll back") =>
      within(
        sql,
        async (transaction) => {
          await become(transaction, "authenticated", userId);
          return run(transaction);
        },
        ending,
      ),
    asAnon: (run, ending = "roll back") =>
      within(
        sql,
        async (transaction) => {
          await become(transaction, "anon");
          return run(transaction);
        },
        ending,
      ),
    asService: (run, ending = "roll back") =>
      within(
        sql,
        async (transaction) => {
          await become(transaction, "service_role");
          return run(transaction);
        },
        ending,
      ),
    createUser: async () => {
      const id = randomUUID();
      await sql`insert into auth.users (id, email) values (${id}, ${`${id}@example.com`})`;
      return id;
    },
    drop: async () => {
      left.delete(database);
      await sql.end({ timeout: 5 });
      await maintenance().unsafe(`drop database if exists ${quoteIdentifier(name)} with (force)`);
    },
  };
  return database;
}

/** The one row that a query answered, in the shape asked for. */
export function only<T>(schema: z.ZodType<T>, rows: Iterable<unknown>): T {
  const [row, ...others] = [...rows];
  if (row === undefined || others.length > 0) throw new Error("expected exactly one row");
  return schema.parse(row);
}

/** The SQLSTATE that a statement fails with; undefined where it succeeds. Errors of another making pass through. */
export async function sqlstate(statement: Promise<unknown>): Promise<string | undefined> {
  try {
    await statement;
    return undefined;
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error.code;
    throw error;
  }
}
