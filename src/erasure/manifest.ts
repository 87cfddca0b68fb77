import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { plural } from "drizzle-deploy/findings";
import type { Transaction } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { findUserTables, labelOf, linesOfUser } from "./user-tables.ts";

/** What an export of a user's rows holds, as its `manifest.json` says. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  user: z.guid(),
  /** The name of the database. */
  database: z.string(),
  /** Of which moment it is; ISO 8601, UTC. */
  exportedAt: z.iso.datetime(),
  /** Every table that was looked at. */
  tables: z.array(
    z.strictObject({
      table: z.string(),
      rows: z.int().min(0),
      /** Null where the table has no row of the user: then there is no file. */
      file: z
        .string()
        .refine((name) => basename(name) === name, "a file beside the manifest")
        .nullable(),
      /** Of the file. */
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .nullable(),
    }),
  ),
});

export type UserManifest = z.infer<typeof manifestSchema>;

/** The file of an export that says what it holds; written last, so that an export without it is not complete. */
export const manifestName = "manifest.json";

/** An export that is what its manifest says. */
export interface VerifiedExport {
  readonly folder: string;
  readonly manifest: UserManifest;
  /** SHA-256 of the manifest. */
  readonly sha256: string;
}

const invalid = (folder: string, what: string, cause?: unknown): SpfpError =>
  new SpfpError(
    "EXPORT_INVALID",
    `${folder} is no export that can be relied on: ${what}`,
    "Export the user again, into another folder: spfp-db user export. Nothing was erased.",
    { cause },
  );

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/**
 * Reads an export of a user and sees that every file is as it was written.
 * @throws SpfpError EXPORT_INVALID
 */
export async function verifyExport(folder: string, userId: string): Promise<VerifiedExport> {
  let text: Buffer;
  let manifest: UserManifest;
  try {
    text = readFileSync(join(folder, manifestName));
    manifest = manifestSchema.parse(JSON.parse(text.toString("utf8")));
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw invalid(
      folder,
      missing
        ? `it has no ${manifestName}, which is written when an export is complete`
        : `its ${manifestName} cannot be read`,
      cause,
    );
  }
  if (manifest.user !== userId) throw invalid(folder, `it is of user ${manifest.user}`);
  for (const { table, file, rows, sha256 } of manifest.tables) {
    if (file === null) {
      if (rows > 0) throw invalid(folder, `it names no file for ${table}`);
      continue;
    }
    const found = await sha256Of(join(folder, file)).catch((cause: unknown) => {
      throw invalid(folder, `${file} cannot be read`, cause);
    });
    if (found !== sha256) throw invalid(folder, `${file} was changed since`);
  }
  return { folder, manifest, sha256: createHash("sha256").update(text).digest("hex") };
}

/** The lines of a file. Not by `readline`, for which a line also ends at U+2028, which JSON may hold. */
async function* linesOf(file: string): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8" })) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** The id of a row that was written with its id first; PostgreSQL orders ids as their texts are ordered. */
const idIn = (line: string): string => /^\{"id":"([0-9a-f-]{36})"/.exec(line)?.[1] ?? "";

/** How many rows of the database an export does not have as they are; both are in the order of their ids. */
async function missingRows(
  present: AsyncIterable<readonly string[]>,
  exported: AsyncIterator<string>,
): Promise<number> {
  let missing = 0;
  let next = await exported.next();
  for await (const lines of present) {
    for (const line of lines) {
      while (!next.done && idIn(next.value) < idIn(line)) next = await exported.next();
      if (next.done || next.value !== line) missing += 1;
    }
  }
  return missing;
}

async function* nothing(): AsyncGenerator<string, void, undefined> {}

/**
 * That an export has every row of the user as the transaction sees it. It may have more: an erasure that was interrupted
 * goes on with the same export.
 * @throws SpfpError EXPORT_OUTDATED
 */
export async function requireExported(sql: Transaction, { folder, manifest }: VerifiedExport): Promise<void> {
  const outdated: string[] = [];
  for (const table of await findUserTables(sql)) {
    const label = labelOf(table);
    const file = manifest.tables.find((one) => one.table === label)?.file ?? null;
    const exported = file === null ? nothing() : linesOf(join(folder, file));
    const missing = await missingRows(linesOfUser(sql, table, manifest.user), exported);
    await exported.return(undefined);
    if (missing > 0) outdated.push(`${plural(missing, "row")} of ${label}`);
  }
  if (outdated.length === 0) return;
  throw new SpfpError(
    "EXPORT_OUTDATED",
    `since the export of ${manifest.exportedAt} rows came in or were changed: ${outdated.join(", ")}`,
    "Export the user again, into another folder, and name that one. Nothing was erased.",
  );
}
