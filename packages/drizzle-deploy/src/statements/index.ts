import type { Target } from "../model/step.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { names } from "../sql/tree.ts";
import { alterTable } from "./alter-table.ts";
import { comment } from "./comment.ts";
import { createIndex } from "./create-index.ts";
import { createTable } from "./create-table.ts";
import { createTableAs, createView, refreshView } from "./create-view.ts";
import { insert, merge, remove, select, truncate, update } from "./data.ts";
import { type Draft, part, refused, type StatementContext, target } from "./draft.ts";
import { drop } from "./drop.ts";
import { alterFunction, createFunction } from "./function.ts";
import { defaultPrivileges, grant, grantRole } from "./grant.ts";
import { neededVersion } from "./needed-version.ts";
import { opaque } from "./opaque.ts";
import type { ParsedStatement } from "./parse.ts";
import { alterPolicy, createPolicy } from "./policy.ts";
import { alterPublication, createPublication } from "./publication.ts";
import { changeOwner, rename, setSchema } from "./rename.ts";
import { repairs } from "./repairs.ts";
import { resolve } from "./resolve.ts";
import { role } from "./role.ts";
import { createExtension, createSchema } from "./schema.ts";
import { alterSequence, createSequence } from "./sequence.ts";
import { lockTables, maintenance, setting, transactionControl } from "./session.ts";
import { alterStatistics, createStatistics } from "./statistics.ts";
import { createTrigger } from "./trigger.ts";
import { alterDomain, alterEnum, createComposite, createDomain, createEnum, createRange } from "./type.ts";

export type { Draft, Goal, StatementContext, Work } from "./draft.ts";

/** A statement that belongs to a session, not to a database: the deployment has a session of its own. */
const ofSession = "It would change the session that deploys, and nothing that stays.";

/**
 * The steps that a statement takes on a live database, before they are held against one. What is not understood is
 * one step with the hazard `unsupported`, never a guess.
 */
export function classify(
  { node, sql, isTolerant = false }: Pick<ParsedStatement, "node" | "sql" | "isTolerant">,
  context: StatementContext,
): Draft[] {
  const needed = neededVersion(node);
  if (needed !== null && needed.version > context.serverVersion) {
    return [
      refused(
        sql,
        `PostgreSQL ${needed.version} brought ${needed.what}; the server is PostgreSQL ${context.serverVersion}.`,
        `Write the migration for PostgreSQL ${context.serverVersion}, or upgrade the server first.`,
      ),
    ];
  }
  const ifExists = optional(node, context);
  const drafts = faithfully(sql, () => dispatch(node, sql, context));
  const made = isTolerant || saysIfNotExists(node) ? drafts[0]?.goal : undefined;
  const ifNotExists = made?.does === "create" ? made.target : null;
  return drafts.map((draft) => ({
    ...(ifNotExists ? { ifNotExists } : {}),
    ...draft,
    ...(ifExists ? { ifExists } : {}),
  }));
}

/** Whether it is a `CREATE … IF NOT EXISTS`; of columns each says so for itself. */
function saysIfNotExists(node: ParsedStatement["node"]): boolean {
  const words =
    "CreateStmt" in node
      ? node.CreateStmt.if_not_exists
      : "IndexStmt" in node
        ? node.IndexStmt.if_not_exists
        : "CreateTableAsStmt" in node
          ? node.CreateTableAsStmt.if_not_exists
          : "CreateSeqStmt" in node
            ? node.CreateSeqStmt.if_not_exists
            : "CreateSchemaStmt" in node
              ? node.CreateSchemaStmt.if_not_exists
              : "CreateExtensionStmt" in node
                ? node.CreateExtensionStmt.if_not_exists
                : "CreateStatsStmt" in node
                  ? node.CreateStatsStmt.if_not_exists
                  : false;
  return words === true;
}

/** What an `ALTER … IF EXISTS` asks for; a `DROP` of what is not there is nothing to do in any case. */
function optional(node: ParsedStatement["node"], context: StatementContext): Target | null {
  const [relation, type] =
    "AlterTableStmt" in node && node.AlterTableStmt.missing_ok
      ? [node.AlterTableStmt.relation, node.AlterTableStmt.objtype]
      : "RenameStmt" in node && node.RenameStmt.missing_ok
        ? [node.RenameStmt.relation, node.RenameStmt.renameType]
        : "AlterObjectSchemaStmt" in node && node.AlterObjectSchemaStmt.missing_ok
          ? [node.AlterObjectSchemaStmt.relation, node.AlterObjectSchemaStmt.objectType]
          : "AlterSeqStmt" in node && node.AlterSeqStmt.missing_ok
            ? [node.AlterSeqStmt.sequence, "OBJECT_SEQUENCE" as const]
            : [undefined, undefined];
  if (relation === undefined) return null;
  const name = resolve(relation);
  if (type === "OBJECT_INDEX") return part("index", context.indexTable(name) ?? name, name.name);
  return target(type === "OBJECT_SEQUENCE" ? "sequence" : "table", name);
}

/** What a table that is there already may lack of a `CREATE TABLE`: see `repairs`. */
export function classifyRepairs(
  { node, sql, isTolerant = false }: ParsedStatement,
  context: StatementContext,
): Draft[][] {
  let parts: Draft[][] = [];
  const table = "CreateStmt" in node ? target("table", resolve(node.CreateStmt.relation)) : null;
  const ifNotExists = isTolerant || saysIfNotExists(node) ? table : null;
  const failed = faithfully(sql, () => {
    parts = repairs(node, context);
    return [];
  });
  if (failed.length > 0) return [failed];
  return ifNotExists ? parts.map((drafts) => drafts.map((draft) => ({ ...draft, ifNotExists }))) : parts;
}

function faithfully(sql: string, work: () => Draft[]): Draft[] {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [
      refused(sql, `The safe form of this statement ${error.message}`, "Write it in its safe form yourself."),
    ];
  }
}

function dispatch(node: ParsedStatement["node"], sql: string, context: StatementContext): Draft[] {
  if ("CreateStmt" in node) return createTable(node.CreateStmt, sql, context);
  if ("AlterTableStmt" in node) return alterTable(node.AlterTableStmt, sql, context);
  if ("IndexStmt" in node) return createIndex(node.IndexStmt, sql, context);
  if ("DropStmt" in node) return drop(node.DropStmt, sql, context);
  if ("ViewStmt" in node) return createView(node.ViewStmt, sql, context);
  if ("CreateTableAsStmt" in node) return createTableAs(node.CreateTableAsStmt, sql);
  if ("RefreshMatViewStmt" in node) return refreshView(node.RefreshMatViewStmt, sql, context);
  if ("CreateFunctionStmt" in node) return createFunction(node.CreateFunctionStmt, sql, context);
  if ("AlterFunctionStmt" in node) return alterFunction(node.AlterFunctionStmt, sql, context);
  if ("CreateTrigStmt" in node) return createTrigger(node.CreateTrigStmt, sql, context);
  if ("CreatePolicyStmt" in node) return createPolicy(node.CreatePolicyStmt, sql);
  if ("AlterPolicyStmt" in node) return alterPolicy(node.AlterPolicyStmt, sql);
  if ("CreateStatsStmt" in node) return createStatistics(node.CreateStatsStmt, sql);
  if ("AlterStatsStmt" in node) return alterStatistics(node.AlterStatsStmt, sql);
  if ("CreatePublicationStmt" in node) return createPublication(node.CreatePublicationStmt, sql, context);
  if ("AlterPublicationStmt" in node) return alterPublication(node.AlterPublicationStmt, sql, context);
  if ("GrantStmt" in node) return grant(node.GrantStmt, sql, context);
  if ("AlterDefaultPrivilegesStmt" in node) return defaultPrivileges(node.AlterDefaultPrivilegesStmt, sql);
  if ("GrantRoleStmt" in node) return grantRole(node.GrantRoleStmt, sql);
  if ("CommentStmt" in node) return comment(node.CommentStmt, sql, context);
  if ("RenameStmt" in node) {
    const { renameType, subname = "" } = node.RenameStmt;
    return renameType === "OBJECT_ROLE"
      ? role("rename", subname, sql)
      : rename(node.RenameStmt, sql, context);
  }
  if ("AlterObjectSchemaStmt" in node) return setSchema(node.AlterObjectSchemaStmt, sql, context);
  if ("AlterOwnerStmt" in node) return changeOwner(node.AlterOwnerStmt, sql);
  if ("CreateEnumStmt" in node) return createEnum(node.CreateEnumStmt, sql);
  if ("AlterEnumStmt" in node) return alterEnum(node.AlterEnumStmt, sql, context);
  if ("CompositeTypeStmt" in node) return createComposite(node.CompositeTypeStmt, sql);
  if ("CreateDomainStmt" in node) return createDomain(node.CreateDomainStmt, sql);
  if ("AlterDomainStmt" in node) return alterDomain(node.AlterDomainStmt, sql, context);
  if ("CreateRangeStmt" in node) return createRange(node.CreateRangeStmt, sql);
  if ("CreateSeqStmt" in node) return createSequence(node.CreateSeqStmt, sql);
  if ("AlterSeqStmt" in node) return alterSequence(node.AlterSeqStmt, sql, context);
  if ("CreateSchemaStmt" in node) return createSchema(node.CreateSchemaStmt, sql);
  if ("CreateExtensionStmt" in node) return createExtension(node.CreateExtensionStmt, sql);
  if ("CreateRoleStmt" in node) return role("create", node.CreateRoleStmt.role ?? "", sql);
  if ("AlterRoleStmt" in node) return role("alter", node.AlterRoleStmt.role?.rolename ?? "", sql);
  if ("AlterRoleSetStmt" in node) return role("alter", node.AlterRoleSetStmt.role?.rolename ?? "", sql);
  if ("DropRoleStmt" in node) {
    const roles = (node.DropRoleStmt.roles ?? []).flatMap((one) =>
      "RoleSpec" in one ? [one.RoleSpec.rolename ?? ""] : [],
    );
    return roles.flatMap((name) =>
      role("drop", name, roles.length === 1 ? sql : `DROP ROLE ${quoteIdentifier(name)}`),
    );
  }
  if ("InsertStmt" in node) return insert(node.InsertStmt, sql, context);
  if ("UpdateStmt" in node) return update(node.UpdateStmt, sql, context);
  if ("DeleteStmt" in node) return remove(node.DeleteStmt, sql, context);
  if ("MergeStmt" in node) return merge(node.MergeStmt, sql, context);
  if ("TruncateStmt" in node) return truncate(node.TruncateStmt, sql, context);
  if ("SelectStmt" in node) return select(node.SelectStmt, sql, context);
  if ("DoStmt" in node) return [opaque("run a DO block", sql)];
  if ("CallStmt" in node) {
    return [opaque(`call ${names(node.CallStmt.funccall?.funcname).join(".")}`, sql)];
  }
  if ("TransactionStmt" in node) return transactionControl(node.TransactionStmt, sql);
  if ("VariableSetStmt" in node) return setting(node.VariableSetStmt, sql);
  if ("LockStmt" in node) return lockTables(node.LockStmt, sql);
  if ("VacuumStmt" in node) return maintenance(node.VacuumStmt, sql);
  return [refusedByKind(node, sql)];
}

function refusedByKind(node: ParsedStatement["node"], sql: string): Draft {
  if ("DiscardStmt" in node || "PrepareStmt" in node) {
    return refused(sql, ofSession, "Leave it out; attach settings to functions and roles with ALTER … SET.");
  }
  if ("ListenStmt" in node || "NotifyStmt" in node || "UnlistenStmt" in node)
    return refused(sql, ofSession, "Leave it out.");
  if ("ClusterStmt" in node || "ReindexStmt" in node || "CheckPointStmt" in node) {
    return refused(
      sql,
      "Maintenance is no change of the schema, and may lock a table for as long as it is large.",
      "Run it by hand: VACUUM (ANALYZE), REINDEX … CONCURRENTLY.",
    );
  }
  if ("CopyStmt" in node) {
    return refused(
      sql,
      "COPY reads from the client that sends it, and a migration has none.",
      "INSERT … VALUES, or load the rows outside the migration.",
    );
  }
  if (
    "CreatedbStmt" in node ||
    "DropdbStmt" in node ||
    "AlterSystemStmt" in node ||
    "CreateTableSpaceStmt" in node ||
    "DropTableSpaceStmt" in node
  ) {
    return refused(
      sql,
      "It changes the server and not this database, and runs in no transaction.",
      "Leave it out, and run it by hand.",
    );
  }
  const [kind = "statement"] = Object.keys(node);
  const words = kind
    .replace(/Stmt$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
  return {
    ...opaque(`run ${words}`, sql),
    hazards: [
      {
        name: "unknown",
        message: `The planner does not know the statement "${words}": neither what it locks, nor for how long.`,
        safeForm: "See what it locks in PostgreSQL's manual, and run it in a quiet hour.",
      },
    ],
  };
}
