import { columnsRead } from "../catalog/columns-read.ts";
import type { Catalog, Index } from "../catalog/index.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { journalTableOf } from "../model/journal-table.ts";
import { settingName } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import { insertionOf, isRowOf, journalDefinition } from "../records/journal.ts";
import type { QualifiedName } from "../sql/names.ts";
import { dollarQuote, quoteIdentifier, quoteLiteral, quoteName, quoteQualified } from "../sql/quote.ts";
import { parseMigration } from "../statements/parse.ts";
import { type Excerpts, excerptsOf, labelOf } from "./excerpt.ts";
import { migrationLines, requireUsableLabels } from "./statements.ts";
import { differencesQuery, type Expectation, type Optional, pinSettings } from "./validation.ts";

/** `editor`: Supabase's SQL editor, or psql. `supabase`: a file of `supabase/migrations/`. `validate`: only looks. */
export const exportKinds = ["editor", "supabase", "validate"] as const;

export type ExportKind = (typeof exportKinds)[number];

/** A script for those without the command line. */
export interface ExportedScript {
  /** A file name for it. */
  readonly name: string;
  readonly sql: string;
}

/** What a script is made from. */
interface Source {
  readonly project: Project;
  readonly baseline: readonly Migration[];
  readonly pending: readonly Migration[];
  /** Null where there was nothing before. */
  readonly base: Catalog | null;
  readonly head: Catalog;
  readonly excerpts: Excerpts;
  readonly optional: readonly (Optional & { readonly name: string; readonly condition: string })[];
}

function readSource(project: Project): Source {
  const migrations = readMigrations(project.migrationsFolder);
  const at = migrations.findIndex(({ tag }) => tag === project.baselineTag) + 1;
  const last = migrations.at(-1);
  if (!last) throw new TypeError(`${project.migrationsFolder} holds no migration`);
  const head = project.expectedCatalog(last.tag);
  const base = project.baselineTag === null ? null : project.expectedCatalog(project.baselineTag);
  return {
    project,
    baseline: migrations.slice(0, at),
    pending: migrations.slice(at),
    base,
    head,
    excerpts: excerptsOf(base, head),
    optional: base ? optionalIndexes(project, base, head) : [],
  };
}

/** Indexes that the project leaves out where a column of theirs is missing. */
function optionalIndexes(project: Project, base: Catalog, head: Catalog): Source["optional"] {
  return head.tables.flatMap((table) =>
    table.indexes.flatMap((index) => {
      const without: Catalog = {
        ...base,
        tables: base.tables.map((one) =>
          one.schema === table.schema && one.name === table.name
            ? {
                ...one,
                columns: one.columns.filter(({ name }) => !index.keys.some(({ column }) => column === name)),
              }
            : one,
        ),
      };
      const target = { kind: "index", schema: table.schema, name: index.name, table: table.name } as const;
      if (project.leaveOut(target, without) === null || project.leaveOut(target, base) !== null) return [];
      return index.keys.flatMap(({ column }) => {
        if (column === null) return [];
        const parent = {
          kind: "table",
          schema: table.schema,
          name: table.name,
          parent: null,
          label: "",
        } as const;
        const part = (kind: "index" | "column", name: string) =>
          labelOf({ kind, schema: table.schema, name, parent, label: "" });
        return {
          name: index.name,
          object: part("index", index.name),
          unless: part("column", column),
          condition: hasColumn(table, column),
        };
      });
    }),
  );
}

const hasColumn = ({ schema, name }: QualifiedName, column: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass(${quoteLiteral(quoteQualified(schema, name))}) AND attname = ${quoteLiteral(column)} AND NOT attisdropped)`;

const isApplied = (migration: Migration, project: Project): string =>
  `EXISTS (SELECT FROM ${quoteName(journalTableOf(project))} WHERE ${isRowOf(migration)})`;

const record = (migration: Migration, project: Project): string =>
  `${insertionOf(migration, journalTableOf(project))};`;

function block(lines: readonly string[], declarations: readonly string[] = []): string {
  const declare =
    declarations.length > 0 ? `DECLARE\n${declarations.map((line) => `  ${line}`).join("\n")}\n` : "";
  return `DO ${dollarQuote(`\n${declare}BEGIN\n${lines.join("\n")}\nEND\n`, "block")};\n`;
}

/** Names are looked for where the migrations mean them; extensions live in a schema of their own on Supabase. */
const searchPath = ({ project }: Source): string =>
  `  PERFORM set_config('search_path', ${quoteLiteral([...new Set(["public", ...project.schemas, "extensions"])].map(quoteIdentifier).join(", "))}, true);`;

/** What the pending migrations build upon: refused early, and in words, where it is missing. */
function requireBaseline(source: Source): string {
  const { project, base, head, baseline, optional, excerpts } = source;
  if (!base) return "";
  const left = new Set(optional.map(({ unless }) => unless));
  const columns = columnsRead(base, head, {
    reading: "presence",
    isChanged: excerpts.isChanged,
  });
  const wanted = base.tables.flatMap((table) =>
    table.columns.flatMap((column) => {
      const label = `table ${table.schema}.${table.name}, column ${column.name}`;
      const isRead = columns.includes(`${table.schema}.${table.name}.${column.name}`);
      return isRead && !left.has(label) ? [[table.schema, table.name, column.name]] : [];
    }),
  );
  const tables = base.tables.map(({ schema, name }) => [schema, name]);
  const first = baseline.at(-1);
  return [
    "-- What the migrations build upon has to be there. A database that Drizzle has never seen is recorded as standing",
    "-- at the baseline.",
    block(
      [
        `  IF ${first ? isApplied(first, project) : "false"} THEN RETURN; END IF;`,
        "  SELECT string_agg(name, ', ') INTO missing FROM (",
        "    SELECT format('%s.%s', t ->> 0, t ->> 1) AS name",
        `    FROM json_array_elements(${dollarQuote(JSON.stringify(tables), "tables")}) t`,
        "    WHERE to_regclass(format('%I.%I', t ->> 0, t ->> 1)) IS NULL",
        "    UNION ALL",
        "    SELECT format('%s.%s.%s', c ->> 0, c ->> 1, c ->> 2)",
        `    FROM json_array_elements(${dollarQuote(JSON.stringify(wanted), "columns")}) c`,
        "    WHERE to_regclass(format('%I.%I', c ->> 0, c ->> 1)) IS NOT NULL AND NOT EXISTS (",
        "      SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = to_regclass(format('%I.%I', c ->> 0, c ->> 1))",
        "        AND a.attname = c ->> 2 AND NOT a.attisdropped)",
        "  ) m;",
        "  IF missing IS NOT NULL THEN",
        `    RAISE EXCEPTION 'this database is not at the baseline (%): missing %', ${quoteLiteral(first?.tag ?? "")}, missing`,
        `      USING HINT = 'Nothing was changed. Is this the right database? ${project.names.command} baseline --dry-run says more.';`,
        "  END IF;",
        ...baseline.map(
          (migration) =>
            `  IF NOT ${isApplied(migration, project)} THEN ${record(migration, project)} END IF;`,
        ),
      ],
      ["missing text;"],
    ),
  ].join("\n");
}

/** Rows that a new unique index would refuse: found before anything is changed. */
function requireNoDuplicates({ project, base, head }: Source): string {
  const rules = head.tables.flatMap((table) => {
    const was = base?.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
    if (!was) return [];
    return table.indexes
      .filter((index) => index.unique && !was.indexes.some(({ name }) => name === index.name))
      .filter((index) =>
        index.keys.every(({ column }) => column === null || was.columns.some(({ name }) => name === column)),
      )
      .map((index) => ({ table, index }));
  });
  if (rules.length === 0) return "";
  const { mergeDuplicates } = project.names;
  const hint = quoteLiteral(
    `Nothing was changed. Merge them first${mergeDuplicates ? `: ${mergeDuplicates}` : ""}`,
  );
  const lines = rules.flatMap(({ table, index }) => [
    `  IF to_regclass(${quoteLiteral(quoteQualified(table.schema, index.name))}) IS NULL THEN`,
    `    SELECT count(*) INTO groups FROM (${duplicates(table, index)}) d;`,
    "    IF groups > 0 THEN",
    `      RAISE EXCEPTION '% group(s) of rows of % are duplicates for %', groups, ${quoteLiteral(`${table.schema}.${table.name}`)}, ${quoteLiteral(index.name)}`,
    `        USING ERRCODE = 'unique_violation', HINT = ${hint};`,
    "    END IF;",
    "  END IF;",
  ]);
  return ["-- Rows that the new uniqueness rules would refuse.", block(lines, ["groups bigint;"])].join("\n");
}

function duplicates({ schema, name }: QualifiedName, { keys, predicate, nullsNotDistinct }: Index): string {
  const list = keys.map(({ expression }) => expression);
  const filled = nullsNotDistinct ? [] : list.map((key) => `(${key}) IS NOT NULL`);
  const conditions = [...(predicate ? [`(${predicate})`] : []), ...filled];
  return `SELECT FROM ${quoteQualified(schema, name)}${conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : ""} GROUP BY ${list.join(", ")} HAVING count(*) > 1`;
}

/** A check constraint that a table of the same name has in another form is brought into the one that is wanted. */
function correctChecks(made: Catalog, schema: string, name: string): string[] {
  const table = made.tables.find((one) => one.schema === schema && one.name === name);
  return (table?.constraints ?? [])
    .filter(({ type }) => type === "c")
    .flatMap((constraint) => {
      const at = `conrelid = to_regclass(${quoteLiteral(quoteQualified(schema, name))}) AND conname = ${quoteLiteral(constraint.name)}`;
      const same = `pg_get_constraintdef(oid) = ${dollarQuote(constraint.definition, "check")}`;
      const alter = `ALTER TABLE ${quoteQualified(schema, name)}`;
      return [
        `  IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE ${at} AND ${same}) THEN`,
        `    ${alter} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(constraint.name)};`,
        `    ${alter} ADD CONSTRAINT ${quoteIdentifier(constraint.name)} ${constraint.definition};`,
        "  END IF;",
      ];
    });
}

/** A change of rows that a deployment began in batches would be made once more by a script. */
function requireNoBatches(migration: Migration, { names }: Project): string[] {
  const changesRows = parseMigration(migration).some(
    ({ node }) => "UpdateStmt" in node || "DeleteStmt" in node || "InsertStmt" in node,
  );
  if (!changesRows) return [];
  const table = quoteQualified(names.recordSchema, "batches");
  return [
    `  IF to_regclass(${quoteLiteral(table)}) IS NOT NULL THEN`,
    `    IF EXISTS (SELECT FROM ${table} WHERE migration_hash = ${quoteLiteral(migration.hash)}) THEN`,
    `      RAISE EXCEPTION '% was begun in batches, and some of its rows are changed already', ${quoteLiteral(migration.tag)}`,
    `        USING HINT = ${quoteLiteral(`Nothing was changed. Continue it with ${names.command} deploy.`)};`,
    "    END IF;",
    "  END IF;",
  ];
}

async function migrationBlock(migration: Migration, source: Source): Promise<string> {
  const { project, optional } = source;
  const lines = await migrationLines(migration, {
    names: project.names,
    defaultSchema: "public",
    afterTable: (schema, name) => correctChecks(project.expectedCatalog(migration.tag), schema, name),
    indexCondition: (name) => optional.find((one) => one.name === name)?.condition ?? null,
  });
  return [
    `-- ${migration.tag}`,
    block([
      `  IF ${isApplied(migration, project)} THEN`,
      `    RAISE NOTICE '% is applied already', ${quoteLiteral(migration.tag)};`,
      "    RETURN;",
      "  END IF;",
      ...requireNoBatches(migration, project),
      searchPath(source),
      ...lines,
      `  ${record(migration, project)}`,
    ]),
  ].join("\n");
}

const expectation = ({ project, excerpts, optional }: Source, isWhole: boolean): Expectation => ({
  changed: excerpts.changed,
  unchanged: isWhole ? excerpts.unchanged : null,
  absent: excerpts.absent,
  optional: optional.map(({ object, unless }) => ({ object, unless })),
  schemas: project.schemas,
});

/** Ends a script that changes something: nothing of it stays unless everything holds. */
function requireExpected(source: Source): string {
  return [
    "-- Everything that the migrations make has to be there now, in every detail.",
    block(
      [
        pinSettings(source.project.schemas),
        "  SELECT string_agg(format('%s: expected %s, found %s', object, expected, coalesce(actual, 'nothing')), E'\\n'), count(*)",
        "  INTO differences, number FROM (",
        differencesQuery(expectation(source, false)),
        "  ) d;",
        "  IF number > 0 THEN",
        "    RAISE EXCEPTION E'% thing(s) are not as the migrations make them:\\n%', number, left(differences, 4000)",
        "      USING HINT = 'Nothing was changed. What is there stands in the way: bring it to what is expected, or remove it.';",
        "  END IF;",
        `  PERFORM set_config(${outcomeSetting(source.project)}, 'completed', false);`,
      ],
      ["differences text;", "number bigint;"],
    ),
  ].join("\n");
}

/** Where a script keeps how it went, for its last statement. */
const outcomeSetting = ({ names }: Project): string => quoteLiteral(settingName(names, "outcome"));

/** What a script ends with: the line of success, or that there is none. */
const endingOf = (
  project: Project,
): string => `SELECT CASE current_setting(${outcomeSetting(project)}, true) WHEN 'completed' THEN ${quoteLiteral(project.names.success)}
  ELSE 'NOT completed, and nothing was changed: the first error says why.' END AS result;
`;

const comment = (lines: readonly string[]): string =>
  lines.map((line) => (line ? `-- ${line}` : "--")).join("\n");

async function changingScript(source: Source, isWrapped: boolean): Promise<string> {
  const { project, pending } = source;
  const { command, success } = project.names;
  const outcome = outcomeSetting(project);
  await requireUsableLabels(pending, project);
  const parts = [
    `-- Where Drizzle records what is applied, so that drizzle-kit and ${project.names.command} carry on from here.
${journalDefinition([...source.baseline, ...pending], journalTableOf(project))}`,
    requireBaseline(source),
    requireNoDuplicates(source),
  ];
  for (const migration of pending) parts.push(await migrationBlock(migration, source));
  parts.push(requireExpected(source));
  const header = comment([
    `${project.name}: migrations ${pending[0]?.tag} to ${pending.at(-1)?.tag}. Written by ${command} export; do not edit.`,
    "",
    "EVERYTHING RUNS IN ONE TRANSACTION, AND THAT BLOCKS WRITES: PostgreSQL keeps every lock until the end, so that",
    "applications wait to write to these tables, and for a moment to read them, until the last index is built. A change",
    `of many rows, which ${command} deploy makes in batches, is made as a whole.`,
    `Run it while nobody works; it gives up after waiting five seconds for a lock. On a live database run ${command} deploy,`,
    "which does the same online.",
    "",
    "Safe to run again: what is applied is skipped. If anything fails, nothing of it stays.",
    `When all is well the last result is: ${success}`,
  ]);
  const body = parts.filter((part) => part !== "").join("\n");
  if (!isWrapped) {
    return `${header}\n\nSELECT set_config('lock_timeout', '5s', true), set_config(${outcome}, '', false);\n\n${body}\n${endingOf(project)}`;
  }
  return `${header}\n\nSELECT set_config(${outcome}, '', false);\nBEGIN;\nSET LOCAL lock_timeout = '5s';\n\n${body}\nCOMMIT;\n\n${endingOf(project)}`;
}

function validatingScript(source: Source): string {
  const { project, pending } = source;
  const { command, success } = project.names;
  const setting = quoteLiteral(settingName(project.names, "report"));
  const header = comment([
    `${project.name}: is this database as migration ${pending.at(-1)?.tag} makes it? Written by ${command} export.`,
    "",
    "READS ONLY. The result has a row for each difference: an error is something that a migration makes and that is not",
    "so, a note something that no migration since the baseline touches. Without errors the last row is:",
    success,
  ]);
  const report = block([
    pinSettings(project.schemas),
    `  PERFORM set_config(${setting}, coalesce((SELECT json_agg(d ORDER BY severity, object) FROM (`,
    differencesQuery(expectation(source, true)),
    "  ) d), '[]')::text, false);",
  ]);
  return `${header}

SELECT set_config(${setting}, '', false);
BEGIN READ ONLY;
${report}
COMMIT;

WITH report AS (
  SELECT d.* FROM json_to_recordset(coalesce(nullif(current_setting(${setting}, true), ''),
      '[{"severity": "error", "object": "the validation", "expected": "to run", "actual": "it failed"}]')::json)
    AS d (severity text, object text, expected text, actual text)
)
SELECT severity, object, expected, actual FROM report
UNION ALL
SELECT 'ok', ${quoteLiteral(success)}, NULL, NULL WHERE NOT EXISTS (SELECT FROM report WHERE severity = 'error');
`;
}

/** `20260214093000`: as Supabase's command line names its migrations. */
const timestamp = (date: Date): string => date.toISOString().replaceAll(/[-:T]|\..*$/g, "");

/**
 * Writes a project's migrations as one SQL script for those without the command line: for Supabase's SQL editor or
 * psql, for `supabase/migrations/`, or one that only validates.
 *
 * @param now for the name of a file that Supabase's command line sorts by its time
 * @throws DeployError FILE_MISSING, FILE_INVALID for a migration that no transaction can hold
 * @example
 * const { name, sql } = await exportScript(project, "editor");
 */
export async function exportScript(
  project: Project,
  kind: ExportKind,
  now: Date = new Date(),
): Promise<ExportedScript> {
  const source = readSource(project);
  const base = project.name.replaceAll(/[^\w-]+/g, "_");
  switch (kind) {
    case "editor":
      return { name: `${base}.sql`, sql: await changingScript(source, true) };
    case "supabase":
      return { name: `${timestamp(now)}_${base}.sql`, sql: await changingScript(source, false) };
    case "validate":
      return { name: `${base}_validate.sql`, sql: validatingScript(source) };
  }
}
