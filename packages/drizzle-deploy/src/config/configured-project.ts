import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { catalogKeys, generateExpected, keptExpected, schemasMadeBy } from "../catalog/index.ts";
import { projectWith } from "../deploy/folder-project.ts";
import { DeployError } from "../findings/errors.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { defaultNames, type Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import { connect, type DatabaseUrl, type Sql } from "../postgres/index.ts";
import { embeddedVersion, openScratch, type Scratch, type ScratchSource } from "../scratch/index.ts";
import { type Additions, readAdditions } from "./additions.ts";
import type { Configuration } from "./configuration.ts";

/** A project as its configuration describes it. */
export interface ConfiguredProject {
  readonly names: Names;
  /** Where its scratch databases come from. */
  readonly scratch: ScratchSource;
  /**
   * The project itself. What its migrations make is read from a scratch database, once for the same files.
   * @throws DeployError as `projectOfFolder` and `openScratch`
   */
  load(): Promise<Project>;
}

/** How what is begun is brought to an end when the process is stopped; returns what forgets it. */
export type OnScratchOpen = (end: () => Promise<void>) => () => void;

interface Reading {
  readonly migrations: readonly Migration[];
  readonly cacheFolder: string;
  readonly besides: readonly unknown[];
  /** What is known of the server without asking it; undefined where it has to be asked. */
  readonly server: readonly unknown[] | undefined;
  /** Runs `work` in a scratch database. */
  readonly inScratch: <Result>(work: (sql: Sql) => Promise<Result>) => Promise<Result>;
}

const schemasSchema = z.array(z.string());

/**
 * The schemas in which the migrations make something, and `public`, where a statement without a schema makes it. Only
 * what makes or renames a schema can make something elsewhere on an empty server.
 */
async function schemasOf({
  migrations,
  cacheFolder,
  besides,
  inScratch,
}: Reading): Promise<Project["schemas"]> {
  const isElsewhere = migrations.some(({ statements }) => statements.some((sql) => /\bschema\b/i.test(sql)));
  if (besides.length === 0 && !isElsewhere) return ["public"];
  const key = catalogKeys(migrations, ["schemas", ...besides]).at(-1);
  const file = join(cacheFolder, `${key}.schemas.json`);
  try {
    const kept = schemasSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    return ["public", ...kept];
  } catch {
    // Not kept yet.
  }
  const made = (await inScratch((sql) => schemasMadeBy(sql, migrations))).filter((name) => name !== "public");
  try {
    mkdirSync(cacheFolder, { recursive: true });
    writeFileSync(file, JSON.stringify(made));
  } catch {
    // What is kept only saves time.
  }
  return ["public", ...made];
}

function readSetup(file: string | null): string | null {
  if (file === null) return null;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new DeployError(
      "FILE_MISSING",
      `cannot read ${file} (deploy.scratchSetup)`,
      "Check the path in the configuration.",
      { cause },
    );
  }
}

async function readProject(
  configuration: Configuration,
  additions: Additions,
  { source, names, onOpen }: { source: ScratchSource; names: Names; onOpen: OnScratchOpen },
): Promise<Project> {
  const { name, migrationsFolder, migrationsTable, migrationsSchema } = configuration;
  let scratch: Scratch | undefined;
  let forget = () => {};
  const open = async (): Promise<Scratch> => {
    if (scratch) return scratch;
    const opened = await openScratch(source);
    scratch = opened;
    forget = onOpen(() => opened.end());
    return opened;
  };
  const reading: Reading = {
    migrations: readMigrations(migrationsFolder),
    cacheFolder: join(names.folder, "catalogs"),
    besides: source.setup === null ? [] : [source.setup],
    server: source.url === undefined ? ["embedded", embeddedVersion()] : undefined,
    async inScratch(work) {
      const database = await (await open()).make();
      const sql = await connect(database.url);
      return work(sql).finally(() => sql.end());
    },
  };
  try {
    const schemas = additions.schemas ?? configuration.schemas ?? (await schemasOf(reading));
    const folder = { name, names, migrationsFolder, migrationsTable, migrationsSchema, schemas };
    if (additions.expectedCatalog) return { ...projectWith(new Map(), folder), ...additions };
    const { migrations, cacheFolder, besides, server } = reading;
    const generation = { migrations, schemas, cacheFolder, besides };
    const catalogs =
      (server && keptExpected({ ...generation, server })) ??
      (await reading.inScratch((sql) => generateExpected(sql, { ...generation, server })));
    return { ...projectWith(catalogs, folder), ...additions };
  } finally {
    forget();
    await scratch?.end();
  }
}

/**
 * A project as the configuration of drizzle-kit describes it, with what its project module adds.
 * @param options.scratchUrl a server on which databases may be made and dropped; default: an embedded one
 * @throws DeployError FILE_MISSING, CONFIG_INVALID
 */
export async function configuredProject(
  configuration: Configuration,
  {
    scratchUrl,
    names = defaultNames,
    onOpen = () => () => {},
  }: { scratchUrl?: DatabaseUrl | undefined; names?: Names; onOpen?: OnScratchOpen } = {},
): Promise<ConfiguredProject> {
  const additions =
    configuration.projectModule === null ? {} : await readAdditions(configuration.projectModule);
  const source: ScratchSource = { url: scratchUrl, setup: readSetup(configuration.scratchSetup) };
  return {
    names: additions.names ?? names,
    scratch: source,
    load: () => readProject(configuration, additions, { source, names, onOpen }),
  };
}
