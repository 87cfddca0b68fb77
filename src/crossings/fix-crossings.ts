import { DeployError } from "drizzle-deploy/findings";
import { connect, type DatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import {
  batch,
  commitPiece,
  countByTable,
  keptChangeSchema,
  persistently,
  type Recorder,
  type RowChange,
  rounds,
  rowsByTableSchema,
  runFix,
  undoRecorded,
} from "../fixes/index.ts";
import { crossingSchema, findCrossingRows, findCrossings, takeBackWithin } from "./crossings.ts";

/** What `fix crossings` found, put right or took back, as `--json` prints it. */
export const crossingsReportSchema = z.strictObject({
  /** `shown`: a dry run, nothing was changed. */
  outcome: z.enum(["nothing to do", "shown", "fixed", "undone"]),
  /** Of the record of this run; a fix is undone by it. Null where nothing was changed. */
  id: z.guid().nullable(),
  /** References to rows of other users; empty for an undo. */
  crossings: z.array(crossingSchema),
  /** How many rows were made to stand in for others, by table; of an undo, how many of them are gone again. */
  made: rowsByTableSchema,
  /** How many rows were changed, or restored, by table. */
  changed: rowsByTableSchema,
  /** Of an undo: what was changed since the fix, and left as it is. */
  kept: z.array(keptChangeSchema),
});

export type CrossingsReport = z.infer<typeof crossingsReportSchema>;

/** Rows that were made, and rows that were changed. */
const split = (changes: readonly RowChange[]): Pick<CrossingsReport, "made" | "changed"> => ({
  made: countByTable(changes.filter(({ column }) => column === "id")),
  changed: countByTable(changes.filter(({ column }) => column !== "id")),
});

async function showCrossings(url: DatabaseUrl): Promise<CrossingsReport> {
  const sql = await connect(url, { applicationName: "spfp-db fix" });
  try {
    const crossings = await sql.begin("read only", (transaction) => findCrossings(transaction));
    const outcome = crossings.length === 0 ? "nothing to do" : "shown";
    return { outcome, id: null, crossings, made: [], changed: [], kept: [] };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** In pieces of some thousand rows; what somebody holds comes last, and is waited for then. */
async function takeBackInPieces(sql: Sql, record: Recorder): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const found = await findCrossingRows(sql);
    if (found.length === 0) return;
    for (const { reference, ids } of found) {
      for (let from = 0; from < ids.length; from += batch) {
        await persistently(() =>
          commitPiece(sql, record, (transaction) =>
            takeBackWithin(transaction, reference, ids.slice(from, from + batch), { waiting: round > 0 }),
          ),
        );
      }
    }
  }
  if ((await findCrossings(sql)).length === 0) return;
  throw new DeployError(
    "DATA_REFUSED",
    `after ${rounds} rounds there are new references to rows of other users still: they are made as fast as they are put right`,
    "What was put right stays. Find what makes them, then run spfp-db fix crossings --apply again, which goes on.",
  );
}

/**
 * Shows the references to rows of other users; with `apply` puts them right as `takeBackWithin` says, in pieces, and
 * records every change, so that `undoCrossings` can restore what was there. No row is deleted. What an interrupted fix
 * changed stays, and the next one goes on from there and is undone with it.
 *
 * @throws SpfpError as `connect`; with `apply` POOLER and DEPLOYMENT_RUNNING too, LOCK_TIMEOUT, and DATA_REFUSED where
 * new ones are made as fast as they are put right
 */
export async function fixCrossings(
  url: DatabaseUrl,
  { apply = false }: { readonly apply?: boolean } = {},
): Promise<CrossingsReport> {
  const shown = await showCrossings(url);
  if (!apply || shown.outcome === "nothing to do") return shown;
  const { id, changes } = await runFix(url, "crossings", takeBackInPieces);
  return {
    outcome: "fixed",
    id,
    crossings: shown.crossings,
    ...split(changes),
    kept: [],
  };
}

/**
 * Undoes a fix of crossings: every row that still holds what the fix had set refers again to what it referred to, and
 * the rows that it made go where nobody uses them, in one transaction. What was changed since is left as it is.
 *
 * @param fix the id that the fix reported
 * @throws SpfpError FIX_UNKNOWN: there is no such fix, or it was undone before; DATA_REFUSED: references to rows of
 * other users are refused by now
 */
export async function undoCrossings(url: DatabaseUrl, fix: string): Promise<CrossingsReport> {
  const { id, undone, kept } = await undoRecorded(url, "crossings", fix);
  return { outcome: "undone", id, crossings: [], ...split(undone), kept: [...kept] };
}
