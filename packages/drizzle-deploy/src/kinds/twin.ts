import type { Catalog, Constraint, Index, ObjectIdentity, Policy, Table, Trigger } from "../catalog/index.ts";
import { isSameText } from "../catalog/meaning.ts";

/** Kinds of parts of a table that do the same under whatever name. */
export type NamedAtWill = "constraint" | "index" | "policy" | "trigger";

const isSameExpression = (one: string | null, other: string | null): boolean =>
  isSameText("expression", one, other);

function isSameIndex(one: Index, other: Index): boolean {
  return (
    one.method === other.method &&
    one.unique === other.unique &&
    one.nullsNotDistinct === other.nullsNotDistinct &&
    one.valid === other.valid &&
    (one.constraint === null) === (other.constraint === null) &&
    JSON.stringify([one.keys, one.include]) === JSON.stringify([other.keys, other.include]) &&
    isSameExpression(one.predicate, other.predicate)
  );
}

const isSameConstraint = (one: Constraint, other: Constraint): boolean =>
  one.type === other.type &&
  one.validated === other.validated &&
  isSameText("table constraint", one.definition, other.definition);

const isSamePolicy = (one: Policy, other: Policy): boolean =>
  one.permissive === other.permissive &&
  one.command === other.command &&
  JSON.stringify(one.roles) === JSON.stringify(other.roles) &&
  isSameExpression(one.using, other.using) &&
  isSameExpression(one.check, other.check);

/** A trigger's definition, as PostgreSQL prints it, under a name that all of them have. */
const unnamed = ({ definition }: Trigger): string =>
  definition.replace(/^CREATE (CONSTRAINT )?TRIGGER ("(?:[^"]|"")*"|\S+)/, "CREATE $1TRIGGER t");

const isSameTrigger = (one: Trigger, other: Trigger): boolean =>
  one.enabled === other.enabled && isSameText("statement", unnamed(one), unnamed(other));

function partsOf(table: Table | undefined, kind: NamedAtWill): readonly { readonly name: string }[] {
  switch (kind) {
    case "constraint":
      return table?.constraints ?? [];
    case "index":
      return table?.indexes ?? [];
    case "policy":
      return table?.policies ?? [];
    case "trigger":
      return table?.triggers ?? [];
  }
}

function isLike(kind: NamedAtWill, table: Table, name: string, other: Table, otherName: string): boolean {
  const pair = <T extends { readonly name: string }>(one: readonly T[], two: readonly T[]) =>
    [one.find((part) => part.name === name), two.find((part) => part.name === otherName)] as const;
  switch (kind) {
    case "constraint": {
      const [one, two] = pair(table.constraints, other.constraints);
      return one !== undefined && two !== undefined && isSameConstraint(one, two);
    }
    case "index": {
      const [one, two] = pair(table.indexes, other.indexes);
      return one !== undefined && two !== undefined && isSameIndex(one, two);
    }
    case "policy": {
      const [one, two] = pair(table.policies, other.policies);
      return one !== undefined && two !== undefined && isSamePolicy(one, two);
    }
    case "trigger": {
      const [one, two] = pair(table.triggers, other.triggers);
      return one !== undefined && two !== undefined && isSameTrigger(one, two);
    }
  }
}

export const isNamedAtWill = (kind: ObjectIdentity["kind"]): kind is NamedAtWill =>
  kind === "constraint" || kind === "index" || kind === "policy" || kind === "trigger";

/**
 * The name under which one catalog has what the other one calls by a name of its own: an index on the same keys, a
 * policy that says the same. Undefined where there is none, and where the name is taken there too.
 *
 * @param from the catalog that has the object
 * @param to the one to look for its twin in
 */
export function findTwin(
  { kind, schema, name, parent }: ObjectIdentity,
  from: Catalog,
  to: Catalog,
): string | undefined {
  if (!isNamedAtWill(kind) || parent?.kind !== "table") return undefined;
  const isTable = (table: Table): boolean => table.schema === schema && table.name === parent.name;
  const [table, other] = [from.tables.find(isTable), to.tables.find(isTable)];
  if (!table || !other) return undefined;
  const taken = new Set(partsOf(table, kind).map((part) => part.name));
  if (partsOf(other, kind).some((part) => part.name === name)) return undefined;
  return partsOf(other, kind).find(
    (part) => !taken.has(part.name) && isLike(kind, table, name, other, part.name),
  )?.name;
}
