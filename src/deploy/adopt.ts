import { type Catalog, compareCatalogs, readCatalog } from "../catalog/index.ts";
import { SpfpError } from "../errors.ts";
import type { Migration } from "../migrations/index.ts";
import type { Sql } from "../postgres/index.ts";
import { writeJournal } from "./journal.ts";

/** How many differences an error names before it only counts them. */
const named = 3;

/**
 * Takes a database that Drizzle has never seen under its care: where it is as `migrations` make it, they are
 * recorded as applied without running any of their SQL. What else the database holds does not matter.
 *
 * @param expected the catalog after the last of `migrations`
 * @throws SpfpError NOT_AT_BASELINE, naming the first differences
 */
export async function adopt(
  sql: Sql,
  {
    migrations,
    expected,
    schemas,
  }: { migrations: readonly Migration[]; expected: Catalog; schemas: readonly string[] },
): Promise<void> {
  const differences = compareCatalogs(expected, await readCatalog(sql, { schemas })).filter(
    ({ kind }) => kind !== "extra",
  );
  if (differences.length > 0) {
    const labels = differences.slice(0, named).map(({ kind, object }) => `${object.label} is ${kind}`);
    const more = differences.length > named ? `, and ${differences.length - named} more` : "";
    throw new SpfpError(
      "NOT_AT_BASELINE",
      `the database is not as ${migrations.at(-1)?.tag} makes it: ${labels.join(", ")}${more}`,
      "Nothing was changed. Bring these objects to what the baseline says, then run it again.",
    );
  }
  await sql.begin((transaction) => writeJournal(transaction, migrations));
}
