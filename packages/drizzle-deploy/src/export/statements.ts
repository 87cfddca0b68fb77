import type { Node } from "libpg-query";
import { DeployError } from "../findings/errors.ts";
import type { Migration } from "../migrations/index.ts";
import { fileOf } from "../migrations/names.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import { print } from "../sql/parser.ts";
import { dollarQuote, quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { names, walk } from "../sql/tree.ts";
import { type ParsedStatement, parseMigration } from "../statements/parse.ts";

/** Statements that make something, which may be there already. */
const makers = [
  "CreateStmt",
  "IndexStmt",
  "CreateTrigStmt",
  "ViewStmt",
  "CreateFunctionStmt",
  "CreateDomainStmt",
  "CompositeTypeStmt",
  "CreateSeqStmt",
  "CreateSchemaStmt",
  "CreateExtensionStmt",
];

/** Commands of ALTER TABLE that do. */
const makingCommands = ["AT_AddColumn", "AT_AddConstraint"];

/** What PostgreSQL refuses to run in a transaction, or what would end it. */
const impossible = [
  "TransactionStmt",
  "VacuumStmt",
  "ClusterStmt",
  "CreatedbStmt",
  "DropdbStmt",
  "AlterSystemStmt",
  "CheckPointStmt",
];

const already =
  "duplicate_table OR duplicate_column OR duplicate_object OR duplicate_function OR duplicate_schema";
const gone = "undefined_object OR undefined_table OR undefined_column OR undefined_function";

const kindOf = (node: Node): string => Object.keys(node)[0] ?? "";

/** Which errors say that a statement has nothing to do; null where none does. */
function excuse(node: Node): string | null {
  if ("AlterTableStmt" in node) {
    const [command, ...others] = node.AlterTableStmt.cmds ?? [];
    if (!command || others.length > 0 || !("AlterTableCmd" in command)) return null;
    const kind = command.AlterTableCmd.subtype ?? "";
    if (makingCommands.includes(kind)) return already;
    return kind === "AT_DropConstraint" || kind === "AT_DropColumn" ? gone : null;
  }
  if ("DropStmt" in node) return gone;
  return makers.includes(kindOf(node)) ? already : null;
}

/** What has to be done before a statement, as SQL. */
function preparation(node: Node, defaultSchema: string): string[] {
  if ("CreatePolicyStmt" in node) {
    const { policy_name: name = "", table } = node.CreatePolicyStmt;
    return [
      `DROP POLICY IF EXISTS ${quoteIdentifier(name)} ON ${quoteQualified(table?.schemaname ?? defaultSchema, table?.relname ?? "")}`,
    ];
  }
  if ("CreateTrigStmt" in node && !node.CreateTrigStmt.replace) {
    const { trigname = "", relation } = node.CreateTrigStmt;
    return [
      `DROP TRIGGER IF EXISTS ${quoteIdentifier(trigname)} ON ${quoteQualified(relation?.schemaname ?? defaultSchema, relation?.relname ?? "")}`,
    ];
  }
  return [];
}

/** Where a type is, as its parts; those of one without a schema are looked for where the migrations mean them. */
const qualify = (parts: readonly string[], defaultSchema: string): string => {
  const [name = "", schema = defaultSchema] = parts.toReversed();
  return quoteQualified(schema, name);
};

/**
 * The condition under which a statement is run, where an error in a block of its own would not do: what is added to an
 * enumeration can be used at once only where the type was made by this very transaction, not by a part of it.
 * PostgreSQL 17 manual, ALTER TYPE, "Notes".
 */
function conditionOf(node: Node, defaultSchema: string): string | null {
  if (!("CreateEnumStmt" in node)) return null;
  const type = qualify(names(node.CreateEnumStmt.typeName), defaultSchema);
  return `to_regtype(${quoteLiteral(type)}) IS NULL`;
}

/**
 * That no statement uses a value which an earlier one adds to an enumeration that was there before: PostgreSQL
 * refuses that until the adding is committed.
 * @throws DeployError FILE_INVALID
 */
export async function requireUsableLabels(
  migrations: readonly Migration[],
  { schemas: [defaultSchema], names: { command } }: Pick<Project, "schemas" | "names">,
): Promise<void> {
  const made = new Set<string>();
  const added = new Map<string, string>();
  for (const migration of migrations) {
    for (const { node } of parseMigration(migration)) {
      walk(node, ({ sval }) => {
        const type = typeof sval === "string" ? added.get(sval) : undefined;
        if (type === undefined) return;
        throw new DeployError(
          "FILE_INVALID",
          `${fileOf(migration)} uses '${sval}', which is added to ${type} before; PostgreSQL allows that only after a commit, and a script in one transaction has none`,
          `Deploy this migration with ${command} deploy.`,
        );
      });
      if ("CreateEnumStmt" in node) made.add(qualify(names(node.CreateEnumStmt.typeName), defaultSchema));
      if (!("AlterEnumStmt" in node)) continue;
      const { typeName, newVal, oldVal } = node.AlterEnumStmt;
      const type = qualify(names(typeName), defaultSchema);
      if (newVal !== undefined && !oldVal && !made.has(type)) added.set(newVal, type);
    }
  }
}

/** Lines that bring a table back from the archive instead of making it empty. */
function fromArchive(node: Node, { names: { archiveSchema }, defaultSchema }: BlockOptions): string[] {
  if (!("CreateStmt" in node)) return [];
  const { schemaname = defaultSchema, relname = "" } = node.CreateStmt.relation ?? {};
  const [here, there] = [quoteQualified(schemaname, relname), quoteQualified(archiveSchema, relname)];
  return [
    `  IF to_regclass(${quoteLiteral(here)}) IS NULL AND to_regclass(${quoteLiteral(there)}) IS NOT NULL THEN`,
    `    ALTER TABLE ${there} SET SCHEMA ${quoteIdentifier(schemaname)};`,
    "  END IF;",
  ];
}

/** A statement as it can run inside a transaction. */
function transactional({ node, sql }: ParsedStatement, file: string, { command }: Names): string {
  if (impossible.includes(kindOf(node))) {
    throw new DeployError(
      "FILE_INVALID",
      `${file} holds a statement that a script in one transaction cannot hold: ${sql.split("\n", 1)[0]}`,
      `Deploy this migration with ${command} deploy.`,
    );
  }
  if ("IndexStmt" in node && node.IndexStmt.concurrent) {
    return print({ IndexStmt: { ...node.IndexStmt, concurrent: false } });
  }
  if ("DropStmt" in node && node.DropStmt.concurrent) {
    return print({ DropStmt: { ...node.DropStmt, concurrent: false } });
  }
  return sql;
}

export interface BlockOptions {
  readonly names: Names;
  readonly defaultSchema: string;
  /** Lines to run after a statement, by what it makes: to bring what was there into its form. */
  readonly afterTable: (schema: string, name: string) => readonly string[];
  /** A condition without which an index is left out; null where there is none. */
  readonly indexCondition: (name: string) => string | null;
}

/**
 * Lines of PL/pgSQL that run a migration's statements, each one such that what is there already does not stop it.
 * @throws DeployError FILE_INVALID
 */
export async function migrationLines(migration: Migration, options: BlockOptions): Promise<string[]> {
  const statements = parseMigration(migration);
  return statements.flatMap((statement) => {
    const { node, number } = statement;
    const run = `EXECUTE ${dollarQuote(transactional(statement, fileOf(migration), options.names), "sql")};`;
    const excused = excuse(node);
    const name = "IndexStmt" in node ? (node.IndexStmt.idxname ?? "") : "";
    const condition =
      "IndexStmt" in node ? options.indexCondition(name) : conditionOf(node, options.defaultSchema);
    const { schemaname = options.defaultSchema, relname = "" } =
      "CreateStmt" in node ? (node.CreateStmt.relation ?? {}) : {};
    const body = [
      ...fromArchive(node, options),
      ...preparation(node, options.defaultSchema).map((sql) => `  ${sql};`),
      ...(excused
        ? [
            "  BEGIN",
            `    ${run}`,
            `  EXCEPTION WHEN ${excused} THEN`,
            `    RAISE NOTICE 'statement % of %: nothing to do (%)', ${number}, ${quoteLiteral(migration.tag)}, SQLERRM;`,
            "  END;",
          ]
        : [`  ${run}`]),
      ...("CreateStmt" in node ? options.afterTable(schemaname, relname) : []),
    ];
    return condition ? [`  IF ${condition} THEN`, ...body, "  END IF;"] : body;
  });
}
