import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

const journalSchema = z.object({
  dialect: z.literal("postgresql"),
  entries: z.array(z.object({ idx: z.int().min(0), when: z.int(), tag: z.string().regex(/^[\w.-]+$/) })),
});

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
 * The migrations of a Drizzle folder in the order of its journal. Throws `FILE_MISSING` for a journal or file that
 * cannot be read and `FILE_INVALID` for a journal that is not one or does not go forward in time.
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
  for (const [at, entry] of entries.entries()) {
    const before = entries[at - 1];
    if (before && before.when >= entry.when) throw invalid(`${entry.tag} is not later than ${before.tag}`);
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
