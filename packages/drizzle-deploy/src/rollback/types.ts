import {
  type Catalog,
  type Column,
  compositeAttributes,
  type Domain,
  type EnumType,
  objectKey,
  type Sequence,
  type Structure,
} from "../catalog/index.ts";
import { defaultGrantees, setGrants } from "../kinds/grant.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { quoteIdentifier, quoteLiteral, quoteName, quoteQualified } from "../sql/quote.ts";
import { walk } from "../sql/tree.ts";
import { type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find } from "./find.ts";

const safety = "It is new: nobody uses it yet.";

/** Makes the types and sequences again that the deployment dropped: what comes back may need them. */
export function restoreTypes(context: RollbackContext): void {
  const { before } = context;
  const isGone = (kind: "type" | "domain" | "sequence", one: QualifiedName): boolean =>
    context.isRemoved(topKey(kind, one));
  for (const one of before.enums.filter((type) => isGone("type", type))) {
    add(context, "create type", "type", one, [
      `CREATE TYPE ${quoteName(one)} AS ENUM (${one.labels.map((label) => quoteLiteral(label)).join(", ")});`,
      ...commentOf("TYPE", one),
    ]);
  }
  for (const one of (before.structures ?? []).filter((type) => isGone("type", type))) {
    add(context, "create type", "type", one, [
      `CREATE TYPE ${quoteName(one)} AS ${one.definition};`,
      ...commentOf("TYPE", one),
    ]);
  }
  for (const one of before.structures ?? []) restoreAttributes(context, one);
  for (const one of before.domains.filter((type) => isGone("domain", type))) {
    add(context, "create type", "domain", one, [createDomain(one), ...commentOf("DOMAIN", one)]);
  }
  for (const one of before.sequences.filter((sequence) => isGone("sequence", sequence))) {
    restoreSequence(context, one);
  }
}

/**
 * Makes a composite type that the deployment changed as it was, where that costs no row anything: what columns hold of a
 * new attribute stays, and so does the order of the others.
 */
function restoreAttributes(context: RollbackContext, was: Structure): void {
  const key = topKey("type", was);
  const now = find(context.actual.structures ?? [], was);
  if (!now || was.kind !== "composite" || !context.isAltered(key, ["comment", "owner"])) return;
  const users = context.dependentsOn("type", was).filter(({ kind }) => kind !== "function");
  const [former, present] = [was, now].map(({ definition }) => compositeAttributes(definition));
  if (!former || !present) return;
  const same = former.findIndex(
    ({ name, type }, at) => present[at]?.name !== name || present[at]?.type !== type,
  );
  const first = same < 0 ? former.length : same;
  const surplus = present.slice(first);
  // What a column holds in an attribute would go with that.
  if (users.length > 0 && surplus.length > 0) return;
  const actions = [
    ...surplus.map(({ name }) => `DROP ATTRIBUTE ${quoteIdentifier(name)}`),
    ...former.slice(first).map(({ name, type }) => `ADD ATTRIBUTE ${quoteIdentifier(name)} ${type}`),
  ];
  context.settled.add(key);
  context.add({
    kind: "alter type",
    title: `restore the attributes of type ${qualifiedLabel(was)}`,
    sql: underSchemas(
      context.before,
      actions.map((action) => `ALTER TYPE ${quoteName(was)} ${action};`).join("\n"),
    ),
    target: { kind: "type", schema: was.schema, name: was.name, table: null },
    safety: "Only the catalog is changed: no table is looked at.",
  });
}

function add(
  context: RollbackContext,
  kind: "create type" | "create sequence",
  what: "type" | "domain" | "sequence",
  one: QualifiedName,
  sql: readonly string[],
): void {
  context.add({
    kind,
    title: `restore ${what === "sequence" ? what : "type"} ${qualifiedLabel(one)}`,
    sql: underSchemas(context.before, sql.join("\n")),
    target: { kind: what, schema: one.schema, name: one.name, table: null },
    safety,
  });
}

function commentOf(words: string, one: EnumType | Domain | Structure): string[] {
  return one.comment === null
    ? []
    : [`COMMENT ON ${words} ${quoteName(one)} IS ${quoteLiteral(one.comment)};`];
}

function createDomain(one: Domain): string {
  const clauses = [
    ...(one.collation === null ? [] : [`COLLATE ${quoteIdentifier(one.collation)}`]),
    ...(one.default === null ? [] : [`DEFAULT ${one.default}`]),
    ...(one.nullable ? [] : ["NOT NULL"]),
    ...one.constraints.map(({ name, definition }) => `CONSTRAINT ${quoteIdentifier(name)} ${definition}`),
  ];
  return `${[`CREATE DOMAIN ${quoteName(one)} AS ${one.type}`, ...clauses].join(" ")};`;
}

/** Where a sequence stood went with it: it goes on behind the largest number that its columns hold. */
function restoreSequence(context: RollbackContext, one: Sequence): void {
  const users = context.keptTables.flatMap(({ table, was }) =>
    was.columns
      .filter(
        (column) =>
          counts(column, one) &&
          table.columns.some(({ name, type }) => name === column.name && isNumber(type)),
      )
      .map(({ name }) => ({ table, name })),
  );
  const { ownedBy } = one;
  const owner = ownedBy && find(context.actual.tables, { schema: ownedBy.schema, name: ownedBy.table });
  const column = owner?.columns.find(({ name }) => name === ownedBy?.column);
  // It comes back with the identity of its column.
  if (ownedBy?.identity && column?.identity === null && isIdentityToReturn(column, one, context)) return;
  if (ownedBy && (ownedBy.identity || !column || column.identity !== null || !isNumber(column.type))) {
    context.keep(
      objectKey({ kind: "sequence", schema: one.schema, name: one.name, parent: null, label: "" }),
      `sequence ${qualifiedLabel(one)} stays away: the column that it belonged to is not as it was`,
    );
    return;
  }
  add(context, "create sequence", "sequence", one, [
    `CREATE SEQUENCE ${quoteName(one)} AS ${one.type} ${sequenceOptions(one)};`,
    ...(ownedBy === null
      ? []
      : [
          `ALTER SEQUENCE ${quoteName(one)} OWNED BY ${quoteQualified(ownedBy.schema, ownedBy.table)}.${quoteIdentifier(ownedBy.column)};`,
        ]),
    ...continueAt(quoteLiteral(quoteName(one)), one, users),
    ...setGrants("SEQUENCE", quoteName(one), { ...one, grantees: defaultGrantees(context.actual) }),
  ]);
  if (users.length === 0) {
    context.notes.push(
      `sequence ${qualifiedLabel(one)} begins again at ${one.start}: where it stood went with it`,
    );
  }
}

/** Whether the values of a type are numbers that a sequence could have given. */
export const isNumber = (type: string): boolean => /^(smallint|integer|bigint|numeric\b.*)$/.test(type);

/** Whether a column's default names a sequence. */
function counts(column: Column, { schema, name }: Sequence): boolean {
  if (column.default === null) return false;
  const names = [name, quoteIdentifier(name)];
  const printed = [
    ...names,
    ...[schema, quoteIdentifier(schema)].flatMap((before) => names.map((after) => `${before}.${after}`)),
  ];
  let isNamed = false;
  walk(parseStatements(`SELECT ${column.default}`)[0]?.node, ({ sval }) => {
    if (typeof sval === "string" && printed.includes(sval)) isNamed = true;
  });
  return isNamed;
}

/** What a sequence is made with. */
export const sequenceOptions = (one: Sequence): string =>
  `INCREMENT BY ${one.increment} MINVALUE ${one.minimum} MAXVALUE ${one.maximum} START WITH ${one.start} CACHE ${one.cache}${one.cycle ? " CYCLE" : ""}`;

/** Has a sequence go on behind the largest number that columns hold; `sequence` is an expression. */
export function continueAt(
  sequence: string,
  { increment, minimum, maximum }: Sequence,
  users: readonly { readonly table: QualifiedName; readonly name: string }[],
): string[] {
  if (users.length === 0) return [];
  const isUp = BigInt(increment) > 0n;
  const numbers = users.map(
    ({ table, name }) =>
      `(SELECT ${isUp ? "max" : "min"}(${quoteIdentifier(name)}::bigint) FROM ${quoteName(table)})`,
  );
  return [
    `SELECT setval(${sequence}, last) FROM (SELECT ${isUp ? "greatest" : "least"}(${numbers.join(", ")}) AS last) AS held WHERE last BETWEEN ${minimum} AND ${maximum};`,
  ];
}

/** The sequence of an identity column. */
export const identitySequence = (
  { sequences }: Catalog,
  table: QualifiedName,
  column: string,
): Sequence | undefined =>
  sequences.find(
    ({ ownedBy }) =>
      ownedBy?.identity === true &&
      ownedBy.schema === table.schema &&
      ownedBy.table === table.name &&
      ownedBy.column === column,
  );

/** Whether the column of a sequence that is gone gets its identity back. */
function isIdentityToReturn(now: Column, { ownedBy }: Sequence, { before }: RollbackContext): boolean {
  const was =
    ownedBy &&
    find(before.tables, { schema: ownedBy.schema, name: ownedBy.table })?.columns.find(
      ({ name }) => name === now.name,
    );
  return was?.type === now.type && now.default === null && now.generated === null && !now.nullable;
}
