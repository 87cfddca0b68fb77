import type { Sql } from "drizzle-deploy/postgres";
import { quoteQualified } from "drizzle-deploy/sql";
import { getViewConfig } from "drizzle-orm/pg-core";
import { z } from "zod";
import { signIn } from "../bench/index.ts";
import { viewDefinitions } from "../views/definitions.ts";
import type { RehearsalReport } from "./report.ts";

/** Rows of a view that are shown: the legacy ones have one per stage, partner or month. */
const shownRows = 3;

// Row by row as text, so that no driver's idea of a number comes between the view and the reader.
const rowsSchema = z.array(z.object({ row: z.record(z.string(), z.string().nullable()) }));

/**
 * What a signed-in user sees in each of the views: role `authenticated` with their claims, so through
 * row-level security, in a transaction that is rolled back.
 */
export async function readFigures(sql: Sql, userId: string): Promise<RehearsalReport["views"]> {
  return sql.begin("read only", async (transaction) => {
    await signIn(transaction, userId);
    const figures: RehearsalReport["views"] = [];
    for (const { view } of viewDefinitions) {
      const { name, schema } = getViewConfig(view);
      const rows = rowsSchema.parse([
        ...(await transaction.unsafe(
          `select (select json_object_agg(key, value) from json_each_text(to_json(v))) as row
           from ${quoteQualified(schema ?? "public", name)} v where user_id = $1 limit ${shownRows}`,
          [userId],
        )),
      ]);
      figures.push({
        view: name,
        rows: rows.map(({ row }) => Object.entries(row).filter(([column]) => column !== "user_id")),
      });
    }
    return figures;
  });
}
