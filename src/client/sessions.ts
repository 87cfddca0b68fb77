import { AsyncLocalStorage } from "node:async_hooks";
import { is, type SQL, sql, type TablesRelationalConfig } from "drizzle-orm";
import {
  type PgDatabase,
  type PgQueryResultHKT,
  PgTransaction,
  type PgTransactionConfig,
} from "drizzle-orm/pg-core";
import { ClaimsInvalid, NotAllowed, namedError, RoleNotGranted, SessionNested } from "./errors.ts";
import { isUuid } from "./forms.ts";

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** The claims of a signed-in user's token. Whoever calls has verified it: the database takes them as they are. */
export interface UserClaims {
  /** The user's id in `auth.users`: what `auth.uid()` gives, and every policy compares with. */
  readonly sub: string;
  readonly role?: "authenticated";
  readonly email?: string;
  readonly [claim: string]: JsonValue | undefined;
}

/** The roles that a request can have, as Supabase's API sets them. */
export type SessionRole = "anon" | "authenticated" | "service_role";

type Work<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
  Result,
> = (tx: PgTransaction<Query, Full, Schema>) => Promise<Result>;

/** The claims as JSON that PostgreSQL can read; throws {@link ClaimsInvalid}. */
function claimsOf(claims: UserClaims): string {
  if (!isUuid(claims.sub)) throw new ClaimsInvalid("the claim sub is no UUID");
  if (claims.role !== undefined && claims.role !== "authenticated")
    throw new ClaimsInvalid("the claim role is another than authenticated: use asService or asAnonymous");
  const text = JSON.stringify({ ...claims, role: "authenticated" });
  // JSON can hold it and jsonb can't, so that auth.jwt() would fail in every policy.
  if (text.includes("\\u0000"))
    throw new ClaimsInvalid("a claim has the character NUL, which PostgreSQL cannot hold");
  return text;
}

/** The session that the code which is running now is in, and whether it has ended meanwhile. */
const current = new AsyncLocalStorage<{ ended: boolean }>();

/**
 * Sets role and claims for this transaction alone: the last argument of `set_config` says so. The claims by themselves,
 * as older API servers gave them, are set too, since `auth.uid()` and `auth.jwt()` prefer them: what another client of the
 * pool may have left in the connection would otherwise decide.
 * https://www.postgresql.org/docs/17/functions-admin.html#FUNCTIONS-ADMIN-SET
 */
function settings(role: SessionRole, claims: string, { sub = "", email = "" }: Partial<UserClaims>): SQL {
  return sql`select set_config('request.jwt.claims', ${claims}, true), set_config('request.jwt.claim', ${claims}, true), set_config('request.jwt.claim.sub', ${sub}, true), set_config('request.jwt.claim.role', ${role}, true), set_config('request.jwt.claim.email', ${email}, true), set_config('role', ${role}, true)`;
}

async function inSession<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
  Result,
>(
  db: PgDatabase<Query, Full, Schema>,
  role: SessionRole,
  settle: SQL,
  work: Work<Query, Full, Schema, Result>,
  config: PgTransactionConfig | undefined,
): Promise<Result> {
  if (is(db, PgTransaction) || current.getStore()?.ended === false) throw new SessionNested();
  const session = { ended: false };
  try {
    return await db.transaction(async (tx) => {
      try {
        await tx.execute(settle);
      } catch (error) {
        const named = namedError(error);
        throw named instanceof NotAllowed ? new RoleNotGranted(role, { cause: error }) : named;
      }
      return current.run(session, () => work(tx));
    }, config);
  } catch (error) {
    throw namedError(error);
  } finally {
    session.ended = true;
  }
}

/**
 * Runs `work` in a transaction as the signed-in user whose claims these are: with the role `authenticated`, held by
 * row-level security, as Supabase's API would. Role and claims end with the transaction, so that a pool's next client
 * has none of them. Works on a database, not inside a transaction or another session.
 *
 * @param claims of a token that was verified; sent as a parameter, never as SQL
 * @param config isolation level, access mode
 * @throws {ClaimsInvalid} before anything is sent
 * @throws {SessionNested} where it would be inside another
 * @throws {RoleNotGranted} where the application's own role may not become the user's
 * @throws what `work` throws; PostgreSQL's refusals as a {@link ClientError}
 *
 * @example
 * const rows = await asUser(db, { sub: userId }, (tx) => tx.select().from(accounts).where(live(accounts)));
 */
export function asUser<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
  Result,
>(
  db: PgDatabase<Query, Full, Schema>,
  claims: UserClaims,
  work: Work<Query, Full, Schema, Result>,
  config?: PgTransactionConfig,
): Promise<Result> {
  return Promise.resolve().then(() => {
    const text = claimsOf(claims);
    return inSession(db, "authenticated", settings("authenticated", text, claims), work, config);
  });
}

/** As {@link asUser}, for a visitor who is not signed in: the role `anon`. */
export function asAnonymous<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
  Result,
>(
  db: PgDatabase<Query, Full, Schema>,
  work: Work<Query, Full, Schema, Result>,
  config?: PgTransactionConfig,
): Promise<Result> {
  return inSession(db, "anon", settings("anon", '{"role":"anon"}', {}), work, config);
}

/**
 * As {@link asUser}, for the application itself: the role `service_role`, which row-level security does not hold. Every
 * query has to name the user whose rows it is about.
 */
export function asService<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
  Result,
>(
  db: PgDatabase<Query, Full, Schema>,
  work: Work<Query, Full, Schema, Result>,
  config?: PgTransactionConfig,
): Promise<Result> {
  return inSession(db, "service_role", settings("service_role", '{"role":"service_role"}', {}), work, config);
}
