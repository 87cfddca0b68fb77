import { connect, type DatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { makeScratchDatabase, type OnScratch, type ScratchDatabase } from "drizzle-deploy/scratch";
import { bootstrap } from "./bootstrap.ts";
import { createDatabase, emptyTemplate } from "./prepare.ts";

const prefix = "spfp_scratch_";

/** Copies a database of the server, to which nobody may be connected, and drops what killed processes left behind. */
export function copyToScratch(
  url: DatabaseUrl,
  template: string,
  onScratch: OnScratch = () => {},
): Promise<ScratchDatabase> {
  // Without the write-ahead log: a copy of some gigabytes would all go through it.
  const create = (sql: Sql, name: string) => createDatabase(sql, name, { template, strategy: "file_copy" });
  return makeScratchDatabase(url, { prefix, create, onScratch });
}

/**
 * Makes a bootstrapped and otherwise empty database on the server of `url`, beside the one that it names, and drops
 * those that killed processes left behind.
 * @throws SpfpError PERMISSION_DENIED where the role may not create databases, ALREADY_SUPABASE on Supabase
 */
export async function createScratchDatabase(
  url: DatabaseUrl,
  onScratch: OnScratch = () => {},
): Promise<ScratchDatabase> {
  const scratch = await makeScratchDatabase(url, {
    prefix,
    onScratch,
    async create(sql, name) {
      const template = await sql`select from pg_catalog.pg_database where datname = ${emptyTemplate}`;
      await createDatabase(sql, name, template.count > 0 ? { template: emptyTemplate } : {});
    },
  });
  try {
    const sql = await connect(scratch.url);
    await bootstrap(sql).finally(() => sql.end());
    return scratch;
  } catch (error) {
    await scratch.drop();
    throw error;
  }
}
