import { join } from "node:path";
import { DeployError } from "../findings/errors.ts";
import { ownFile, textOf } from "./files.ts";

/**
 * Finds the settings of a service in the text of a service file; undefined where it is not in it.
 * PostgreSQL 17 manual, 32.17 "The Connection Service File".
 * @param file for messages
 * @throws DeployError FILE_INVALID; its message repeats nothing of a line, which may hold a password
 */
export function findService(
  text: string,
  service: string,
  file: string,
): ReadonlyMap<string, string> | undefined {
  let settings: Map<string, string> | undefined;
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      if (settings) return settings;
      if (line.startsWith(`[${service}]`)) settings = new Map();
      continue;
    }
    if (!settings) continue;
    const equals = line.indexOf("=");
    const name = line.slice(0, equals);
    if (equals < 1 || name === "service" || line.startsWith("ldap")) {
      throw new DeployError(
        "FILE_INVALID",
        `Line ${at + 1} of ${file}, in service ${JSON.stringify(service)}, is not a connection setting.`,
        "Write it as name=value, as host=db.example.com; another service and LDAP cannot be named there.",
      );
    }
    if (!settings.has(name)) settings.set(name, line.slice(equals + 1));
  }
  return settings;
}

/**
 * The settings of a service, from PGSERVICEFILE or `~/.pg_service.conf`, or else from `pg_service.conf` in PGSYSCONFDIR.
 * @throws DeployError FILE_MISSING, FILE_INVALID
 */
export function readService(
  service: string,
  environment: NodeJS.ProcessEnv = process.env,
): ReadonlyMap<string, string> {
  const named = environment["PGSERVICEFILE"] || undefined;
  const own = named ?? ownFile(".pg_service.conf", ".pg_service.conf", environment);
  const folder = environment["PGSYSCONFDIR"] || undefined;
  const files = [own, ...(folder === undefined ? [] : [join(folder, "pg_service.conf")])];
  let isFound = false;
  for (const file of files) {
    const text = textOf(file);
    if (text === undefined) {
      if (file !== named) continue;
      throw new DeployError(
        "FILE_MISSING",
        `The service file ${file} (PGSERVICEFILE) cannot be read.`,
        "Check its path and its permissions.",
      );
    }
    isFound = true;
    const settings = findService(text, service, file);
    if (settings) return settings;
  }
  throw new DeployError(
    "FILE_MISSING",
    `The service ${JSON.stringify(service)} is ${isFound ? "not defined in" : "named, and there is no"} ${files.join(" or ")}.`,
    "Define it there, or name another file in PGSERVICEFILE.",
  );
}
