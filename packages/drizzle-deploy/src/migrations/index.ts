import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";

/** One file of a Drizzle migrations folder. */
export interface Migration {
  /** File name without its ending, as `0002_optimization`; of Drizzle 1.0 its folder's, as `20260214093000_goals`. */
  readonly tag: string;
  /**
   * In milliseconds since 1970: the journal entry's `when`, which is Drizzle's mark of what is applied; of Drizzle 1.0
   * the time that the folder's name begins with.
   */
  readonly when: number;
  /** Of Drizzle 1.0: the folder's name, which is its mark of what is applied. Left out where a journal lists the file. */
  readonly name?: string | undefined;
  /** SHA-256 of the file in hexadecimal, as Drizzle writes it into its journal table. */
  readonly hash: string;
  /** The file's statements in order, as Drizzle splits them. */
  readonly statements: readonly string[];
}

// What Drizzle's migrator reads, and no more of it: earlier versions of drizzle-kit called the dialect `pg`.
const journalSchema = z.object({
  dialect: z.enum(["postgresql", "pg"]).optional(),
  entries: z.array(z.object({ when: z.int(), tag: z.string().min(1) })),
});

/** What would break a line wherever a tag is told, comments of an exported script among it. */
const unprintable = /[\p{Cc}\u2028\u2029]/u;

/** Why a tag cannot name a file of the folder, or null. */
function faultOf(folder: string, tag: string): string | null {
  if (unprintable.test(tag)) return `the tag ${JSON.stringify(tag)} has a control character`;
  const path = relative(folder, join(folder, `${tag}.sql`));
  return isAbsolute(tag) || isAbsolute(path) || path.split(/[\\/]/)[0] === ".."
    ? `the tag ${JSON.stringify(tag)} leads out of the folder`
    : null;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DeployError(
      "FILE_MISSING",
      `cannot read ${path}`,
      "Restore the migrations folder from version control, or reinstall the package.",
      { cause },
    );
  }
}

const restore = "Restore it from version control.";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const statementsOf = (text: string): string[] => text.split("--> statement-breakpoint");

/** The time that a folder's name begins with, in milliseconds since 1970, as Drizzle 1.0 reads it; NaN for none. */
function timeOf(name: string): number {
  const part = (from: number, to: number): number => Number.parseInt(name.slice(from, to), 10);
  return Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12), part(12, 14));
}

/** The folders of Drizzle 1.0's migrations, in its order: by their names, as the locale of this process has them. */
function namesIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => existsSync(join(folder, name, "migration.sql")))
    .sort((one, other) => one.localeCompare(other));
}

/** Whether a folder has files of SQL, which a journal would list. */
function hasMigrations(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".sql"));
}

/** The migrations of a folder that Drizzle 1.0 wrote. */
function readNamed(folder: string, names: readonly string[]): Migration[] {
  return names.map((name) => {
    const path = join(folder, name, "migration.sql");
    const when = timeOf(name);
    const fault = unprintable.test(name)
      ? "has a control character"
      : Number.isNaN(when)
        ? "does not begin with a time, as 20260214093000_goals does: Drizzle cannot record it"
        : null;
    if (fault !== null)
      throw new DeployError(
        "FILE_INVALID",
        `${folder}: the name of the migration ${JSON.stringify(name)} ${fault}`,
        `Restore it from version control, or make it again with drizzle-kit generate.`,
      );
    const text = readText(path);
    return { tag: name, when, name, hash: hashOf(text), statements: statementsOf(text) };
  });
}

/**
 * The migrations of a Drizzle folder in the order in which Drizzle runs them: that of its journal, also where the times
 * of that go back or are equal; where it has none and was written by Drizzle 1.0, that of their names.
 * @throws DeployError FILE_MISSING for a journal or file that cannot be read, FILE_INVALID for a journal that is not one,
 * that names a file twice or one outside of the folder, or has folders of Drizzle 1.0 beside it; and for the name of such
 * a folder that begins with no time
 */
export function readMigrations(folder: string): Migration[] {
  const path = join(folder, "meta", "_journal.json");
  const names = namesIn(folder);
  if (!existsSync(path) && names.length > 0) return readNamed(folder, names);
  const invalid = (what: string, cause?: unknown, remedy = restore) =>
    new DeployError("FILE_INVALID", `${path}: ${what}`, remedy, { cause });
  if (!existsSync(path) && !hasMigrations(folder)) {
    throw new DeployError(
      "FILE_MISSING",
      `there is no migration in ${folder} yet`,
      "Make the first one: npx drizzle-kit generate. If there are some elsewhere, correct out in the configuration.",
    );
  }
  const both = names.find((name) => !Number.isNaN(timeOf(name)));
  if (existsSync(path) && both !== undefined)
    throw invalid(
      `is of Drizzle 0.45, and ${JSON.stringify(both)} beside it of Drizzle 1.0, which refuses the folder`,
      undefined,
      "Run drizzle-kit up of Drizzle 1.0 where the project has moved on to that; else take the folders of 1.0 away.",
    );
  let content: unknown;
  try {
    content = JSON.parse(readText(path));
  } catch (cause) {
    if (cause instanceof DeployError) throw cause;
    throw invalid("is not JSON", cause);
  }
  const journal = journalSchema.safeParse(content);
  if (!journal.success)
    throw invalid(`is not a Drizzle journal: ${z.prettifyError(journal.error)}`, journal.error);
  const { entries } = journal.data;
  const tags = new Set<string>();
  for (const { tag } of entries) {
    const fault = faultOf(folder, tag);
    if (fault !== null) throw invalid(fault);
    if (tags.has(tag)) throw invalid(`${tag} is in it twice, and would run twice`);
    tags.add(tag);
  }
  return entries.map(({ tag, when }) => {
    const text = readText(join(folder, `${tag}.sql`));
    return { tag, when, hash: hashOf(text), statements: statementsOf(text) };
  });
}
