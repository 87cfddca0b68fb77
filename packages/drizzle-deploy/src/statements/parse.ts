import { DeployError } from "../findings/errors.ts";
import type { Migration } from "../migrations/index.ts";
import { fileOf } from "../migrations/names.ts";
import { parseStatements, type Statement, withoutLeadingComments } from "../sql/parser.ts";

/** One statement of a migration, as PostgreSQL's own parser reads it. */
export interface ParsedStatement extends Statement {
  /** Its place in the migration, from 1. */
  readonly number: number;
  /** Its text in the file; `sql` is what is inside of a block around it. */
  readonly asWritten: string;
  /** Whether it stood in a block that keeps silent about what is there already. */
  readonly isTolerant?: boolean;
}

/**
 * The statements of a migration in order.
 * @throws DeployError FILE_INVALID for one that PostgreSQL's grammar refuses, naming file and statement
 */
export function parseMigration(migration: Migration): ParsedStatement[] {
  const parsed: ParsedStatement[] = [];
  for (const text of migration.statements) {
    // The parser takes an empty text for an error, and a chunk may be all comment.
    if (withoutLeadingComments(text) === "") continue;
    try {
      for (const statement of parseStatements(text)) {
        parsed.push({ ...unwrapped(statement), number: parsed.length + 1, asWritten: statement.sql });
      }
    } catch (cause) {
      throw new DeployError(
        "FILE_INVALID",
        `${fileOf(migration)}, statement ${parsed.length + 1}, is not SQL that PostgreSQL 18 understands: ${cause instanceof Error ? cause.message : cause}`,
        "Correct the migration file; nothing was run.",
        { cause },
      );
    }
  }
  return parsed;
}

/*
 * The body of what drizzle-kit wrote, before PostgreSQL had to be asked, around a type or a foreign key that may be there
 * already. The parser of SQL takes a body for a text; in this one nothing is declared that could change what is inside.
 */
const envelope =
  /^\s*BEGIN\s+(\S[\s\S]*);\s*EXCEPTION\s+WHEN\s+(?:duplicate_\w+\s+(?:OR\s+duplicate_\w+\s+)*)THEN\s+null\s*;\s*END\s*;?\s*$/i;

/** Whether a statement makes one thing, a column or a constraint included, and nothing else. */
function makesWhatMayBeThere({ node }: Statement): boolean {
  const kinds = [
    "CreateEnumStmt",
    "CreateDomainStmt",
    "CompositeTypeStmt",
    "CreateStmt",
    "CreateSeqStmt",
    "CreateSchemaStmt",
    "IndexStmt",
    "ViewStmt",
    "CreatePolicyStmt",
    "CreateTrigStmt",
  ];
  if (kinds.some((kind) => kind in node)) return true;
  if (!("AlterTableStmt" in node)) return false;
  const { cmds = [] } = node.AlterTableStmt;
  const [only] = cmds;
  const adding = ["AT_AddConstraint", "AT_AddColumn"];
  return (
    cmds.length === 1 &&
    only !== undefined &&
    "AlterTableCmd" in only &&
    adding.includes(only.AlterTableCmd.subtype ?? "")
  );
}

/**
 * The statement inside a block that only keeps silent about what is there already, so that it is taken as any other;
 * a statement that is no such block as it is.
 */
function unwrapped(statement: Statement): Statement & Pick<ParsedStatement, "isTolerant"> {
  if (!("DoStmt" in statement.node)) return statement;
  const [body, ...others] = (statement.node.DoStmt.args ?? []).flatMap((node) =>
    "DefElem" in node && node.DefElem.defname === "as" && node.DefElem.arg && "String" in node.DefElem.arg
      ? [node.DefElem.arg.String.sval ?? ""]
      : ["another language"],
  );
  const inside = others.length === 0 ? envelope.exec(body ?? "")?.[1] : undefined;
  if (inside === undefined) return statement;
  try {
    const [only, ...rest] = parseStatements(inside);
    return only && rest.length === 0 && makesWhatMayBeThere(only) ? { ...only, isTolerant: true } : statement;
  } catch {
    return statement;
  }
}
