import type { LockStmt, TransactionStmt, VacuumStmt, VariableSetStmt } from "libpg-query";
import { type LockMode, lockModes } from "../model/lock-modes.ts";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { catalogChange, type Draft, lock, refused, target } from "./draft.ts";
import { opaque } from "./opaque.ts";
import { resolve } from "./resolve.ts";

/*
 * Statements about the session or the transaction that a migration runs in. What they are for is understood, and given by
 * the deployment where it is its own to give: a file that was applied somewhere may not be changed any more.
 */

/** Nothing to run: the deployment begins, ends and limits its transactions itself. */
const ours = (title: string, sql: string): Draft =>
  catalogChange({
    kind: "opaque",
    title,
    sql,
    target: null,
    goal: { does: "session" },
    safety: "It is not run.",
  });

const words = (sql: string): string => sql.replaceAll(/\s+/g, " ").slice(0, 80);

/** `BEGIN`, `COMMIT` and their like, which people write to get out of the migrator's transaction. */
export function transactionControl({ kind }: TransactionStmt, sql: string): Draft[] {
  switch (kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
    case "TRANS_STMT_COMMIT":
      return [ours(words(sql), sql)];
    default:
      return [
        refused(
          sql,
          "It takes back a part of what the migration has done, and the planner cannot tell which.",
          "Leave it out, together with what it takes back.",
        ),
      ];
  }
}

/** Limits that the deployment sets itself, for each step. PostgreSQL 17 manual, 19.11.1 "Statement Behavior". */
const limits = [
  "lock_timeout",
  "statement_timeout",
  "transaction_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "deadlock_timeout",
  "client_min_messages",
  "maintenance_work_mem",
  "max_parallel_maintenance_workers",
];

/** `SET` and `RESET`. */
export function setting({ name, kind }: VariableSetStmt, sql: string): Draft[] {
  if (name !== undefined && limits.includes(name)) return [ours(words(sql), sql)];
  const changesNames = name === "search_path" || kind === "VAR_RESET_ALL";
  return [
    {
      ...opaque(words(sql), sql),
      hazards: changesNames
        ? [
            {
              name: "unknown",
              message:
                "The planner takes names without a schema to be of public, and this changes what they are.",
              safeForm: "Write the schema before each name instead.",
            },
          ]
        : [],
    },
  ];
}

/** `LOCK TABLE`: held to the end of the transaction, with what comes after it. */
export function lockTables({ relations = [], mode }: LockStmt, sql: string): Draft[] {
  const tables = relations.flatMap((node) => ("RangeVar" in node ? [resolve(node.RangeVar)] : []));
  // Numbered from 1, in the order of the manual's list. PostgreSQL 17 manual, 13.3.1.
  const wanted: LockMode = lockModes[(mode ?? lockModes.length) - 1] ?? "ACCESS EXCLUSIVE";
  return [
    catalogChange({
      kind: "opaque",
      title: `lock ${tables.map(qualifiedLabel).join(", ")}`,
      sql,
      target: null,
      needs: tables.map((table) => target("table", table)),
      locks: tables.map((table) => lock(table, wanted)),
      goal: { does: "journalled" },
      safety: "Asked for with a timeout, and given back with the transaction.",
    }),
  ];
}

/** A temporary table, or another relation of the session's own. */
export function temporary(verb: string, name: string, sql: string, needs: readonly Target[]): Draft {
  return catalogChange({
    kind: "opaque",
    title: `${verb} ${name}`,
    sql,
    target: null,
    needs,
    goal: { does: "journalled" },
    safety: "Nobody else sees it.",
  });
}

/** `ANALYZE` and `VACUUM`: nothing that a catalog shows, and nobody waits for it but other maintenance. */
export function maintenance(
  { is_vacuumcmd: vacuums = false, rels = [], options = [] }: VacuumStmt,
  sql: string,
): Draft[] {
  const tables = rels.flatMap((node): QualifiedName[] =>
    "VacuumRelation" in node && node.VacuumRelation.relation ? [resolve(node.VacuumRelation.relation)] : [],
  );
  const isFull = options.some((node) => "DefElem" in node && node.DefElem.defname === "full");
  const of = tables.length > 0 ? tables.map(qualifiedLabel).join(", ") : "every table";
  return [
    catalogChange({
      kind: "table option",
      title: `${vacuums ? "vacuum" : "analyze"} ${of}`,
      sql,
      target: null,
      needs: tables.map((table) => target("table", table)),
      locks: tables.map((table) =>
        lock(table, isFull ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE", "long"),
      ),
      // PostgreSQL 17 manual, "VACUUM": it cannot run inside a transaction block.
      transactional: !vacuums,
      goal: { does: "journalled" },
      safety: "Others read and write meanwhile.",
      hazards: isFull
        ? [
            {
              name: "rewrite",
              message: `${of} is rewritten while nobody can read or write it.`,
              safeForm: "VACUUM without FULL, or a tool that copies the table beside it.",
            },
          ]
        : [],
    }),
  ];
}
