import { randomBytes } from "node:crypto";
import { connect, type DatabaseUrl, type Sql, siblingUrl } from "drizzle-deploy/postgres";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { z } from "zod";
import { bootstrap } from "./bootstrap.ts";
import { createDatabase, dropDatabase, emptyTemplate } from "./prepare.ts";

/** A database made for one purpose on somebody's server. */
export interface ScratchDatabase {
  readonly name: string;
  readonly url: DatabaseUrl;
  /** Drops it, ending the sessions in it. May be called twice. */
  drop(): Promise<void>;
}

const prefix = "spfp_scratch_";
/** A scratch database older than this, with nobody in it, was left by a process that was killed. */
const abandonedAfterSeconds = 24 * 60 * 60;

const nameSchema = z.array(z.object({ name: z.string() }));

async function dropAbandoned(sql: Sql): Promise<void> {
  const left = nameSchema.parse([
    ...(await sql`
      select datname as name from pg_catalog.pg_database d
      where datname ~ ${`^${prefix}[0-9]+_`} and pg_catalog.pg_has_role(datdba, 'USAGE')
        and split_part(datname, '_', 3)::bigint < extract(epoch from now()) - ${abandonedAfterSeconds}::int
        and not exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid)`),
  ]);
  for (const { name } of left) await dropDatabase(sql, name);
}

const newName = (): string => `${prefix}${Math.floor(Date.now() / 1000)}_${randomBytes(4).toString("hex")}`;

function scratchDatabase(url: DatabaseUrl, name: string): ScratchDatabase {
  return {
    name,
    url: siblingUrl(url, name),
    async drop() {
      const sql = await connect(url);
      try {
        // Who is still making it would go on when this process is gone.
        await sql`
          select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity
          where pid <> pg_catalog.pg_backend_pid() and state = 'active'
            and starts_with(query, ${`create database ${quoteIdentifier(name)}`})`;
        await dropDatabase(sql, name);
      } finally {
        await sql.end();
      }
    },
  };
}

/** Told of a database before it is made, so that it can be dropped whenever the process is stopped. */
export type OnScratch = (scratch: ScratchDatabase) => void;

/** Copies a database of the server, to which nobody may be connected, and drops what killed processes left behind. */
export async function copyToScratch(
  url: DatabaseUrl,
  template: string,
  onScratch: OnScratch = () => {},
): Promise<ScratchDatabase> {
  const sql = await connect(url);
  const scratch = scratchDatabase(url, newName());
  onScratch(scratch);
  try {
    await dropAbandoned(sql);
    // Without the write-ahead log: a copy of some gigabytes would all go through it.
    await createDatabase(sql, scratch.name, { template, strategy: "file_copy" });
  } finally {
    await sql.end();
  }
  return scratch;
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
  const maintenance = await connect(url);
  const scratch = scratchDatabase(url, newName());
  onScratch(scratch);
  const { name } = scratch;
  try {
    await dropAbandoned(maintenance);
    const template = await maintenance`select from pg_catalog.pg_database where datname = ${emptyTemplate}`;
    await createDatabase(maintenance, name, template.count > 0 ? { template: emptyTemplate } : {});
  } finally {
    await maintenance.end();
  }
  try {
    const sql = await connect(scratch.url);
    await bootstrap(sql).finally(() => sql.end());
    return scratch;
  } catch (error) {
    await scratch.drop();
    throw error;
  }
}
