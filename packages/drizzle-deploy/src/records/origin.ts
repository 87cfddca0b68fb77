import { z } from "zod";
import { type Catalog, catalogSchema, mergeCatalogs, withoutObjects } from "../catalog/index.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasRecords, recordTables } from "./records.ts";

/** A database as the project met it: where it stood in the history, and what it looked like. */
export interface Origin {
  /** The last migration that it counted as applied; null where it had none. */
  readonly tag: string | null;
  readonly catalog: Catalog;
}

const recordSchema = z.array(z.object({ tag: z.string().nullable(), before: z.string() }));

/**
 * Reads how the project met a database: the record of its adoption, or that of the first deployment where it was never
 * adopted. Null where there is neither.
 */
export async function readOrigin(sql: Queryable, project: Project): Promise<Origin | null> {
  if (!(await hasRecords(sql, project.names))) return null;
  const [record] = recordSchema.parse([
    ...(await sql.unsafe(
      `select case kind when 'baseline' then details ->> 'point' else plan ->> 'from' end as tag, before::text
       from ${recordTables(project.names).deployments}
       where project = $1 and before is not null
         and (kind = 'deploy' or (kind = 'baseline' and outcome = 'completed'))
       order by kind <> 'baseline', case kind when 'baseline' then - extract(epoch from started_at)
         else extract(epoch from started_at) end
       limit 1`,
      [project.name],
    )),
  ]);
  return record ? { tag: record.tag, catalog: catalogSchema.parse(JSON.parse(record.before)) } : null;
}

/**
 * What a database looks like after each migration, as it is here: what the migrations since its origin change is as
 * they make it, and all else is as it was found. Where nothing is known of its origin, it is as the project says.
 */
export function expectedHere(
  { expectedCatalog }: Pick<Project, "expectedCatalog">,
  origin: Origin | null,
): Project["expectedCatalog"] {
  if (origin === null) return expectedCatalog;
  const known = new Map<string, Catalog>();
  return (tag) => {
    const found = known.get(tag);
    if (found) return found;
    const theirs = expectedCatalog(tag);
    const base = origin.tag === null ? withoutObjects(theirs) : expectedCatalog(origin.tag);
    const merged = mergeCatalogs({ base, ours: origin.catalog, theirs });
    known.set(tag, merged);
    return merged;
  };
}
