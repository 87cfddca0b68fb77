import { type Column, type Domain, objectKey, type Table, withoutValidity } from "../catalog/index.ts";
import { functionLabel, functionSignature } from "../kinds/function.ts";
import { defaultGrantees, setGrants } from "../kinds/grant.ts";
import { printed } from "../plan/edited-catalog.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteName, quoteQualified } from "../sql/quote.ts";
import { momentary, part } from "../statements/draft.ts";
import { dependentLabel, type KeptTable, partKey, type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find } from "./find.ts";
import { unfitReason } from "./fit.ts";
import { continueAt, identitySequence, isNumber, sequenceOptions } from "./types.ts";

/** Kinds of change to a column that stay: taking them back could lose or refuse what rows hold now. */
const keptProperties: Readonly<Record<string, string>> = {
  type: "its type",
  generated: "how it is generated",
  virtual: "how it is generated",
  identity: "its identity",
  collation: "its collation",
};

/** Properties of a table that stay: taking them back would rewrite it, or part it from its rows. */
const keptTableProperties = ["kind", "persistence", "partitionKey", "columnOrder"];

/** Makes defaults, and whether a column may be empty, as they were; columns themselves stay. */
export function undoColumns(context: RollbackContext): void {
  for (const kept of context.keptTables) {
    for (const column of kept.table.columns) {
      const was = kept.was.columns.find(({ name }) => name === column.name);
      if (was) restoreColumn(context, kept, column, was);
      else if (context.isCreated(partKey("column", kept.table, column.name)))
        relaxColumn(context, kept.table, column);
    }
  }
  for (const object of context.changes.removed) {
    if ((object.kind === "column" && object.parent?.kind === "table") || object.kind === "table") {
      context.keep(
        objectKey(object),
        `${object.kind} ${object.label} was dropped by the deployment and cannot be brought back: restore its rows from the backup`,
      );
    }
  }
}

function alterColumn(
  context: RollbackContext,
  table: Table,
  column: string,
  title: string,
  action: string,
): void {
  context.add({
    kind: "alter column",
    title: `${title} ${qualifiedLabel(table)}.${column}`,
    sql: underSchemas(
      context.before,
      `ALTER TABLE ${quoteName(table)} ALTER COLUMN ${quoteIdentifier(column)} ${action};`,
    ),
    target: part("column", table, column),
    locks: [[table, "ACCESS EXCLUSIVE"]],
    safety: momentary,
  });
}

/** Who wrote to the table before knows nothing of the column. */
function relaxColumn(context: RollbackContext, table: Table, column: Column): void {
  context.keep(
    partKey("column", table, column.name),
    `column ${qualifiedLabel(table)}.${column.name} is kept`,
  );
  const isFilled = column.default !== null || column.generated !== null || column.identity !== null;
  if (!column.nullable && !isFilled)
    alterColumn(context, table, column.name, "no longer require", "DROP NOT NULL");
}

/** Whether a default counts on with the column's own sequence, with its schema before the name or without. */
function isOwnNumber({ actual }: RollbackContext, table: Table, { name, default: text }: Column): boolean {
  const own = actual.sequences.find(
    ({ ownedBy }) =>
      ownedBy?.schema === table.schema && ownedBy.table === table.name && ownedBy.column === name,
  );
  const called = /^nextval\('(.*)'::regclass\)$/s.exec(text ?? "")?.[1];
  if (!own || called === undefined) return false;
  return called === printed(own.name) || called === `${printed(own.schema)}.${printed(own.name)}`;
}

function restoreColumn(context: RollbackContext, { table }: KeptTable, now: Column, was: Column): void {
  const key = partKey("column", table, now.name);
  const altered = (property: string): boolean => isPropertyAltered(context, key, property);
  const label = `${qualifiedLabel(table)}.${now.name}`;
  const isFilledOtherwise = now.identity !== null || now.generated !== null;
  const isNumbered = was.default?.startsWith("nextval(") ?? false;
  // Its schema is printed as long as a sequence of another schema has the name too.
  const isSameNumber =
    isOwnNumber(context, table, now) && isOwnNumber(context, table, { ...was, name: now.name });
  const isOtherDefault = altered("default") && !isSameNumber;
  if (isOtherDefault && (context.unfit.has(key) || (isNumbered && !isNumber(now.type)))) {
    context.keep(key, `column ${label} keeps its default, as the deployment made it: ${unfitReason(table)}`);
  } else if (isOtherDefault && was.identity !== null && now.identity === null && now.default !== null) {
    // Numbers have to come from somewhere.
    context.keep(key, `column ${label} keeps its default, as the deployment made it`);
  } else if (isOtherDefault && !isFilledOtherwise) {
    const action = was.default === null ? "DROP DEFAULT" : `SET DEFAULT ${was.default}`;
    alterColumn(context, table, now.name, "restore the default of", action);
  }
  if (altered("nullable")) {
    if (was.nullable && now.identity === null)
      alterColumn(context, table, now.name, "no longer require", "DROP NOT NULL");
    else
      context.keep(key, `column ${label} may stay empty, as the deployment made it: rows may be so by now`);
  }
  if (altered("notNull")) restoreNotNull(context, table, now, was);
  const isIdentityBack = altered("identity") && restoreIdentity(context, table, now, was);
  const restore = (words: string, action: string): void =>
    alterColumn(context, table, now.name, `restore the ${words} of`, action);
  if (altered("storage")) restore("storage", `SET STORAGE ${was.storage ?? "DEFAULT"}`);
  if (altered("compression")) restore("compression", `SET COMPRESSION ${was.compression ?? "default"}`);
  if (altered("statistics")) restore("statistics target", `SET STATISTICS ${was.statistics ?? -1}`);
  if (altered("options")) {
    const { set, gone } = optionsBack(now.options ?? [], was.options ?? []);
    if (gone.length > 0) restore("options", `RESET (${gone.join(", ")})`);
    if (set.length > 0) restore("options", `SET (${set.join(", ")})`);
  }
  for (const [property, words] of Object.entries(keptProperties)) {
    if (altered(property) && !(property === "identity" && isIdentityBack))
      context.keep(key, `column ${label} keeps ${words}, as the deployment made it`);
  }
}

/** Gives a not-null constraint its name back, and to partitions and children or not. */
function restoreNotNull(context: RollbackContext, table: Table, now: Column, was: Column): void {
  const [present, former] = [now.notNull, was.notNull];
  if (!present || !former) return;
  const label = `${qualifiedLabel(table)}.${now.name}`;
  const add = (title: string, action: string): void =>
    context.add({
      kind: "alter column",
      title: `${title} ${label}`,
      sql: `ALTER TABLE ${quoteName(table)} ${action};`,
      target: part("column", table, now.name),
      locks: [[table, "ACCESS EXCLUSIVE"]],
      safety: momentary,
    });
  if (present.inherits !== former.inherits)
    add(
      "restore whether others inherit the not-null constraint of",
      `ALTER CONSTRAINT ${quoteIdentifier(present.name)} ${former.inherits ? "INHERIT" : "NO INHERIT"}`,
    );
  if (present.name !== former.name)
    add(
      "restore the name of the not-null constraint of",
      `RENAME CONSTRAINT ${quoteIdentifier(present.name)} TO ${quoteIdentifier(former.name)}`,
    );
  if (present.validated !== former.validated)
    context.keep(
      partKey("column", table, now.name),
      `column ${label} keeps its not-null constraint ${present.validated ? "valid" : "not valid"}, as the deployment made it`,
    );
}

/** Has a column numbered again as it was; says whether it is. */
function restoreIdentity(context: RollbackContext, table: Table, now: Column, was: Column): boolean {
  const column = `${quoteName(table)} ALTER COLUMN ${quoteIdentifier(now.name)}`;
  const step = (title: string, sql: readonly string[]): void =>
    context.add({
      kind: "alter column",
      title: `${title} ${qualifiedLabel(table)}.${now.name}`,
      sql: sql.join("\n"),
      target: part("column", table, now.name),
      locks: [[table, "ACCESS EXCLUSIVE"]],
      safety: momentary,
    });
  if (was.identity === null) {
    // The numbers that were given so far stay known; who wrote to the table before gives numbers of their own.
    if (now.identity === "always")
      step("let clients number", [`ALTER TABLE ${column} SET GENERATED BY DEFAULT;`]);
    return false;
  }
  const words = was.identity === "always" ? "ALWAYS" : "BY DEFAULT";
  if (now.identity !== null) {
    step("restore the identity of", [`ALTER TABLE ${column} SET GENERATED ${words};`]);
    return true;
  }
  // Numbers come from a default, or from whoever writes: a column that may be empty cannot have an identity.
  if (now.default !== null || now.generated !== null || now.nullable || now.type !== was.type) return false;
  const sequence = identitySequence(context.before, table, now.name);
  if (!sequence) return false;
  const isTaken = [context.actual.sequences, context.actual.tables, context.actual.views].some((list) =>
    find<QualifiedName>(list, sequence),
  );
  const options = sequenceOptions(sequence);
  step("restore the identity of", [
    `ALTER TABLE ${column} ADD GENERATED ${words} AS IDENTITY (${isTaken ? "" : `SEQUENCE NAME ${quoteName(sequence)} `}${options});`,
    ...continueAt(
      `pg_catalog.pg_get_serial_sequence(${quoteLiteral(quoteName(table))}, ${quoteLiteral(now.name)})`,
      sequence,
      [{ table, name: now.name }],
    ),
    ...(isTaken
      ? []
      : setGrants("SEQUENCE", quoteName(sequence), {
          ...sequence,
          grantees: defaultGrantees(context.actual),
        })),
  ]);
  return true;
}

function isPropertyAltered(context: RollbackContext, key: string, property: string): boolean {
  const others = [
    "type",
    "nullable",
    "notNull",
    "default",
    "generated",
    "virtual",
    "identity",
    "collation",
    "comment",
    "storage",
    "compression",
    "statistics",
    "options",
  ];
  return context.isAltered(
    key,
    others.filter((one) => one !== property),
  );
}

/** Comments and storage parameters as they were. */
export function undoRemarks(context: RollbackContext): void {
  const { before, actual } = context;
  const comment = (title: string, object: string, was: string | null, locked: QualifiedName | null): void =>
    context.add({
      kind: "comment",
      title: `restore the comment of ${title}`,
      sql: underSchemas(before, `COMMENT ON ${object} IS ${was === null ? "NULL" : quoteLiteral(was)};`),
      target: null,
      locks: locked ? [[locked, "SHARE UPDATE EXCLUSIVE"]] : [],
      safety: momentary,
    });
  const isCommented = (key: string): boolean =>
    context.changes.altered.some(
      ({ object, property }) => property === "comment" && objectKey(object) === key,
    );
  for (const [kind, words, list] of [
    ["type", "TYPE", [...before.enums, ...(before.structures ?? [])]],
    ["domain", "DOMAIN", before.domains],
  ] as const) {
    for (const was of list) {
      if (isCommented(topKey(kind, was)))
        comment(`type ${qualifiedLabel(was)}`, `${words} ${quoteName(was)}`, was.comment, null);
    }
  }
  for (const was of before.schemas) {
    if (isCommented(objectKey({ kind: "schema", schema: null, name: was.name, parent: null, label: "" })))
      comment(`schema ${was.name}`, `SCHEMA ${quoteIdentifier(was.name)}`, was.comment, null);
  }
  for (const { table, was } of context.keptTables) {
    if (isCommented(topKey("table", table)))
      comment(`table ${qualifiedLabel(table)}`, `TABLE ${quoteName(table)}`, was.comment, table);
    for (const column of was.columns) {
      if (!isCommented(partKey("column", table, column.name))) continue;
      comment(
        `column ${qualifiedLabel(table)}.${column.name}`,
        `COLUMN ${quoteName(table)}.${quoteIdentifier(column.name)}`,
        column.comment,
        table,
      );
    }
    if (
      context.changes.altered.some(
        ({ object, property }) => property === "options" && objectKey(object) === topKey("table", table),
      )
    ) {
      restoreOptions(context, table, was);
    }
    const isOtherwise = context.changes.altered.some(
      ({ object, property }) =>
        property === "replicaIdentity" && objectKey(object) === topKey("table", table),
    );
    if (isOtherwise) restoreReplicaIdentity(context, table, was);
  }
  for (const view of actual.views) {
    const was = find(before.views, view);
    if (was && isCommented(topKey("view", view))) {
      comment(
        `view ${qualifiedLabel(view)}`,
        `${view.kind === "view" ? "VIEW" : "MATERIALIZED VIEW"} ${quoteName(view)}`,
        was.comment,
        view,
      );
    }
    for (const column of was?.columns ?? []) {
      if (!isCommented(partKey("column", view, column.name, "view"))) continue;
      comment(
        `column ${qualifiedLabel(view)}.${column.name}`,
        `COLUMN ${quoteName(view)}.${quoteIdentifier(column.name)}`,
        column.comment,
        view,
      );
    }
  }
  for (const was of before.functions) {
    const named = { schema: was.schema, name: functionLabel(was) };
    if (isCommented(topKey("function", named))) {
      comment(
        `function ${qualifiedLabel(named)}`,
        `${was.kind === "procedure" ? "PROCEDURE" : "FUNCTION"} ${functionSignature(was)}`,
        was.comment,
        null,
      );
    }
  }
}

/** What leads from some options to those that were: the ones to set, and the names of the ones to reset. */
function optionsBack(
  now: readonly string[],
  was: readonly string[],
): { set: readonly string[]; gone: readonly string[] } {
  const nameOf = (option: string): string => option.slice(0, option.indexOf("="));
  return {
    set: was,
    gone: now.map(nameOf).filter((name) => !was.some((option) => nameOf(option) === name)),
  };
}

/** What tells rows apart for logical replication, as it was. */
function restoreReplicaIdentity(context: RollbackContext, table: Table, was: Table): void {
  const { replicaIdentity = "default" } = was;
  const index = replicaIdentity.startsWith("index ") ? replicaIdentity.slice("index ".length) : null;
  if (index !== null && !was.indexes.some(({ name }) => name === index)) return;
  context.add({
    kind: "table option",
    title: `restore the replica identity of ${qualifiedLabel(table)}`,
    sql: `ALTER TABLE ${quoteName(table)} REPLICA IDENTITY ${index === null ? replicaIdentity.toUpperCase() : `USING INDEX ${quoteIdentifier(index)}`};`,
    target: { kind: "table", schema: table.schema, name: table.name, table: null },
    locks: [[table, "ACCESS EXCLUSIVE"]],
    safety: momentary,
  });
}

function restoreOptions(context: RollbackContext, table: Table, was: Table): void {
  const { gone } = optionsBack(table.options, was.options);
  context.add({
    kind: "table option",
    title: `restore the storage parameters of ${qualifiedLabel(table)}`,
    sql: [
      ...(was.options.length > 0 ? [`ALTER TABLE ${quoteName(table)} SET (${was.options.join(", ")});`] : []),
      ...(gone.length > 0 ? [`ALTER TABLE ${quoteName(table)} RESET (${gone.join(", ")});`] : []),
    ].join("\n"),
    target: { kind: "table", schema: table.schema, name: table.name, table: null },
    locks: [[table, "ACCESS EXCLUSIVE"]],
    safety: momentary,
  });
}

/** A name with a number behind it that no relation of the archive has; PostgreSQL 17 manual, 4.1.1, on its length. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const suffix = `_${number}`;
    const candidate = `${Buffer.from(name)
      .subarray(0, 63 - suffix.length)
      .toString()
      .replaceAll("\uFFFD", "")}${suffix}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** The name that a table was made under, whatever it is called until it is moved. */
const nameArchived = ({ schema, name }: Table, { renamed }: RollbackContext): string =>
  renamed.asides.find(({ kind, was }) => kind === "table" && was.schema === schema && was.name === name)?.now
    .name ?? name;

/** Moves the tables that came with the deployment, with their rows, to the archive. */
export function archiveTables(context: RollbackContext): void {
  const { createdTables, archived, actual, names } = context;
  const { archiveSchema } = names;
  if (createdTables.length === 0) return;
  if (archived.schemas.length === 0) {
    context.add({
      kind: "create schema",
      title: `create schema ${archiveSchema}`,
      sql: `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(archiveSchema)};\nREVOKE ALL ON SCHEMA ${quoteIdentifier(archiveSchema)} FROM PUBLIC;`,
      target: { kind: "schema", schema: null, name: archiveSchema, table: null },
      safety: "A new schema that nobody uses yet; nobody but its owner may.",
    });
  }
  const taken = new Set([
    ...archived.tables.flatMap(({ name, indexes }) => [name, ...indexes.map((index) => index.name)]),
    ...archived.sequences.map(({ name }) => name),
  ]);
  for (const table of createdTables) {
    const partitionOf = table.partition?.of;
    // A table takes its own sequences along, and a partition goes by itself.
    const sequences = actual.sequences.filter(
      ({ ownedBy }) => ownedBy?.schema === table.schema && ownedBy.table === table.name,
    );
    const called = nameArchived(table, context);
    const clashes = [
      called,
      ...table.indexes.map(({ name }) => name),
      ...sequences.map(({ name }) => name),
    ].filter((name) => taken.has(name));
    const renamed = clashes.map((name) => {
      const free = freeName(name, taken);
      taken.add(free);
      const kind = archived.sequences.some((one) => one.name === name)
        ? "SEQUENCE"
        : archived.tables.some((one) => one.name === name)
          ? "TABLE"
          : "INDEX";
      return `ALTER ${kind} ${quoteQualified(archiveSchema, name)} RENAME TO ${quoteIdentifier(free)};`;
    });
    for (const name of [called, ...table.indexes.map((index) => index.name)]) taken.add(name);
    for (const by of context.dependentsOn("table", table)) {
      if (!context.isOurs(by)) {
        context.notes.push(
          `${dependentLabel(by)} goes on reading ${qualifiedLabel(table)} where it is moved to`,
        );
      }
    }
    // A deployment finds them again by their names.
    const namesake = createdTables.find(
      (other) => other !== table && nameArchived(other, context) === called,
    );
    context.add({
      kind: "move table",
      title: `move table ${qualifiedLabel(table)} to ${archiveSchema}`,
      sql: [
        ...renamed,
        `ALTER TABLE ${quoteName(table)} SET SCHEMA ${quoteIdentifier(archiveSchema)};`,
        ...(called === table.name
          ? []
          : [
              `ALTER TABLE ${quoteQualified(archiveSchema, table.name)} RENAME TO ${quoteIdentifier(called)};`,
            ]),
      ].join("\n"),
      target: { kind: "table", schema: table.schema, name: table.name, table: null },
      locks: [[table, "ACCESS EXCLUSIVE"]],
      safety: `${partitionOf ? "A partition and its rows" : "The table and its rows"} stay as they are: only the catalog is changed.`,
      blocked: namesake
        ? `${qualifiedLabel(namesake)} would be moved to the same name, and a later deployment could not tell the two apart: put one of them aside by hand, under another name`
        : null,
    });
  }
}

/** Makes the rules of a domain again: for what is written from now on, since rows may break them by now. */
function restoreDomain(context: RollbackContext, was: Domain): void {
  const now = find(context.actual.domains, was);
  const wanted = find(context.head.domains, was);
  for (const { name, definition } of was.constraints) {
    const isCalled = (one: { name: string }): boolean => one.name === name;
    const present = now?.constraints.find(isCalled);
    const key = partKey("constraint", was, name, "domain");
    const isOurs =
      context.isRemoved(key) || (present?.validated === false && !wanted?.constraints.some(isCalled));
    if (!now || !isOurs || present?.definition === definition) continue;
    context.keep(
      key,
      `constraint ${name} of type ${qualifiedLabel(was)} comes back for new values alone: VALIDATE it when the rows satisfy it`,
    );
    if (present) continue;
    context.add({
      kind: "alter type",
      title: `restore constraint ${name} of type ${qualifiedLabel(was)}`,
      sql: underSchemas(
        context.before,
        `ALTER DOMAIN ${quoteName(was)} ADD CONSTRAINT ${quoteIdentifier(name)} ${withoutValidity(definition)} NOT VALID;`,
      ),
      target: { kind: "domain", schema: was.schema, name: was.name, table: null },
      safety: "No row is looked at.",
    });
  }
}

/** Drops types, sequences of their own and schemas that came with the deployment and that nothing kept needs. */
export function dropTypes(context: RollbackContext): void {
  const { actual } = context;
  for (const [kind, list] of [
    ["type", [...actual.enums, ...(actual.structures ?? [])]],
    ["domain", actual.domains],
  ] as const) {
    for (const one of list) {
      if (!context.isCreated(topKey(kind, one))) continue;
      const by = context.dependentsOn("type", one);
      const blocked = context.foreign(by);
      const isKept = by.some(
        (other) => ["column", "constraint", "index"].includes(other.kind) || context.isKept(other),
      );
      if (!blocked && isKept) {
        context.keep(
          topKey(kind, one),
          `type ${qualifiedLabel(one)} is kept: ${by.map(dependentLabel).join(", ")} needs it`,
        );
        continue;
      }
      context.add({
        kind: "drop type",
        title: `drop type ${qualifiedLabel(one)}`,
        sql: `DROP ${kind === "type" ? "TYPE" : "DOMAIN"} IF EXISTS ${quoteName(one)};`,
        target: { kind, schema: one.schema, name: one.name, table: null },
        safety: "One row of the catalog; nothing depends on it any more.",
        blocked,
      });
    }
  }
  for (const object of context.changes.removed) {
    if (object.kind === "schema" || object.kind === "extension") {
      context.keep(objectKey(object), `${object.kind} ${object.label} stays away, as the deployment left it`);
    }
  }
  for (const was of context.before.domains) restoreDomain(context, was);
  for (const object of context.changes.created) {
    if (object.kind === "constraint" && object.parent?.kind === "domain") {
      const { schema, name } = object.parent;
      if (schema === null) continue;
      context.add({
        kind: "alter type",
        title: `drop constraint ${object.name} of type ${object.parent.label}`,
        sql: `ALTER DOMAIN ${quoteName({ schema, name })} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(object.name)};`,
        target: { kind: "domain", schema, name, table: null },
        safety: "One row of the catalog.",
      });
    }
    if (object.kind === "default privilege") {
      context.keep(
        objectKey(object),
        `default privileges (${object.label}) stay as the deployment made them`,
      );
    }
    if (object.kind === "sequence") {
      const owned = actual.sequences.find(
        (one) => one.schema === object.schema && one.name === object.name,
      )?.ownedBy;
      const reason = `sequence ${object.label} is kept, with where it stands`;
      const goesAlong =
        owned &&
        context.createdTables.some(({ schema, name }) => schema === owned.schema && name === owned.table);
      if (!goesAlong) context.keep(objectKey(object), reason);
    }
    if (object.kind === "schema" || object.kind === "extension") {
      context.keep(objectKey(object), `${object.kind} ${object.label} is kept: others may use it by now`);
    }
  }
  for (const { object, property } of context.changes.altered) {
    if (context.settled.has(objectKey(object))) continue;
    if (
      (object.kind === "type" && property !== "comment") ||
      (object.kind === "domain" && property !== "comment") ||
      object.kind === "sequence" ||
      (object.kind === "table" && keptTableProperties.includes(property)) ||
      (object.kind === "constraint" && object.parent?.kind === "domain")
    ) {
      context.keep(
        objectKey(object),
        `${object.kind} ${object.label} stays as the deployment made it (${property})`,
      );
    }
  }
}
