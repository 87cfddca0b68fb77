/*
 * What PostgreSQL refuses, as errors with names. Read by `typeof` and not by zod: whoever imports `spfp-db` only to
 * read would otherwise load zod for it.
 */

/** Every way in which the client refuses, or is refused by the database. The codes are stable. */
export const clientErrorCodes = [
  "DUPLICATE_CATEGORY_NAME",
  "DUPLICATE_DEFAULT_TEMPLATE",
  "DUPLICATE_VALUE",
  "NOT_ALLOWED",
  "STILL_REFERENCED",
  "MISSING_REFERENCE",
  "STILL_IN_USE",
  "PARENT_DELETED",
  "VALUE_REFUSED",
  "TRY_AGAIN",
  "CLAIMS_INVALID",
  "ROLE_NOT_GRANTED",
  "SESSION_NESTED",
  "CURSOR_INVALID",
  "PARAMETER_INVALID",
  "SNAPSHOT_MISSING",
] as const;

export type ClientErrorCode = (typeof clientErrorCodes)[number];

/** What the client throws: a stable code, a message for a developer, and what PostgreSQL said as the cause. */
export abstract class ClientError extends Error {
  abstract readonly code: ClientErrorCode;
}

/** What of a refusal PostgreSQL tells in fields of its own, by their names in its protocol. */
interface Refusal {
  /** SQLSTATE: https://www.postgresql.org/docs/17/errcodes-appendix.html */
  readonly sqlState: string;
  readonly message: string;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
}

/** A live category of that user has this name already, but for upper and lower case. */
export class DuplicateCategoryName extends ClientError {
  override readonly name = "DuplicateCategoryName";
  readonly code = "DUPLICATE_CATEGORY_NAME";
  /**
   * The category that has the name; undefined where the statement itself was refused, since PostgreSQL does not say
   * which row it was to whom row-level security holds.
   */
  readonly holder: string | undefined;

  constructor(holder: string | undefined, options?: ErrorOptions) {
    super(
      holder === undefined
        ? "a live category of this user has that name"
        : `the live category ${holder} of this user has that name`,
      options,
    );
    this.holder = holder;
  }
}

/** That user has a default template of this type already. */
export class DuplicateDefaultTemplate extends ClientError {
  override readonly name = "DuplicateDefaultTemplate";
  readonly code = "DUPLICATE_DEFAULT_TEMPLATE";

  constructor(options?: ErrorOptions) {
    super("this user has a default template of that type: take its mark away first", options);
  }
}

/** Another row has the value, of a column or several, that has to be unique. */
export class DuplicateValue extends ClientError {
  override readonly name = "DuplicateValue";
  readonly code = "DUPLICATE_VALUE";

  constructor(
    readonly table: string,
    /** The unique constraint or index. */
    readonly constraint: string,
    options?: ErrorOptions,
  ) {
    super(`another row of ${table} has that value (${constraint})`, options);
  }
}

/** The role of the session may not do that, or a row-level security policy does not let it write such a row. */
export class NotAllowed extends ClientError {
  override readonly name = "NotAllowed";
  readonly code = "NOT_ALLOWED";

  constructor(
    readonly table: string | undefined,
    options?: ErrorOptions,
  ) {
    super(
      table === undefined ? "the role of this session may not do that" : `not allowed on ${table}`,
      options,
    );
  }
}

/** The row cannot be deleted while rows of another table point to it. */
export class StillReferenced extends ClientError {
  override readonly name = "StillReferenced";
  readonly code = "STILL_REFERENCED";

  constructor(
    /** The table whose rows point to it. */
    readonly by: string,
    /** The foreign key. */
    readonly constraint: string,
    options?: ErrorOptions,
  ) {
    super(`rows of ${by} point to it (${constraint})`, options);
  }
}

/** The row points to one that is not there, or is another user's. */
export class MissingReference extends ClientError {
  override readonly name = "MissingReference";
  readonly code = "MISSING_REFERENCE";

  constructor(
    /** The table that was written to. */
    readonly table: string,
    /** The foreign key. */
    readonly constraint: string,
    options?: ErrorOptions,
  ) {
    super(`a row of ${table} points to one that is not there (${constraint})`, options);
  }
}

/** Live rows depend on what was to be soft-deleted. */
export class StillInUse extends ClientError {
  override readonly name = "StillInUse";
  readonly code = "STILL_IN_USE";

  constructor(
    readonly table: string,
    readonly id: string,
    /** The table of the live rows that depend on it. */
    readonly by: string,
    options?: ErrorOptions,
  ) {
    super(`live rows of ${by} depend on ${table} ${id}: move or delete them first`, options);
  }
}

/** What was to be restored belongs to a row that is deleted itself. */
export class ParentDeleted extends ClientError {
  override readonly name = "ParentDeleted";
  readonly code = "PARENT_DELETED";

  constructor(
    readonly table: string,
    readonly id: string,
    /** The table of the deleted row that it belongs to. */
    readonly parent: string,
    readonly parentId: string,
    options?: ErrorOptions,
  ) {
    super(`${table} ${id} belongs to ${parent} ${parentId}, which is deleted: restore that first`, options);
  }
}

/** Why a value is refused. */
export type ValueFault = "missing" | "too long" | "out of range" | "malformed" | "check";

/** A value that a column does not take: missing, too long, out of range, malformed, or refused by a check. */
export class ValueRefused extends ClientError {
  override readonly name = "ValueRefused";
  readonly code = "VALUE_REFUSED";

  constructor(
    readonly fault: ValueFault,
    /** The table, where PostgreSQL says it: not for what is too long, malformed or out of range. */
    readonly table: string | undefined,
    /** The column where one is missing, the constraint where a check refuses. */
    readonly subject: string | undefined,
    options?: ErrorOptions,
  ) {
    const where = [table, subject].filter((one) => one !== undefined).join(".");
    super(`a value is refused: ${fault}${where === "" ? "" : ` (${where})`}`, options);
  }
}

/** The transaction lost against another, or waited too long: nothing of it was kept, and it may be run again. */
export class TryAgain extends ClientError {
  override readonly name = "TryAgain";
  readonly code = "TRY_AGAIN";

  constructor(
    readonly reason: "serialization" | "deadlock" | "lock timeout",
    options?: ErrorOptions,
  ) {
    super(`the transaction can be run again: ${reason}`, options);
  }
}

/** The claims that a session was to have are not what the database can read. */
export class ClaimsInvalid extends ClientError {
  override readonly name = "ClaimsInvalid";
  readonly code = "CLAIMS_INVALID";
}

/** The role that the application connects as may not become the session's. */
export class RoleNotGranted extends ClientError {
  override readonly name = "RoleNotGranted";
  readonly code = "ROLE_NOT_GRANTED";

  constructor(
    readonly role: string,
    options?: ErrorOptions,
  ) {
    super(
      `the role that the application connects as may not become ${role}: connect as one that may, such as Supabase's ` +
        `authenticator, or GRANT ${role} to it`,
      options,
    );
  }
}

/** A session was asked for inside a transaction, or inside another session. */
export class SessionNested extends ClientError {
  override readonly name = "SessionNested";
  readonly code = "SESSION_NESTED";

  constructor() {
    super(
      "a session begins its own transaction, and cannot be inside one or inside another session: a role that is set " +
        "in it would stay for the rest of the outer one. Run one after the other, on the database and not on a transaction",
    );
  }
}

/** A cursor that no page of this list gave out. */
export class CursorInvalid extends ClientError {
  override readonly name = "CursorInvalid";
  readonly code = "CURSOR_INVALID";

  constructor() {
    super("this cursor was not given out by a page of this list");
  }
}

/** A parameter of a query that no database was asked with, since it can have no answer. */
export class ParameterInvalid extends ClientError {
  override readonly name = "ParameterInvalid";
  readonly code = "PARAMETER_INVALID";

  constructor(
    /** Its name in the call. */
    readonly parameter: string,
    /** What it has to be. */
    readonly expected: string,
  ) {
    super(`${parameter} has to be ${expected}`);
  }
}

/** What is read in pieces was to be read in a transaction that sees what others commit between two of them. */
export class SnapshotMissing extends ClientError {
  override readonly name = "SnapshotMissing";
  readonly code = "SNAPSHOT_MISSING";

  constructor() {
    super(
      "a stream is of one state of the database only in a transaction that is REPEATABLE READ: give `snapshot` as the " +
        "last argument of the session",
    );
  }
}

const fieldOf = (error: object, ...names: readonly string[]): string | undefined => {
  for (const [name, value] of Object.entries(error)) {
    if (names.includes(name) && typeof value === "string" && value !== "") return value;
  }
  return undefined;
};

/** How deep a driver's error may be wrapped: Drizzle wraps once, a pool or an application may again. */
const maxDepth = 5;

/**
 * PostgreSQL's own error in whatever it is wrapped in. The names of its fields differ: postgres-js has
 * `constraint_name`, node-postgres and PGlite `constraint`.
 */
function refusalIn(error: unknown): Refusal | undefined {
  let at = error;
  for (let depth = 0; depth < maxDepth && at instanceof Error; depth += 1) {
    // `code` alone may be Node's own: ECONNREFUSED.
    const sqlState = fieldOf(at, "code");
    const severity = fieldOf(at, "severity", "severity_local");
    if (sqlState !== undefined && severity !== undefined && /^[0-9A-Z]{5}$/.test(sqlState)) {
      return {
        sqlState,
        message: at.message,
        table: fieldOf(at, "table", "table_name"),
        column: fieldOf(at, "column", "column_name"),
        constraint: fieldOf(at, "constraint", "constraint_name"),
      };
    }
    at = at.cause;
  }
  return undefined;
}

/** The table that a message without a field of its own names, as far as it is in English or in quotes. */
const tableIn = (message: string): string | undefined =>
  /["«„“]([^"«»„“”]+)["»“”]/.exec(message)?.[1] ??
  /^permission denied for (?:table|view) (\S+)$/.exec(message)?.[1];

function duplicate({ table = "a table", constraint = "a unique index" }: Refusal, options: ErrorOptions) {
  if (constraint === "unique_user_category_name") return new DuplicateCategoryName(undefined, options);
  if (constraint === "unique_default_template") return new DuplicateDefaultTemplate(options);
  return new DuplicateValue(table, constraint, options);
}

/**
 * PostgreSQL refuses both sides of a foreign key with the same code and fields, `table` being the referencing one.
 * What tells them apart in every language of `lc_messages` is how many names the message quotes: who deletes what is
 * still referenced reads of two tables and the constraint, who points to nothing of one.
 */
function foreignKey(
  { table = "a table", constraint = "a foreign key", message }: Refusal,
  options: ErrorOptions,
) {
  const quoted = [...message.matchAll(/["«»„“”『』‘’]([^"«»„“”『』‘’]+)["«»„“”『』‘’]/g)].map(
    ([, name]) => name,
  );
  return quoted.length >= 3
    ? new StillReferenced(table, constraint, options)
    : new MissingReference(table, constraint, options);
}

/**
 * The error with a name for what PostgreSQL refused, with the original as its cause; whatever else it is comes back
 * unchanged. Sessions do this by themselves.
 *
 * @example
 * try {
 *   await db.insert(categories).values(category);
 * } catch (error) {
 *   throw namedError(error);
 * }
 */
export function namedError(error: unknown): unknown {
  if (error instanceof ClientError) return error;
  const refusal = refusalIn(error);
  if (refusal === undefined) return error;
  const options = { cause: error };
  const { table, column, constraint } = refusal;
  switch (refusal.sqlState) {
    case "23505":
      return duplicate(refusal, options);
    case "23503":
    case "23001":
      return foreignKey(refusal, options);
    case "23502":
      return new ValueRefused("missing", table, column, options);
    case "23514":
      return new ValueRefused("check", table, constraint, options);
    case "22001":
      return new ValueRefused("too long", table, column, options);
    case "22003":
    case "22008":
      return new ValueRefused("out of range", table, column, options);
    case "22P02":
    case "22007":
    case "22021":
    case "22P05":
      return new ValueRefused("malformed", table, column, options);
    case "42501":
      return new NotAllowed(table ?? tableIn(refusal.message), options);
    case "40001":
      return new TryAgain("serialization", options);
    case "40P01":
      return new TryAgain("deadlock", options);
    case "55P03":
      return new TryAgain("lock timeout", options);
    default:
      return error;
  }
}
