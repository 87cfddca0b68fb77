import { randomBytes } from "node:crypto";
import { z } from "zod";
import { connect, type DatabaseUrl, type Sql, siblingUrl, translate } from "../postgres/index.ts";
import { quoteIdentifier } from "../sql/quote.ts";

/** A database made for one purpose on somebody's server. */
export interface ScratchDatabase {
  readonly name: string;
  readonly url: DatabaseUrl;
  /** Drops it, ending the sessions in it. May be called twice. */
  drop(): Promise<void>;
}

/** Told of a database before it is made, so that it can be dropped whenever the process is stopped. */
export type OnScratch = (scratch: ScratchDatabase) => void;

/** A scratch database older than this, with nobody in it, was left by a process that was killed. */
const abandonedAfterSeconds = 24 * 60 * 60;

const nameSchema = z.array(z.object({ name: z.string() }));

const dropDatabase = (sql: Sql, name: string) =>
  sql.unsafe(`drop database if exists ${quoteIdentifier(name)} with (force)`);

async function dropAbandoned(sql: Sql, prefix: string): Promise<void> {
  const left = nameSchema.parse([
    ...(await sql`
      select datname as name from pg_catalog.pg_database d
      where datname ~ ${`^${prefix}[0-9]+_`} and pg_catalog.pg_has_role(datdba, 'USAGE')
        and substring(datname from ${`^${prefix}([0-9]+)_`})::bigint
          < extract(epoch from now()) - ${abandonedAfterSeconds}::int
        and not exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid)`),
  ]);
  for (const { name } of left) await dropDatabase(sql, name);
}

/**
 * Makes a database on the server of `url`, beside the one that it names, and drops those that killed processes left
 * behind.
 * @param prefix what the names of such databases begin with: lower-case words and underscores
 * @param create makes the database; default: an empty one
 * @throws DeployError as `connect`, and PERMISSION_DENIED where the role may not create databases
 */
export async function makeScratchDatabase(
  url: DatabaseUrl,
  {
    prefix,
    create = async (sql, name) => void (await sql.unsafe(`create database ${quoteIdentifier(name)}`)),
    onScratch = () => {},
  }: {
    readonly prefix: string;
    readonly create?: (sql: Sql, name: string) => Promise<void>;
    readonly onScratch?: OnScratch;
  },
): Promise<ScratchDatabase> {
  const name = `${prefix}${Math.floor(Date.now() / 1000)}_${randomBytes(4).toString("hex")}`;
  const scratch: ScratchDatabase = {
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
  const sql = await connect(url);
  onScratch(scratch);
  try {
    await dropAbandoned(sql, prefix);
    await create(sql, name);
    return scratch;
  } catch (error) {
    throw translate(error, url);
  } finally {
    await sql.end();
  }
}
