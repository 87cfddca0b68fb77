import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Migration } from "../migrations/index.ts";
import { CatalogHistory } from "./pool.ts";

/** Raised where migrations are run on the scratch database, or a history is written down, in another way. */
const format = 1;

/** What a reading depends on beside the migrations: the server, the session, the schemas, how a catalog is read. */
export type Surroundings = readonly unknown[];

/**
 * The names of what is kept after each migration: a hash of everything that its catalogs depend on, so that what is found
 * under a name is what would be read again.
 */
export function keysOf(migrations: readonly Migration[], surroundings: Surroundings): string[] {
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  let key = sha256(JSON.stringify([format, surroundings]));
  return migrations.map(({ tag, hash }) => {
    key = sha256(JSON.stringify([key, tag, hash]));
    return key;
  });
}

const pathOf = (folder: string, key: string): string => join(folder, `${key}.json`);

function load(folder: string, key: string): CatalogHistory | null {
  let text: string;
  try {
    text = readFileSync(pathOf(folder, key), "utf8");
  } catch {
    // Never written, or taken away meanwhile: it is read from the server then.
    return null;
  }
  return CatalogHistory.fromText(text);
}

/** What is kept of the longest run of migrations from the first on; null where nothing is. */
export function loadHistory(folder: string, keys: readonly string[]): CatalogHistory | null {
  for (let length = keys.length; length > 0; length -= 1) {
    const history = load(folder, keys[length - 1] ?? "");
    if (history?.length === length) return history;
  }
  return null;
}

/**
 * Keeps a history under the last of its keys, in place of that of fewer migrations. It appears whole or not at all,
 * whoever writes the same; where the folder cannot be written to, nothing is kept.
 */
export function saveHistory(
  folder: string,
  keys: readonly string[],
  history: CatalogHistory,
  replaced: number,
): void {
  const key = keys[history.length - 1];
  if (key === undefined) return;
  const unfinished = join(folder, `.${randomUUID()}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, ".gitignore"), "*\n");
    writeFileSync(unfinished, history.toText());
    renameSync(unfinished, pathOf(folder, key));
    const former = keys[replaced - 1];
    if (former !== undefined && former !== key) rmSync(pathOf(folder, former), { force: true });
  } catch {
    // What is kept only saves time.
    try {
      rmSync(unfinished, { force: true });
    } catch {
      // Nor is there anything to take away.
    }
  }
}
