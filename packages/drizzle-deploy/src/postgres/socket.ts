import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { DeployError } from "../findings/errors.ts";
import { isOpenToOthers, readForTls } from "./files.ts";
import { addressOf, type DatabaseUrl, redactUrl } from "./url.ts";

// PostgreSQL 17 manual, 53.2.10 "SSL Session Encryption": length 8, then the request code 80877103.
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

// What a server may answer to a startup message: authentication, error, notice, another protocol version.
const firstMessages = new Set(["R", "E", "N", "v"]);

function notPostgres(url: DatabaseUrl, what: string): DeployError {
  return new DeployError(
    "NOT_POSTGRES",
    `${redactUrl(url)} ${what}: another program than PostgreSQL listens there.`,
    "Check the host and the port of the URL; PostgreSQL's port is 5432 unless configured otherwise.",
  );
}

function tlsOptions(url: DatabaseUrl): ConnectionOptions {
  const { host, sslMode, sslRootCertificate, sslCertificate, sslKey, sslPassword } = addressOf(url);
  const options: ConnectionOptions = isIP(host) ? { host } : { host, servername: host };
  if (sslRootCertificate !== undefined && sslRootCertificate !== "system") {
    options.ca = readForTls(sslRootCertificate, "sslrootcert");
  }
  if (sslCertificate !== undefined) options.cert = readForTls(sslCertificate, "sslcert");
  if (sslKey !== undefined) {
    options.key = readForTls(sslKey, "sslkey");
    if (isOpenToOthers(sslKey)) {
      throw new DeployError(
        "FILE_INVALID",
        `The key ${sslKey} (sslkey) may be read by others than its owner.`,
        `Protect it: chmod 600 ${sslKey}`,
      );
    }
  }
  if (sslPassword !== undefined) options.passphrase = sslPassword;
  // libpq: a root certificate turns `require` into `verify-ca`.
  const verifies =
    sslMode.startsWith("verify") || (sslMode === "require" && sslRootCertificate !== undefined);
  options.rejectUnauthorized = verifies;
  if (sslMode !== "verify-full") options.checkServerIdentity = () => undefined;
  return options;
}

async function encrypt(socket: Socket, url: DatabaseUrl): Promise<Socket | TLSSocket> {
  const { sslMode } = addressOf(url);
  socket.write(sslRequest);
  const [data]: unknown[] = await once(socket, "data");
  socket.pause();
  const answer = Buffer.isBuffer(data) && data.length === 1 ? data.toString("latin1") : "";
  if (answer === "N") {
    if (sslMode === "prefer" || sslMode === "allow") return socket.resume();
    throw new DeployError(
      "SERVER_UNREACHABLE",
      `${redactUrl(url)} does not offer TLS, and sslmode=${sslMode} requires it.`,
      "Turn TLS on at the server, or use sslmode=prefer.",
    );
  }
  if (answer !== "S") throw notPostgres(url, "answers in another protocol");
  const secure = connectTls({ ...tlsOptions(url), socket });
  await once(secure, "secureConnect");
  return secure;
}

/**
 * Opens the socket of one connection, encrypted as the URL asks. The driver's own way is not used: it connects again
 * and again when something that is not PostgreSQL hangs up, and waits without end when it says nothing.
 * `opened()` has to be called once the session is established; before that a deadline runs.
 * @throws DeployError NOT_POSTGRES, SERVER_UNREACHABLE, FILE_MISSING, FILE_INVALID; or the socket's own error.
 */
export async function openSocket(url: DatabaseUrl): Promise<{ socket: Socket; opened: () => void }> {
  const { host, hostAddress, port, sslMode, connectTimeoutSeconds } = addressOf(url);
  const local = hostAddress === undefined && host.startsWith("/");
  const raw = local
    ? connectTcp(`${host}/.s.PGSQL.${port}`)
    : connectTcp({ host: hostAddress ?? host, port });
  let connected = false;
  const deadline = setTimeout(() => {
    const seconds = `within ${connectTimeoutSeconds} s`;
    raw.destroy(
      connected
        ? notPostgres(url, `accepts the connection and does not answer ${seconds}`)
        : Object.assign(new Error(`no answer ${seconds}`), { code: "ETIMEDOUT" }),
    );
  }, connectTimeoutSeconds * 1000);
  raw.once("close", () => clearTimeout(deadline));
  try {
    await once(raw, "connect");
    connected = true;
    const hungUp = new Promise<never>((_, reject) => {
      raw.once("error", reject);
      raw.once("close", () => reject(notPostgres(url, "hangs up at once")));
    });
    hungUp.catch(() => undefined);
    const socket = local || sslMode === "disable" ? raw : await Promise.race([encrypt(raw, url), hungUp]);
    const firstAnswer = (data: Buffer) => {
      if (!firstMessages.has(data.toString("latin1", 0, 1))) {
        socket.destroy(notPostgres(url, "answers in another protocol"));
      }
    };
    socket.once("data", firstAnswer);
    return { socket, opened: () => clearTimeout(deadline) };
  } catch (error) {
    raw.on("error", () => undefined);
    raw.destroy();
    throw error;
  }
}
