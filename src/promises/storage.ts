import type { Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import { expectedCatalog } from "../expected/index.ts";
import { spfp } from "../spfp.ts";
import type { BenchReport } from "./report.ts";
import type { Sides } from "./screens.ts";

const sizesSchema = z.array(z.object({ index: z.string(), table: z.string(), bytes: z.coerce.number() }));

const sizesOf = async (sql: Sql) =>
  sizesSchema.parse([
    ...(await sql`
      select i.relname as index, t.relname as table, pg_relation_size(i.oid) as bytes
      from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
      where t.relnamespace = 'public'::regnamespace order by i.relname`),
  ]);

/** What each index takes that the migrations make, or make another: largest first. */
export async function measureStorage({ before, after }: Sides): Promise<BenchReport["storage"]> {
  const definitions = (tag: string) =>
    new Map(
      expectedCatalog(tag === spfp.headTag ? spfp.headTag : spfp.baselineTag).tables.flatMap(({ indexes }) =>
        indexes.map(({ name, definition }) => [name, definition] as const),
      ),
    );
  const [was, is] = [definitions(spfp.baselineTag), definitions(spfp.headTag)];
  const old = new Map((await sizesOf(before)).map(({ index, bytes }) => [index, bytes]));
  return (await sizesOf(after))
    .filter(({ index }) => is.has(index) && was.get(index) !== is.get(index))
    .map(({ index, table, bytes }) => ({ index, table, bytes, bytesBefore: old.get(index) ?? 0 }))
    .sort((a, b) => b.bytes - a.bytes);
}
