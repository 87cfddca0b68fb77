import { createHash } from "node:crypto";
import { connect, type DatabaseUrl } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteLiteral } from "drizzle-deploy/sql";
import { z } from "zod";
import { dataFingerprint, generateData } from "../bench/index.ts";
import { copyToScratch, createScratchDatabase, dropDatabase, type ScratchDatabase } from "../server/index.ts";
import { reachState } from "../states.ts";

/** Generated data of production, kept on the server for the next benchmark. */
export interface DataTemplate {
  readonly name: string;
  /** Whether an earlier run had made it. */
  readonly isKept: boolean;
}

const prefix = "spfp_bench_";

const nameSchema = z.array(z.object({ name: z.string() }));

/** How the template of some data is described; those of other days are told by it. */
const described = (scale: number, seed: number): string => `spfp-db bench: scale ${scale}, seed ${seed}, `;

/**
 * Finds the template of the data, or makes it and drops those of the same size that are of another day. It is made under
 * a scratch name and renamed when it is whole: a run that is stopped leaves no half of it.
 */
export async function openTemplate(
  url: DatabaseUrl,
  data: { scale: number; seed: number; today: string },
  say: (what: string) => void,
  copies: Copies,
): Promise<DataTemplate> {
  const { scale, seed, today } = data;
  const fingerprint = createHash("sha256").update(dataFingerprint(data)).digest("hex").slice(0, 12);
  const name = `${prefix}${fingerprint}`;
  const maintenance = await connect(url);
  try {
    const found = await maintenance`select from pg_catalog.pg_database where datname = ${name}`;
    if (found.count > 0) return { name, isKept: true };
    const outdated = nameSchema.parse([
      ...(await maintenance`
        select datname as name from pg_catalog.pg_database d
        where starts_with(datname, ${prefix}) and pg_catalog.pg_has_role(datdba, 'USAGE')
          and starts_with(pg_catalog.shobj_description(d.oid, 'pg_database'), ${described(scale, seed)})`),
    ]);
    for (const old of outdated) await dropDatabase(maintenance, old.name);
    const scratch = await copies.create();
    try {
      const sql = await connect(scratch.url);
      await reachState(sql, "production").finally(() => sql.end());
      await generateData(scratch.url, { ...data, onProgress: ({ table }) => say(table), onStep: say });
      await maintenance.unsafe(
        `alter database ${quoteIdentifier(scratch.name)} rename to ${quoteIdentifier(name)}`,
      );
      await maintenance.unsafe(
        `comment on database ${quoteIdentifier(name)} is ${quoteLiteral(`${described(scale, seed)}${today}`)}`,
      );
    } catch (error) {
      await scratch.drop();
      throw error;
    } finally {
      copies.forget(scratch);
    }
    return { name, isKept: false };
  } finally {
    await maintenance.end();
  }
}

/** Called with what drops everything that is being made, should the run be stopped; what it returns says that it ended. */
export type OnScratchDatabases = (drop: () => Promise<void>) => () => void;

/** Databases that are made and dropped again, whatever happens. */
export interface Copies {
  /** Makes a bootstrapped and otherwise empty one. */
  create(): Promise<ScratchDatabase>;
  /** Copies a database that nobody is connected to. */
  copy(name: string): Promise<ScratchDatabase>;
  /** Leaves one be, which is then not dropped with the others. */
  forget(one: ScratchDatabase): void;
  dropAll(): Promise<void>;
}

/** Keeps account of the databases that a run makes on the server of `url`, so that none outlives it. */
export function keepCopies(url: DatabaseUrl): Copies {
  const all = new Set<ScratchDatabase>();
  const add = (one: ScratchDatabase): void => void all.add(one);
  return {
    create: () => createScratchDatabase(url, add),
    copy: (name) => copyToScratch(url, name, add),
    forget: (one) => void all.delete(one),
    async dropAll() {
      for (const one of all) await one.drop();
      all.clear();
    },
  };
}
