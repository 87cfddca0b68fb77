import { statSync } from "node:fs";
import { isOpenToOthers, ownFile, textOf } from "./files.ts";
import type { DatabaseAddress } from "./url.ts";

/** Folders of Unix-domain sockets that a server is built with: a connection by one of them is one to `localhost`. */
const socketFolders = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/** The first field of a line, with its escapes taken away, and what is behind the colon after it. */
function takeField(line: string): { field: string; isAny: boolean; rest: string | null } {
  let field = "";
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === ":") return { field, isAny: line.startsWith("*:"), rest: line.slice(at + 1) };
    if (character === "\\" && at + 1 < line.length) {
      at += 1;
      field += line.charAt(at);
    } else {
      field += character;
    }
  }
  return { field, isAny: false, rest: null };
}

/**
 * Finds the password for an address in the text of a password file: that of the first line that fits.
 * PostgreSQL 17 manual, 32.16 "The Password File".
 */
export function findPassword(
  text: string,
  { host, port, database, user }: Pick<DatabaseAddress, "host" | "port" | "database" | "user">,
): string | undefined {
  const wanted = [socketFolders.includes(host) ? "localhost" : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    let rest: string | null = line;
    const fits = wanted.every((value) => {
      if (rest === null) return false;
      const { field, isAny, rest: next } = takeField(rest);
      rest = next;
      return next !== null && (isAny || field === value);
    });
    if (fits && rest !== null) return takeField(rest).field;
  }
  return undefined;
}

/** A password, and why a password file was not read. */
export interface FoundPassword {
  /** Empty where there is none. */
  readonly password: string;
  /** Null where nothing is wrong with the file, or there is none. */
  readonly ignored: string | null;
}

/**
 * The password of an address: its own, or that of the password file (PGPASSFILE, `~/.pgpass`). A file that others may
 * read is not used, as libpq does not.
 */
export function passwordOf(address: DatabaseAddress): FoundPassword {
  if (address.password !== "") return { password: address.password, ignored: null };
  const file = address.passwordFile ?? ownFile(".pgpass", "pgpass.conf");
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) return { password: "", ignored: null };
  if (!stats.isFile()) return { password: "", ignored: `The password file ${file} is not a plain file.` };
  if (isOpenToOthers(file)) {
    return {
      password: "",
      ignored: `The password file ${file} was not read, because others may read it: chmod 600 ${file}`,
    };
  }
  const text = textOf(file);
  if (text === undefined) return { password: "", ignored: `The password file ${file} cannot be read.` };
  return { password: findPassword(text, address) ?? "", ignored: null };
}
