import { randomBytes, randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, inject } from "vitest";
import type { z } from "zod";
import { type DatabaseUrl, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier } from "../../packages/drizzle-deploy/src/sql/quote.ts";
import { type State, withDatabase } from "./states.ts";

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

/** Makes a database in a state, by copying the run's template of it, and connects to it as its owner. */
export async function createDatabase(state: State): Promise<TestDatabase> {
  return copyOf(`${inject("testServer").prefix}_${state}`);
}

/** Makes the same database once more. Nobody may be connected to the original, and its own `sql` is ended. */
export async function copyDatabase({ url, sql }: TestDatabase): Promise<TestDatabase> {
  await sql.end({ timeout: 5 });
  return copyOf(decodeURIComponent(new URL(url).pathname.slice(1)));
}

async function copyOf(template: string): Promise<TestDatabase> {
  const { owner, prefix } = inject("testServer");
  const server = parseDatabaseUrl(owner);
  const name = `${prefix}_${randomBytes(6).toString("hex")}`;
  const maintenance = async (statement: string) => {
    const sql = postgres(server, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  await maintenance(`create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)}`);
  const url = withDatabase(server, name);
  const sql = postgres(url, { max: 4, onnotice: () => {} });
  return {
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
      await sql.end({ timeout: 5 });
      await maintenance(`drop database if exists ${quoteIdentifier(name)} with (force)`);
    },
  };
}

/**
 * A database of the test file's own, dropped after it. Call it at the top of the file:
 * `const database = await testDatabase("deployed");`
 */
export async function testDatabase(state: State): Promise<TestDatabase> {
  const database = await createDatabase(state);
  afterAll(() => database.drop());
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
