import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { type DatabaseUrl, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";

/** PgBouncer, of Debian's package `pgbouncer`; not everybody's PATH has the folder that it is in. */
const path = [process.env["PATH"] ?? "", "/usr/sbin", "/usr/local/sbin"].join(delimiter);

/** Why there is no PgBouncer to test with, or null. */
export function pgbouncerMissing(): string | null {
  const { error } = spawnSync("pgbouncer", ["--version"], { env: { PATH: path } });
  return error
    ? "there is no pgbouncer here (Debian: apt-get install pgbouncer); a pooler of the tests' own stands in"
    : null;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Starts PgBouncer in front of the server of `url`, on loopback, in a mode of its own. */
export async function startPgbouncer(
  url: DatabaseUrl,
  mode: "transaction" | "session" | "statement",
): Promise<{ url: DatabaseUrl; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "spfp-pgbouncer-"));
  const port = await freePort();
  const server = new URL(url);
  const users = join(folder, "users.txt");
  writeFileSync(
    users,
    `"${decodeURIComponent(server.username)}" "${decodeURIComponent(server.password)}"\n`,
    { mode: 0o600 },
  );
  const config = join(folder, "pgbouncer.ini");
  writeFileSync(
    config,
    `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = 10
`,
    { mode: 0o600 },
  );
  // As root it refuses to run; this is the account that nothing belongs to.
  const asRoot = userInfo().uid === 0;
  const nobody = 65534;
  if (asRoot) {
    chmodSync(folder, 0o755);
    for (const file of [folder, users, config]) chownSync(file, nobody, nobody);
  }
  const child = spawn("pgbouncer", [config], {
    env: { PATH: path },
    stdio: ["ignore", "ignore", "pipe"],
    ...(asRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`pgbouncer ended: ${log}`)));
    child.stderr.on("data", (chunk) => {
      log += chunk;
      if (log.includes("process up")) resolve();
    });
  });
  const pooled = new URL(url);
  pooled.port = String(port);
  return {
    url: parseDatabaseUrl(pooled.href),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
