import { plural } from "drizzle-deploy/findings";
import type { Queryable, Transaction } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { requireTables, userUnknown } from "./export-user.ts";
import { type Login, readLogin, readLoginRights } from "./login.ts";
import { requireExported, type VerifiedExport } from "./manifest.ts";
import type { Receipt, Remainder } from "./receipt.ts";
import { wasErased } from "./record.ts";
import {
  countPointing,
  countPointingToLogin,
  examplesPointing,
  findReferences,
  isOwner,
  isToLogins,
  type Reference,
} from "./references.ts";
import {
  countOfUser,
  countRows,
  exactSettings,
  findUserTables,
  isTrail,
  labelOf,
  quoted,
  type UserTable,
} from "./user-tables.ts";

/** Everything that an erasure looks at before it begins. */
export interface Survey {
  readonly database: string;
  readonly role: string;
  readonly tables: readonly UserTable[];
  readonly references: readonly Reference[];
  readonly counts: readonly { readonly table: string; readonly rows: number }[];
  readonly login: Login;
  readonly unlinked: Receipt["unlinked"];
  readonly left: readonly Remainder[];
}

const whereSchema = z.tuple([z.object({ database: z.string(), role: z.string() })]);

/** The refusal where others have rows that would suffer. */
export const blocked = (what: readonly string[], cause?: unknown): SpfpError =>
  new SpfpError(
    "ERASURE_BLOCKED",
    `rows that are not this user's stand in the way: ${what.join("; ")}`,
    "Their owners have to move or delete them first. Nothing of them was touched; what was erased before stays erased, and the same command goes on.",
    { cause },
  );

/** A foreign key by its table and its name. */
export const nameOfKey = ({ constraint, from }: Reference): string => `${labelOf(from)} (${constraint})`;

/** What rows of others that point to the user's would suffer, where that is more than to point to nothing. */
async function findBlockers(
  sql: Queryable,
  references: readonly Reference[],
  userId: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const reference of references) {
    if (isToLogins(reference) || reference.onDelete === "unlink") continue;
    if (!reference.isReadable) {
      found.push(`${nameOfKey(reference)} may have rows, and this role may not look`);
      continue;
    }
    const rows = await countPointing(sql, reference, userId, "others");
    if (rows === 0) continue;
    const ids = await examplesPointing(sql, reference, userId);
    const named = ids.length === 0 ? "" : ` (${ids.join(", ")}${rows > ids.length ? ", …" : ""})`;
    const fate = reference.onDelete === "refuse" ? "keeps these" : "would delete those with them";
    found.push(
      `${plural(rows, "row")} of ${labelOf(reference.from)}${named} that point to theirs in ${labelOf(reference.to)}: the key ${reference.constraint} ${fate}`,
    );
  }
  return found;
}

/** As `findBlockers`, of rows that point to the login. */
async function findLoginBlockers(
  sql: Queryable,
  references: readonly Reference[],
  userId: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const reference of references) {
    const isOurs = reference.isOfUsers && (isOwner(reference) || reference.isNullable);
    if (!isToLogins(reference) || isOurs || reference.onDelete !== "refuse" || !reference.isReadable)
      continue;
    const rows = await countPointingToLogin(sql, reference, userId);
    if (rows > 0) found.push(`${plural(rows, "row")} of ${nameOfKey(reference)} that keep the login`);
  }
  return found;
}

/** A column of other users' rows that names the user: who approved an activity. It is emptied. */
export const isUnlinked = (one: Reference): boolean =>
  isToLogins(one) && one.isOfUsers && !isOwner(one) && one.isNullable && one.columns.length === 1;

async function countUnlinked(
  sql: Queryable,
  references: readonly Reference[],
  userId: string,
): Promise<Receipt["unlinked"]> {
  const found: Receipt["unlinked"] = [];
  for (const reference of references) {
    const isLink = isUnlinked(reference);
    if (!isLink && (isToLogins(reference) || reference.onDelete !== "unlink" || !reference.isReadable))
      continue;
    const rows = isLink
      ? await countPointingToLogin(sql, reference, userId)
      : await countPointing(sql, reference, userId, "others");
    const column = reference.columns.map(({ from }) => from).join(", ");
    if (rows > 0) found.push({ table: labelOf(reference.from), column, rows });
  }
  return found;
}

/** What mentions the user and is not an erasure's to touch. */
async function findLeft(
  sql: Queryable,
  { tables, references }: Pick<Survey, "tables" | "references">,
  userId: string,
  erasesLogin: boolean,
): Promise<Remainder[]> {
  const left: Remainder[] = [];
  for (const reference of references) {
    if (reference.isOfUsers || !isToLogins(reference)) continue;
    const rows = reference.isReadable ? await countPointingToLogin(sql, reference, userId) : null;
    if (rows === 0) continue;
    const goes = erasesLogin && reference.onDelete !== "refuse";
    const fate =
      reference.onDelete === "delete" ? "goes with the login" : "points to nothing without the login";
    const why = goes ? fate : "not one of the managed tables";
    // Supabase's own say nothing that the login does not.
    if (reference.from.schema !== "auth" || !goes) left.push({ where: nameOfKey(reference), rows, why });
  }
  const trail = tables.find(isTrail);
  if (trail !== undefined) {
    const rows = await countRows(
      sql,
      `select count(*) as rows from ${quoted(trail)} where changed_by = $1::text and user_id <> $1::uuid`,
      [userId],
    );
    const why = "as who changed other users' permissions: it is their trail, which nobody changes";
    if (rows > 0) left.push({ where: `${labelOf(trail)}.changed_by`, rows, why });
  }
  const files = tables.find(({ schema, name }) => schema === "public" && name === "user_files");
  if (files !== undefined) {
    const query = `select count(*) as rows from ${quoted(files)} where user_id = $1::uuid`;
    const rows = await countRows(sql, query, [userId]);
    const why = "the files themselves, in Supabase Storage: delete them there, by storage_path of the export";
    if (rows > 0) left.push({ where: "files in Storage", rows, why });
  }
  return left;
}

/**
 * Looks at everything before anything is deleted, in one state of the database.
 * @throws SpfpError NOT_DEPLOYED, PERMISSION_DENIED, ERASURE_BLOCKED, EXPORT_OUTDATED, USER_UNKNOWN
 */
export async function surveyUser(
  sql: Transaction,
  userId: string,
  erasesLogin: boolean,
  verified: VerifiedExport | null,
): Promise<Survey> {
  await sql.unsafe(exactSettings);
  const tables = await findUserTables(sql);
  requireTables(tables);
  // First, since it is refused to a role that does not see all rows.
  const counts = await countOfUser(sql, tables, userId);
  if (erasesLogin && !(await readLoginRights(sql)).erase) {
    throw new SpfpError(
      "PERMISSION_DENIED",
      "this role may not delete from auth.users",
      "Leave --login out, and delete the login by Supabase's own API afterwards; or connect as a role that may.",
    );
  }
  const references = await findReferences(sql, tables);
  const blockers = [
    ...(await findBlockers(sql, references, userId)),
    ...(erasesLogin ? await findLoginBlockers(sql, references, userId) : []),
  ];
  if (blockers.length > 0) throw blocked(blockers);
  if (verified !== null) await requireExported(sql, verified);
  const [{ database, role }] = whereSchema.parse([
    ...(await sql.unsafe(`select current_database() as database, current_user as role`)),
  ]);
  const login = await readLogin(sql, userId);
  if (login === "gone" && counts.every(({ rows }) => rows === 0) && !(await wasErased(sql, userId)))
    throw userUnknown(userId);
  return {
    database,
    role,
    tables,
    references,
    counts,
    login,
    unlinked: await countUnlinked(sql, references, userId),
    left: await findLeft(sql, { tables, references }, userId, erasesLogin),
  };
}
