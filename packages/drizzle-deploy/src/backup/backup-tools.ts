import { existsSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { DeployError } from "../findings/errors.ts";
import { clientVersion } from "../postgres/index.ts";

/** PostgreSQL's own program for dumps, and the one that reads them. */
export interface BackupTool {
  readonly dump: string;
  readonly restore: string;
  /** As it prints it: `17.10`. */
  readonly version: string;
  readonly major: number;
}

const ending = process.platform === "win32" ? ".exe" : "";

/** Folders in which installers keep each version in a folder of its own, and what is below that. */
const installations: readonly (readonly [folder: string, below: string])[] = [
  ["/usr/lib/postgresql", "bin"],
  ["/usr/libexec/postgresql", ""],
  ["/opt/homebrew/opt", "bin"],
  ["/usr/local/opt", "bin"],
  ["/Library/PostgreSQL", "bin"],
  ["/Applications/Postgres.app/Contents/Versions", "bin"],
  ["C:\\Program Files\\PostgreSQL", "bin"],
];

const keepsPostgres = /^(\d+|latest|libpq|postgresql(@\d+)?|postgresql\d+)$/;

/** Every place to look in, those first that somebody chose. */
function candidates(environment: NodeJS.ProcessEnv): string[] {
  const chosen = environment["PG_DUMP"];
  if (chosen) return [chosen];
  const onPath = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const installed = installations.flatMap(([folder, below]) => {
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => keepsPostgres.test(name))
      .map((name) => join(folder, name, below));
  });
  const fedora = existsSync("/usr")
    ? readdirSync("/usr")
        .filter((name) => /^pgsql-\d+$/.test(name))
        .map((name) => join("/usr", name, "bin"))
    : [];
  return [...new Set([...onPath, ...installed, ...fedora])].map((folder) => join(folder, `pg_dump${ending}`));
}

const install = (major: number): string =>
  `Install PostgreSQL ${major}'s client programs (Debian: apt-get install postgresql-client-${major}, from apt.postgresql.org where the distribution is older; macOS: brew install postgresql@${major}), or name a pg_dump in PG_DUMP. Supabase makes backups too: give the id of one with --backup-id.`;

/**
 * Finds a `pg_dump` that can dump a server of a major version: pg_dump refuses servers that are newer than itself.
 * Of several the one nearest to the server. PostgreSQL 17 manual, pg_dump, "Notes".
 * @throws DeployError BACKUP_TOOL_MISSING, BACKUP_TOOL_TOO_OLD
 */
export async function findBackupTool(
  serverMajor: number,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<BackupTool> {
  const found: BackupTool[] = [];
  for (const dump of candidates(environment)) {
    if (!existsSync(dump)) continue;
    const version = await clientVersion(dump);
    const restore = join(dirname(dump), `pg_restore${ending}`);
    if (version === null || !existsSync(restore)) continue;
    found.push({ dump, restore, version, major: Number.parseInt(version, 10) });
  }
  const [best] = found
    .filter(({ major }) => major >= serverMajor)
    .sort((one, other) => one.major - other.major);
  if (best) return best;
  const newest = found.sort((one, other) => other.major - one.major)[0];
  if (newest) {
    throw new DeployError(
      "BACKUP_TOOL_TOO_OLD",
      `${newest.dump} is version ${newest.version}, and the server is PostgreSQL ${serverMajor}: pg_dump cannot dump a server newer than itself`,
      install(serverMajor),
    );
  }
  const chosen = environment["PG_DUMP"];
  throw new DeployError(
    "BACKUP_TOOL_MISSING",
    chosen
      ? `PG_DUMP names ${chosen}, which is not a pg_dump with its pg_restore beside it`
      : "there is no pg_dump on PATH, and none where installers put it",
    install(serverMajor),
  );
}
