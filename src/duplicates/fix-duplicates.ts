import { connect, type DatabaseUrl } from "drizzle-deploy/postgres";
import { z } from "zod";
import { countByTable, keptChangeSchema, rowsByTableSchema, runFix, undoRecorded } from "../fixes/index.ts";
import { canHaveDuplicates } from "./duplicate-findings.ts";
import { categoryGroupSchema, findDuplicates, templateGroupSchema } from "./duplicates.ts";
import { mergeInPieces } from "./pieces.ts";

/** What `fix duplicates` found, merged or took back, as `--json` prints it. */
export const fixReportSchema = z.strictObject({
  /** `shown`: a dry run, nothing was changed. */
  outcome: z.enum(["nothing to do", "shown", "merged", "undone"]),
  /** Of the record of this run; a merge is undone by it. Null where nothing was changed. */
  id: z.guid().nullable(),
  /** What stood in the way of the uniqueness rules; empty for an undo. */
  categories: z.array(categoryGroupSchema),
  templates: z.array(templateGroupSchema),
  /** How many rows were changed, or restored, by table. */
  changed: rowsByTableSchema,
  /** Of an undo: what was changed since the merge, and left as it is. */
  kept: z.array(keptChangeSchema),
});

export type FixReport = z.infer<typeof fixReportSchema>;

async function showDuplicates(url: DatabaseUrl): Promise<FixReport> {
  const sql = await connect(url, { applicationName: "spfp-db fix" });
  try {
    const { categories, templates } = await sql.begin("read only", async (transaction) =>
      (await canHaveDuplicates(transaction))
        ? findDuplicates(transaction)
        : { categories: [], templates: [] },
    );
    const outcome = categories.length + templates.length === 0 ? "nothing to do" : "shown";
    return { outcome, id: null, categories, templates, changed: [], kept: [] };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Shows the duplicates that the uniqueness rules would refuse; with `apply` merges them, user by user and in pieces,
 * and records every change, so that `undoFix` can restore what was there. What an interrupted merge changed stays, and
 * the next one goes on from there and is undone with it.
 *
 * @throws SpfpError as `connect`; with `apply` POOLER and DEPLOYMENT_RUNNING too, and LOCK_TIMEOUT
 */
export async function fixDuplicates(
  url: DatabaseUrl,
  { apply = false }: { readonly apply?: boolean } = {},
): Promise<FixReport> {
  const shown = await showDuplicates(url);
  if (!apply || shown.outcome === "nothing to do") return shown;
  const { id, result, changes } = await runFix(url, "duplicates", mergeInPieces);
  return fixReportSchema.parse({
    outcome: "merged",
    id,
    ...result,
    changed: countByTable(changes),
    kept: [],
  });
}

/**
 * Undoes a merge: every row that still holds what the merge had set gets back what it held before, in one transaction.
 * What was changed since is left as it is, and reported.
 *
 * @param fix the id that the merge reported
 * @throws SpfpError FIX_UNKNOWN: there is no such merge, or it was undone before; DATA_REFUSED: the uniqueness rules
 * are in force, which what was there before breaks
 */
export async function undoFix(url: DatabaseUrl, fix: string): Promise<FixReport> {
  const { id, undone, kept } = await undoRecorded(url, "duplicates", fix);
  return {
    outcome: "undone",
    id,
    categories: [],
    templates: [],
    changed: countByTable(undone),
    kept: [...kept],
  };
}
