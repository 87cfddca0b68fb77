import { type Names, nameAside } from "../model/names.ts";
import { nameOf, type Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { part } from "../statements/draft.ts";
import type { Draft } from "../statements/index.ts";
import { presentAs } from "./converge.ts";
import type { Facts } from "./facts.ts";
import type { History, Place } from "./history.ts";
import type { SimulatedCatalog } from "./simulated-catalog.ts";

/*
 * What a rollback has kept or put aside comes back as the statement that once made it left it, so that the statements
 * after it find what they were written for.
 */

/** What is known of what a rollback left. */
export interface Remains {
  readonly facts: Facts;
  readonly simulated: SimulatedCatalog;
  readonly history: History;
  /** The tables of the archive that a step brings back. */
  readonly brought: Set<string>;
}

const renamable: Partial<Record<Target["kind"], string>> = {
  type: "TYPE",
  domain: "DOMAIN",
  sequence: "SEQUENCE",
  schema: "SCHEMA",
};

/**
 * What a rollback kept under the name that a later statement had given it gets back the one that it was made under, so
 * that the statements between find it; null where that is not so.
 */
export function namedBack(
  target: Target,
  place: Place,
  { history, simulated, facts: { names } }: Pick<Remains, "history" | "simulated" | "facts">,
): Pick<Draft, "kind" | "title" | "sql" | "goal" | "safety" | "needs"> | null {
  if (simulated.exists(target) || !history.hasRun(place)) return null;
  const fate = history.fateOf(target, place);
  const now = presentAs(target, fate, simulated) ?? putAside(fate, names, simulated);
  if (now === null || now.schema !== target.schema || now.table !== target.table) return null;
  return underFormerName(now, target, simulated);
}

/** A type or domain that a rollback has put aside, since columns are of it and its name was another's before. */
function putAside(fate: Target | null, names: Names, simulated: SimulatedCatalog): Target | null {
  if (fate === null || (fate.kind !== "type" && fate.kind !== "domain")) return null;
  const aside = { ...fate, name: nameAside(fate.name, names) };
  return simulated.exists(aside) && simulated.stateOf(aside) === "untouched" ? aside : null;
}

/** Gives what is there the name that it was made under. */
function underFormerName(
  now: Target,
  target: Target,
  simulated: SimulatedCatalog,
): Pick<Draft, "kind" | "title" | "sql" | "goal" | "safety" | "needs"> | null {
  const words =
    now.kind === "column" && now.schema !== null && now.table !== null
      ? `TABLE ${quoteQualified(now.schema, now.table)} RENAME COLUMN ${quoteIdentifier(now.name)}`
      : renamable[now.kind] === undefined
        ? null
        : `${renamable[now.kind]} ${now.schema === null ? quoteIdentifier(now.name) : quoteQualified(now.schema, now.name)} RENAME`;
  if (words === null) return null;
  const isSchema = target.kind === "schema";
  if (!isSchema) simulated.recall(now, target.name);
  return {
    kind: "rename",
    title: `give ${now.kind} ${nameOf(now)} back the name ${target.name}, which it was made under`,
    sql: `ALTER ${words} TO ${quoteIdentifier(target.name)}`,
    needs: [],
    goal: isSchema ? { does: "rename", target: now, to: target } : { does: "bring back", target },
    safety: "A rollback kept it. Only the catalog is changed: the lock is held for a moment.",
  };
}

/**
 * Where a rollback has kept a type, domain or sequence that took over the name of the one that a statement makes: that
 * gets back the name that it was made under itself, before the statement; null where that is not so.
 */
export function madeRoom(
  target: Target,
  place: Place,
  { history, simulated }: Pick<Remains, "history" | "simulated">,
): ReturnType<typeof underFormerName> {
  if (!["type", "domain", "sequence"].includes(target.kind) || !history.hasRun(place)) return null;
  if (!simulated.exists(target) || simulated.stateOf(target) !== "untouched") return null;
  const former = history.formerOf(target, place);
  if (former.name === target.name || former.schema !== target.schema || simulated.exists(former)) return null;
  return underFormerName(target, former, simulated);
}

/** A table that a rollback put aside, and what it was called when the statement had just made it. */
export interface ArchivedTable {
  /** Its name in the archive. */
  readonly name: string;
  readonly as: QualifiedName;
  /** From the names that its parts have to those that they had. */
  readonly renames: readonly {
    readonly target: Target;
    readonly to: string;
    /** Whether it gets its name in the archive still: another table may have the one that it has now. */
    readonly isFirst: boolean;
  }[];
  /** Its indexes whose names another table's has by then: the statements that made them make them again. */
  readonly dropped: readonly string[];
  /** Its triggers and policies that statements make again: they rest on what the statements before those replace. */
  readonly remade: readonly Target[];
  /** Whether another table has the name that it has in the archive. */
  readonly isNameTaken: boolean;
}

/** The table in the archive that a statement once made, whatever later statements called it; null for none. */
export function archivedAs(
  { target }: Extract<Draft["goal"], { does: "create" }>,
  place: Place,
  planning: Remains,
): ArchivedTable | null {
  if (target.schema === null) return null;
  const as = { schema: target.schema, name: target.name };
  const { facts, history, simulated, brought } = planning;
  const isArchived = (name: string): boolean =>
    !brought.has(name) && facts.archive.tables.some((one) => one.name === name);
  const isOthers = history.wasMadeLater(target, place);
  const fate = history.hasRun(place) ? history.fateOf(target, place) : target;
  if (fate === null || fate.schema === null) return null;
  if (!isArchived(fate.name)) {
    return isArchived(as.name) && !isOthers ? broughtBack(as.name, as, place, planning) : null;
  }
  if (
    fate.schema !== as.schema &&
    !simulated.exists({ kind: "schema", schema: null, name: as.schema, table: null })
  ) {
    return broughtBack(fate.name, { schema: fate.schema, name: fate.name }, place, planning);
  }
  if (fate.name === as.name && isOthers && !history.hasRun(place)) return null;
  return broughtBack(fate.name, as, place, planning);
}

/** A table of the archive as it comes back, under the names that it and its parts were made under. */
function broughtBack(
  name: string,
  as: QualifiedName,
  place: Place,
  { facts: { archive }, history, simulated }: Remains,
): ArchivedTable | null {
  const archived = archive.tables.find((one) => one.name === name);
  if (!archived) return null;
  const isKey = (index: string): boolean => archived.constraints.some((one) => one.name === index);
  const now = { schema: as.schema, name };
  const targets = [
    ...archived.columns.map((one) => part("column", now, one.name)),
    ...archived.constraints.map((one) => part("constraint", now, one.name)),
    ...archived.indexes.filter((one) => !isKey(one.name)).map((one) => part("index", now, one.name)),
  ];
  const isTaken = (index: string): boolean =>
    simulated
      .catalog()
      .tables.some((one) => one.schema === as.schema && one.indexes.some((other) => other.name === index));
  const isInArchive = (name: string): boolean =>
    archive.tables.some((one) => [...one.constraints, ...one.indexes].some((other) => other.name === name));
  const dropped = archived.indexes.map((one) => one.name).filter((one) => !isKey(one) && isTaken(one));
  const renames = targets.flatMap((one) => {
    const former = history.formerOf(one, place);
    const isDropped = one.kind === "index" && dropped.includes(one.name);
    return isDropped || former.name === one.name
      ? []
      : [
          {
            target: { ...one, table: as.name },
            to: former.name,
            isFirst: one.kind !== "column" && !isInArchive(former.name),
          },
        ];
  });
  const isNameTaken = simulated.exists({ kind: "table", ...now, table: null });
  const remade = [
    ...archived.triggers
      .filter(({ inherited }) => inherited !== true)
      .map((one) => part("trigger", now, one.name)),
    ...archived.policies.map((one) => part("policy", now, one.name)),
  ].filter((one) => history.wasMadeLater(history.formerOf(one, place), place));
  return { name, as, renames, dropped, remade, isNameTaken };
}

/** The step that brings a table back, in place of the one that would make it. */
export function bringBack(
  { archiveSchema }: Names,
  draft: Draft,
  { name, as, renames, dropped, remade, isNameTaken }: ArchivedTable,
): Draft {
  const { schema } = as;
  const setSchema = (of: string): string =>
    `ALTER TABLE ${quoteQualified(archiveSchema, of)} SET SCHEMA ${quoteIdentifier(schema)}`;
  const setName = (within: string): string[] =>
    name === as.name
      ? []
      : [`ALTER TABLE ${quoteQualified(within, name)} RENAME TO ${quoteIdentifier(as.name)}`];
  const renaming = (within: string, table: string, isFirst: boolean): string[] =>
    renames
      .filter((one) => one.isFirst === isFirst)
      .map(({ target, to }) => {
        if (target.kind === "index") {
          return `ALTER INDEX ${quoteQualified(within, target.name)} RENAME TO ${quoteIdentifier(to)}`;
        }
        const word = target.kind === "constraint" ? "CONSTRAINT" : "COLUMN";
        return `ALTER TABLE ${quoteQualified(within, table)} RENAME ${word} ${quoteIdentifier(target.name)} TO ${quoteIdentifier(to)}`;
      });
  // It is not there until this step, whatever the statement says of what is.
  const { ifNotExists: _, ...rest } = draft;
  return {
    ...rest,
    kind: "move table",
    title: `bring back table ${schema}.${as.name} from the archive, with its rows`,
    sql: [
      ...dropped.map((index) => `DROP INDEX ${quoteQualified(archiveSchema, index)}`),
      ...remade.map(
        (one) =>
          `DROP ${one.kind === "trigger" ? "TRIGGER" : "POLICY"} ${quoteIdentifier(one.name)} ON ${quoteQualified(archiveSchema, name)}`,
      ),
      ...renaming(archiveSchema, name, true),
      ...(isNameTaken
        ? [...setName(archiveSchema), setSchema(as.name)]
        : [setSchema(name), ...setName(schema)]),
      ...renaming(schema, as.name, false),
    ].join(";\n"),
    needs: [],
    locks: [],
    goal: { does: "bring back", target: { kind: "table", schema, name: as.name, table: null } },
    safety: "Only the catalog is changed: nobody uses the archive.",
  };
}
