import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import type { PreflightItem } from "../item.ts";

const schema = z.tuple([z.object({ database: z.coerce.number() })]);

/** Growth from which somebody has to look at the disk: in bytes, and as a share of the database. */
const noteworthy = { bytes: 100 * 1024 ** 2, share: 0.1 } as const;

const units = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** As PostgreSQL's `pg_size_pretty` counts: by 1024. */
function formatBytes(bytes: number): string {
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** What the plan adds on disk. PostgreSQL has no function that tells how much of the disk is free. */
export const space: PreflightItem = {
  id: "space",
  title: "Space",
  async run({ sql, intent: { growth } }) {
    const rows = await sql`select pg_catalog.pg_database_size(pg_catalog.current_database()) as database`;
    const [{ database }] = schema.parse([...rows]);
    const total = growth.reduce((sum, { bytes }) => sum + bytes, 0);
    const largest = growth
      .toSorted((one, other) => other.bytes - one.bytes)
      .slice(0, 5)
      .map(({ object, bytes }) => `${object} ${formatBytes(bytes)}`);
    const shown = `about ${formatBytes(total)} more, the database has ${formatBytes(database)}`;
    const isNoteworthy = total > noteworthy.bytes && total > database * noteworthy.share;
    return {
      evidence: largest.length === 0 ? shown : `${shown}; most of it ${largest.join(", ")}`,
      findings: isNoteworthy
        ? [
            {
              check: "space.growth" satisfies CheckId,
              severity: "warning",
              object: "the disk",
              expected: `${formatBytes(2 * total)} free: the indexes, and as much again while they are sorted`,
              actual: "the server does not tell what is free",
              remedy: "Look at the free space (Supabase: Reports, Database) before deploying.",
            },
          ]
        : [],
    };
  },
};
