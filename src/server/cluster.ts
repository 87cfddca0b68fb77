import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Binaries } from "drizzle-deploy/scratch";
import { z } from "zod";
import { giveToOwner, type Places, unusable } from "./places.ts";

const secretsSchema = z.object({ id: z.string(), password: z.string(), ready: z.boolean() });

type Secrets = z.infer<typeof secretsSchema>;

/** Name of the file in a data directory that says which `data.json` belongs to it. */
const markFile = "spfp-db.id";

/**
 * The password of the server's roles; undefined where no complete cluster is.
 * @throws SpfpError DATA_DIRECTORY_UNUSABLE where it isn't ours to read
 */
export function readSecrets(places: Places): Secrets | undefined {
  if (!existsSync(places.secrets)) return undefined;
  try {
    return secretsSchema.parse(JSON.parse(readFileSync(places.secrets, "utf8")));
  } catch {
    throw unusable(
      places.data,
      `has a password file (${places.secrets}) that cannot be read`,
      "Run as the user who made it, or delete both and start again.",
    );
  }
}

function writeSecrets(places: Places, secrets: Secrets): void {
  writeFileSync(places.secrets, `${JSON.stringify(secrets)}\n`, { mode: 0o600 });
  giveToOwner(places.secrets);
}

/**
 * Looks at the data directory, and changes nothing.
 * @returns the secrets of a complete cluster; undefined where there is none, or one whose making was interrupted
 * @throws SpfpError DATA_DIRECTORY_UNUSABLE where something else is
 */
export function inspectCluster(places: Places): Secrets | undefined {
  const { data } = places;
  const secrets = readSecrets(places);
  const elsewhere = "Choose another folder with --data.";
  let entries: string[];
  try {
    entries = existsSync(data) ? readdirSync(data) : [];
    accessSync(existsSync(data) ? data : dirname(data), constants.W_OK);
  } catch (error) {
    const file = existsSync(data) && !statSync(data).isDirectory();
    const why = file ? "is a file" : `cannot be used: ${error instanceof Error ? error.message : error}`;
    throw unusable(data, why, elsewhere);
  }
  if (entries.length === 0) return undefined;
  if (secrets === undefined) {
    const what = entries.includes("PG_VERSION")
      ? "is a PostgreSQL cluster that spfp-db did not make"
      : "is not empty, and not a PostgreSQL cluster";
    throw unusable(data, what, elsewhere);
  }
  if (!secrets.ready) return undefined;
  const mark = join(data, markFile);
  if (!existsSync(mark) || readFileSync(mark, "utf8").trim() !== secrets.id) {
    throw unusable(data, `is not the one that ${places.secrets} was written for`, elsewhere);
  }
  return secrets;
}

/**
 * Opens the cluster of the data directory; clears what is left where that is asked for, or where its making was
 * interrupted. Only what this program made is ever cleared.
 * @returns its secrets, or undefined where it has to be made
 * @throws SpfpError DATA_DIRECTORY_UNUSABLE
 */
export function openCluster(places: Places, binaries: Binaries, fresh: boolean): Secrets | undefined {
  const secrets = inspectCluster(places);
  if (secrets === undefined || fresh) {
    rmSync(places.data, { recursive: true, force: true });
    rmSync(places.secrets, { force: true });
    return undefined;
  }
  const version = readFileSync(join(places.data, "PG_VERSION"), "utf8").trim();
  if (version !== String(binaries.version)) {
    throw unusable(
      places.data,
      `holds a cluster of PostgreSQL ${version}, and this is PostgreSQL ${binaries.version}`,
      "Start again with --fresh, which deletes its databases, or choose another folder with --data.",
    );
  }
  return secrets;
}

/** How a program of PostgreSQL is run: its messages in English, by the account, from a folder it can enter. */
function surroundings(places: Places) {
  const { PATH, SystemRoot, TMPDIR, TEMP, TMP } = process.env;
  const kept = Object.entries({ PATH, SystemRoot, TMPDIR, TEMP, TMP }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    cwd: dirname(places.data),
    env: { ...Object.fromEntries(kept), LC_ALL: "C", LANG: "C", TZ: "UTC" },
    windowsHide: true,
    ...places.account,
  };
}

/** PostgreSQL's own tables of characters: the same on every system, and lower() knows accents. */
const builtinLocale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];

/** The nearest to them that a server from before PostgreSQL 17 has: the system's. */
const systemLocale = ["--locale=C", "--lc-ctype=C.UTF-8"];

/** A cluster in the making: the program that makes it, and what to call when it has. */
export interface Making {
  child: ChildProcess;
  finished: Promise<Secrets>;
}

/**
 * Makes a cluster like Supabase's: its superuser is `supabase_admin`. Until `completeCluster` is called it counts as
 * half made, and the next start begins again.
 */
export function makeCluster(places: Places, binaries: Binaries, durable: boolean, logFile: number): Making {
  const secrets: Secrets = {
    id: randomUUID(),
    password: randomBytes(18).toString("base64url"),
    ready: false,
  };
  writeSecrets(places, secrets);
  mkdirSync(places.data, { recursive: true, mode: 0o700 });
  chmodSync(places.data, 0o700);
  if (places.account) chownSync(places.data, places.account.uid, places.account.gid);
  const folder = mkdtempSync(join(tmpdir(), "spfp-init-"));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, `${secrets.password}\n`, { mode: 0o600 });
  if (places.account) {
    for (const path of [folder, passwordFile]) chownSync(path, places.account.uid, places.account.gid);
  }
  const child = spawn(
    binaries.initdb,
    [
      `--pgdata=${places.data}`,
      "--username=supabase_admin",
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--encoding=UTF8",
      ...(binaries.version >= 17 ? builtinLocale : systemLocale),
      "--text-search-config=english",
      "--no-instructions",
      ...(durable ? [] : ["--no-sync"]),
    ],
    { ...surroundings(places), stdio: ["ignore", logFile, logFile] },
  );
  const finished = new Promise<Secrets>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve(secrets);
      else reject(new Error(`initdb ended with status ${status}`));
    });
  }).finally(() => rmSync(folder, { recursive: true, force: true }));
  return { child, finished };
}

/** Declares a cluster complete. */
export function completeCluster(places: Places, secrets: Secrets): void {
  writeFileSync(join(places.data, markFile), `${secrets.id}\n`);
  writeSecrets(places, { ...secrets, ready: true });
}

/** Starts the server process. It listens on loopback only, and on no Unix-domain socket: their paths are limited. */
export function spawnPostgres(
  places: Places,
  binaries: Binaries,
  port: number,
  durable: boolean,
  logFile: number,
): ChildProcess {
  const native = dirname(dirname(binaries.postgres));
  const statistics = ["so", "dylib", "dll"].some((ending) =>
    [join("lib", "postgresql"), "lib"].some((folder) =>
      existsSync(join(native, folder, `pg_stat_statements.${ending}`)),
    ),
  );
  const settings: Record<string, string | number> = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 100,
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] ",
    ...(statistics ? { shared_preload_libraries: "pg_stat_statements" } : {}),
    ...(durable
      ? {}
      : {
          fsync: "off",
          synchronous_commit: "off",
          full_page_writes: "off",
          wal_level: "minimal",
          max_wal_senders: 0,
        }),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawn(binaries.postgres, ["-D", places.data, ...options], {
    ...surroundings(places),
    stdio: ["ignore", logFile, logFile],
  });
}
