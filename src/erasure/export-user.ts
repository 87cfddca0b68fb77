import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DeployError } from "drizzle-deploy/findings";
import { connect, type DatabaseUrl, type Queryable, type Transaction } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { spfp } from "../spfp.ts";
import { readLogin } from "./login.ts";
import { manifestName, manifestSchema, type UserManifest } from "./manifest.ts";
import {
  countOfUser,
  exactSettings,
  findUserTables,
  labelOf,
  linesOfUser,
  type UserTable,
} from "./user-tables.ts";

/** How a user is exported. */
export interface ExportUserOptions {
  readonly userId: string;
  /** Where to; a folder that is not there yet. */
  readonly folder: string;
  /** Asked with the rows of each table before anything is written; false ends it. */
  readonly confirm?: (
    tables: readonly { readonly table: string; readonly rows: number }[],
  ) => Promise<boolean>;
  /** Stops it; what was written is removed. */
  readonly stopSignal?: AbortSignal;
}

const headSchema = z.tuple([z.object({ at: z.string(), database: z.string() })]);

/** How a transaction begins that reads one state of the database. */
export const oneState = "isolation level repeatable read, read only";

/** There is neither a login nor a row of that user. */
export const userUnknown = (userId: string): SpfpError =>
  new SpfpError(
    "USER_UNKNOWN",
    `there is no user ${userId}: no row is theirs, and there is no such login`,
    "Check the id, and that it is the right database.",
  );

/** @throws SpfpError NOT_DEPLOYED */
export function requireTables(tables: readonly UserTable[]): void {
  if (tables.length > 0) return;
  throw new SpfpError(
    "NOT_DEPLOYED",
    `the database has none of the managed tables in ${spfp.schemas.join(", ")}`,
    "Check that it is the right database.",
  );
}

const unwritable = (path: string, cause: unknown): DeployError =>
  new DeployError(
    "FILE_UNWRITABLE",
    `${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`,
    "Give a folder whose parent exists, that you may write to, and that has room.",
    { cause },
  );

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST"))
      throw unwritable(folder, cause);
    throw new DeployError(
      "FILE_EXISTS",
      `${folder} is there already, and nothing in it is overwritten`,
      "Give the name of a folder that is not there yet.",
      { cause },
    );
  }
}

/** Writes what comes to a new file that only its owner may read, down to the disk; returns its SHA-256. */
async function writeNew(
  file: string,
  chunks: AsyncIterable<string>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash("sha256");
  let failure: { readonly error: unknown } | undefined;
  async function* hashed(): AsyncGenerator<string, void, undefined> {
    try {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    const target = createWriteStream(file, { flags: "wx", mode: 0o600, flush: true });
    await pipeline(hashed, target, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (failure !== undefined) throw failure.error;
    throw signal?.aborted ? cause : unwritable(file, cause);
  }
  return hash.digest("hex");
}

const fileOf = ({ schema, name }: UserTable): string =>
  `${encodeURIComponent(schema === spfp.schemas[0] ? name : `${schema}.${name}`)}.jsonl`;

async function exportTable(
  sql: Transaction,
  table: UserTable,
  { userId, folder, stopSignal }: ExportUserOptions,
): Promise<UserManifest["tables"][number]> {
  let rows = 0;
  async function* chunks(): AsyncGenerator<string, void, undefined> {
    for await (const lines of linesOfUser(sql, table, userId)) {
      rows += lines.length;
      yield lines.map((line) => `${line}\n`).join("");
    }
  }
  const file = fileOf(table);
  const sha256 = await writeNew(join(folder, file), chunks(), stopSignal);
  return { table: labelOf(table), rows, file, sha256 };
}

/** What there is of a user. */
async function survey(sql: Transaction, userId: string): Promise<{ table: string; rows: number }[]> {
  await sql.unsafe(exactSettings);
  const tables = await findUserTables(sql);
  requireTables(tables);
  const counts = await countOfUser(sql, tables, userId);
  if (counts.every(({ rows }) => rows === 0) && (await readLogin(sql, userId)) !== "there")
    throw userUnknown(userId);
  return counts;
}

async function exportAll(sql: Transaction, options: ExportUserOptions): Promise<UserManifest> {
  const { userId, folder, stopSignal } = options;
  await sql.unsafe(exactSettings);
  const tables = await findUserTables(sql);
  const counts = await countOfUser(sql, tables, userId);
  const exported: UserManifest["tables"] = [];
  for (const [at, table] of tables.entries()) {
    const isEmpty = counts[at]?.rows === 0;
    exported.push(
      isEmpty
        ? { table: labelOf(table), rows: 0, file: null, sha256: null }
        : await exportTable(sql, table, options),
    );
  }
  const manifest = manifestSchema.parse({
    version: 1,
    user: userId,
    ...(await readHead(sql)),
    tables: exported,
  } satisfies UserManifest);
  async function* text(): AsyncGenerator<string, void, undefined> {
    yield `${JSON.stringify(manifest, null, 2)}\n`;
  }
  await writeNew(join(folder, manifestName), text(), stopSignal);
  return manifest;
}

async function readHead(sql: Queryable): Promise<Pick<UserManifest, "database" | "exportedAt">> {
  const [{ at, database }] = headSchema.parse([
    ...(await sql.unsafe(
      `select current_database() as database, to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
    )),
  ]);
  return { database, exportedAt: at };
}

/**
 * Writes everything of a user to a folder: a file of JSON lines for each table that has rows of theirs, soft-deleted ones
 * and the trail included, in the order of their ids, and `manifest.json`, which says what there is and the SHA-256 of
 * each file. All is of one state of the database, and read as it is written. Money is a decimal string, times are exact.
 * Only the owner of the files may read them. What Supabase Auth and Storage hold is not in it.
 *
 * @returns the manifest; null where `confirm` said no
 * @throws SpfpError as `connect`; USER_UNKNOWN, NOT_DEPLOYED, FILE_EXISTS, FILE_UNWRITABLE; PERMISSION_DENIED, as
 * PostgreSQL's 42501, where row-level security would hide rows. Then nothing of the folder stays.
 */
export async function exportUser(url: DatabaseUrl, options: ExportUserOptions): Promise<UserManifest | null> {
  const { userId, folder, confirm } = options;
  const sql = await connect(url, { applicationName: "spfp-db user export" });
  try {
    // Its own transaction: whoever is asked may take their time.
    const counts = await sql.begin(oneState, (transaction) => survey(transaction, userId));
    if (confirm !== undefined && !(await confirm(counts))) return null;
    makeFolder(folder);
    try {
      return await sql.begin(oneState, (transaction) => exportAll(transaction, options));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  } finally {
    await sql.end({ timeout: 1 });
  }
}
