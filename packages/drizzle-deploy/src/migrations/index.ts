import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";

/** One file of a Drizzle migrations folder. */
export interface Migration {
  /** File name without its ending, as `0002_optimization`. */
  readonly tag: string;
  /** The journal entry's `when`, in milliseconds since 1970: Drizzle's order, and its mark of what is applied. */
  readonly when: number;
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

/**
 * The migrations of a Drizzle folder in the order of its journal, which is the order in which Drizzle runs them, also
 * where their times go back or are equal.
 * @throws DeployError FILE_MISSING for a journal or file that cannot be read, FILE_INVALID for a journal that is not one,
 * that names a file twice or one outside of the folder
 */
export function readMigrations(folder: string): Migration[] {
  const path = join(folder, "meta", "_journal.json");
  const invalid = (what: string, cause?: unknown) =>
    new DeployError("FILE_INVALID", `${path}: ${what}`, "Restore it from version control.", { cause });
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
    return {
      tag,
      when,
      hash: createHash("sha256").update(text).digest("hex"),
      statements: text.split("--> statement-breakpoint"),
    };
  });
}
