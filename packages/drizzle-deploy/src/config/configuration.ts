import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { urlOfCredentials } from "./credentials.ts";
import { loadModule } from "./load-module.ts";

/** Where drizzle-kit looks for its configuration, in its order. */
const usualNames = ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.json"];

const name = z.string().min(1);

/** What this reads of drizzle-kit's configuration, with its own part, `deploy`. The rest is drizzle-kit's. */
const configurationSchema = z.object({
  dialect: z.string(),
  driver: z.string().optional(),
  out: name.default("drizzle"),
  schemaFilter: z.union([name, z.array(name)]).optional(),
  migrations: z.object({ table: name.optional(), schema: name.optional() }).optional(),
  dbCredentials: z.unknown().optional(),
  deploy: z
    .strictObject({ name: name.optional(), project: name.optional(), scratchSetup: name.optional() })
    .default({}),
});

/** What `drizzle.config.ts` says of a project. */
export interface Configuration {
  /** The file, for messages. */
  readonly file: string;
  /** What the project is called in messages and records. */
  readonly name: string;
  readonly migrationsFolder: string;
  readonly migrationsTable: string | undefined;
  readonly migrationsSchema: string | undefined;
  /** The schemas that the project manages; null: those in which its migrations make something. */
  readonly schemas: readonly [string, ...string[]] | null;
  /**
   * The URL of the database that it names; null where it names none. It may hold a password.
   * @throws DeployError CONFIG_INVALID
   */
  readonly url: () => string | null;
  /** A module with what the project has beyond its folder; null where there is none. */
  readonly projectModule: string | null;
  /** A file of SQL with what the migrations take for given on an empty server; null where that is nothing. */
  readonly scratchSetup: string | null;
}

const invalid = (what: string, remedy: string, cause?: unknown): DeployError =>
  new DeployError("CONFIG_INVALID", what, remedy, { cause });

/** The file of a configuration: the one that is named, or the usual one of a folder. */
function findFile(folder: string, named: string | undefined): string {
  const names = named === undefined ? usualNames : [named];
  const found = names.map((one) => resolve(folder, one)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new DeployError(
    "FILE_MISSING",
    named === undefined
      ? `there is no drizzle.config.ts in ${folder}, nor a .js or .json`
      : `there is no ${resolve(folder, named)}`,
    "Run the command in the folder of drizzle.config.ts, or name the file with --config.",
  );
}

const packageSchema = z.object({ name });

/** The name in the nearest package.json upwards; that of the folder where none has one. */
function nameOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) {
      try {
        const parsed = packageSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
        if (parsed.success) return parsed.data.name;
      } catch {
        // No name of it can be told.
      }
    }
    if (dirname(at) === at) return basename(folder) || "drizzle";
  }
}

async function contentOf(file: string): Promise<unknown> {
  if (extname(file) !== ".json") return loadModule(file);
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    // What a parser says of a text repeats some of it, which may be a password; only its place is told.
    const position = /at position (\d+)/.exec(cause instanceof Error ? cause.message : "")?.[1];
    const line = (position === undefined ? text.trimEnd() : text.slice(0, Number(position))).split(
      "\n",
    ).length;
    throw invalid(`${file}:${line} is not JSON`, "Correct that line, or the one before it.", cause);
  }
}

function schemasOf(filter: string | readonly string[] | undefined): Configuration["schemas"] {
  const [first, ...others] = typeof filter === "string" ? [filter] : (filter ?? []);
  return first === undefined ? null : [first, ...others];
}

/**
 * Reads the configuration of drizzle-kit in a folder, as drizzle-kit reads it: paths in it are relative to the folder.
 * @param named another file than the usual one
 * @throws DeployError FILE_MISSING, CONFIG_INVALID
 */
export async function readConfiguration(folder: string, named?: string): Promise<Configuration> {
  const file = findFile(folder, named);
  const parsed = configurationSchema.safeParse(await contentOf(file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "its default export";
    throw invalid(
      `${file}: ${where}: ${issue?.message ?? "is wrong"}`,
      "It is drizzle-kit's configuration, with dialect and out; see https://orm.drizzle.team/docs/drizzle-config-file",
      parsed.error,
    );
  }
  const { dialect, driver, out, schemaFilter, migrations, dbCredentials, deploy } = parsed.data;
  if (dialect !== "postgresql") {
    throw invalid(
      `${file}: dialect is ${JSON.stringify(dialect.slice(0, 40))}`,
      'Only PostgreSQL is deployed to: dialect: "postgresql".',
    );
  }
  return {
    file,
    name: deploy.name ?? nameOf(folder),
    migrationsFolder: resolve(folder, out),
    migrationsTable: migrations?.table,
    migrationsSchema: migrations?.schema,
    schemas: schemasOf(schemaFilter),
    // The drivers of drizzle-kit that it names (pglite, aws-data-api) lead to no server that can be connected to.
    url: () => (driver === undefined ? urlOfCredentials(dbCredentials, file) : null),
    projectModule: deploy.project === undefined ? null : resolve(folder, deploy.project),
    scratchSetup: deploy.scratchSetup === undefined ? null : resolve(folder, deploy.scratchSetup),
  };
}
