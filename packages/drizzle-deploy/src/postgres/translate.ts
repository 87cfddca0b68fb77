import postgres from "postgres";
import { DeployError } from "../findings/errors.ts";
import { type DatabaseUrl, redactUrl } from "./url.ts";

const unreachable = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EACCES",
  "ENOENT",
  "CONNECT_TIMEOUT",
]);

const lost = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "ECONNRESET",
  "EPIPE",
  // Class 08 and 57P0x: PostgreSQL 17 manual, appendix A "PostgreSQL Error Codes".
  "08000",
  "08003",
  "08006",
  "57P01",
  "57P02",
  "57P05",
]);

/** What Node and OpenSSL say no to. Node's manual, "TLS (SSL)", "X509 certificate error codes". */
const ofTls =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)|CERT|^EPROTO$/;

/** Text of a dual-stack failure is empty in Node; the causes say it. */
function reason(error: Error): string {
  const causes = error instanceof AggregateError ? error.errors : [];
  const first: unknown = causes[0];
  return error.message || (first instanceof Error ? first.message : error.name);
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/**
 * An error of the driver, of the socket or of the server as one that a person can act on. What it doesn't know it
 * gives back as it is: that is a bug, and is reported as one.
 */
export function translate(error: unknown, url?: DatabaseUrl): Error {
  if (error instanceof DeployError) return error;
  if (!(error instanceof Error)) return new Error(String(error));
  const where = url === undefined ? "The server" : redactUrl(url);
  const code = codeOf(error);
  const refuse = (as: DeployError["code"], message: string, remedy: string) =>
    new DeployError(as, message, remedy, { cause: error });

  if (unreachable.has(code)) {
    return refuse(
      "SERVER_UNREACHABLE",
      `${where} cannot be reached: ${reason(error)}.`,
      "Check the host and the port, that the server runs, and that no firewall is between.",
    );
  }
  if (lost.has(code)) {
    return refuse(
      "CONNECTION_LOST",
      code.startsWith("CONNECTION_")
        ? `The connection to ${url === undefined ? "the server" : where} was lost.`
        : `${where} closed the connection: ${reason(error)}.`,
      "Run the command again once the server is back; its log says why.",
    );
  }
  if (ofTls.test(code)) {
    return refuse(
      "SERVER_UNREACHABLE",
      `${where} cannot be reached by TLS: ${reason(error)}.`,
      "Use sslmode=require to encrypt without verifying, sslrootcert=FILE to name the authority, or the host name that the certificate is for.",
    );
  }
  if (!(error instanceof postgres.PostgresError)) return error;
  switch (code) {
    case "28P01":
    case "28000":
      return refuse(
        "LOGIN_REFUSED",
        `${where} refused the login: ${error.message}.`,
        "Check the user and the password of the URL; a password has to be percent-encoded.",
      );
    case "3D000":
      return refuse(
        "DATABASE_MISSING",
        `${where}: ${error.message}.`,
        "Check the name of the database, or create it.",
      );
    case "42501":
      return refuse(
        "PERMISSION_DENIED",
        `${url === undefined ? "" : `${where}: `}${error.message}.`,
        "Connect as the role that owns the objects (on Supabase: postgres), or have it granted.",
      );
    case "55P03":
      return refuse(
        "LOCK_TIMEOUT",
        `${url === undefined ? "" : `${where}: `}${error.message}.`,
        "Another session holds a lock that this needs: see pg_stat_activity and pg_locks, then run it again.",
      );
    case "25006":
      return refuse(
        "STATEMENT_FAILED",
        `${url === undefined ? "" : `${where}: `}${error.message} (SQLSTATE ${code}).`,
        "Nothing was changed. Connect to the primary if this is a standby; else see what sets default_transaction_read_only (Supabase does where the disk is full).",
      );
    case "53300":
    case "57P03":
      return refuse("SERVER_UNREACHABLE", `${where}: ${error.message}.`, "Wait a moment and try again.");
    default:
      return refuse(
        "STATEMENT_FAILED",
        `${url === undefined ? "" : `${where}: `}${error.message} (SQLSTATE ${code}).`,
        error.hint ??
          "Nothing of the statement was applied; see appendix A of the PostgreSQL manual for the SQLSTATE.",
      );
  }
}
