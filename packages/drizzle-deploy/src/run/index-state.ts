import { z } from "zod";
import type { Step } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { quoteQualified } from "../sql/quote.ts";

const indexSchema = z.array(z.object({ valid: z.boolean() }));

/** Whether the index of a step is there, and whether it may be used. */
export type IndexState = "missing" | "invalid" | "valid";

/** Looks for the index of a step by its name. */
export async function indexState(sql: Queryable, { target }: Step): Promise<IndexState> {
  if (target?.kind !== "index" || target.schema === null)
    throw new TypeError("an index step without an index");
  const [index] = indexSchema.parse([
    ...(await sql.unsafe(
      `select i.indisvalid as valid from pg_catalog.pg_index i
       join pg_catalog.pg_class c on c.oid = i.indexrelid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relname = $2`,
      [target.schema, target.name],
    )),
  ]);
  if (!index) return "missing";
  return index.valid ? "valid" : "invalid";
}

/** Drops what an interrupted build left under the name of a step's index. A valid index is never touched. */
export async function dropInvalidIndex(sql: Queryable, step: Step): Promise<void> {
  if (!step.target?.schema || (await indexState(sql, step)) !== "invalid") return;
  await sql
    .unsafe(`drop index concurrently if exists ${quoteQualified(step.target.schema, step.target.name)}`)
    .simple();
}
