import type { Node } from "libpg-query";
import type { DescribedObject, FunctionObject, Table } from "../catalog/index.ts";
import { conflictingModes, type LockMode } from "../model/lock-modes.ts";
import type { Names } from "../model/names.ts";
import type { Batches, Hazard, Lock, StepKind, Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";

/**
 * What a step brings about, so that it can be seen in a catalog whether it is done already.
 *
 * - `create`, `drop`: an object that has to be there, or not.
 * - `alter`: properties of an object, named as `compareCatalogs` names them.
 * - `rename`: an object under another name.
 * - `build`: an index under a name of its own, that is to take the place and the name of another.
 * - `exchange`: that it has taken them.
 * - `temporary`: an object that later steps of the same statement remove again; not needed once `until` is reached.
 * - `grant`: what the grantees may do with the objects.
 * - `set members`: the parts of an object that it has to have, and no others.
 * - `bring back`: a table that a rollback put aside.
 * - `domain rule`: a constraint of a domain that has to be there, to be validated, or not to be there.
 * - `in partition`: what one partition has to have before the partitioned table can take it over.
 * - `role`: a role that has to be there, or not; it is every database's of the server.
 * - `session`: what is the deployment's own to give, as transactions and timeouts are.
 * - `journalled`: nothing that a catalog shows; only the journal of steps knows.
 */
export type Goal =
  | {
      readonly does: "create";
      readonly target: Target;
      /** Objects that come with it: the columns and constraints of a table. */
      readonly parts: readonly Target[];
      /** Properties that do not matter here: another step sets them. */
      readonly ignore?: readonly string[];
      /** Whether it has parts that the statement does not name: the columns of a query, or of another table. */
      readonly isDerived?: boolean;
    }
  | {
      readonly does: "alter";
      readonly target: Target;
      readonly properties: readonly string[];
      /** The type that a column gets. */
      readonly type?: string;
      /** The collation that it gets with it; null for the type's own. */
      readonly collation?: string | null;
      /** The value of an enum that gets another name. */
      readonly label?: { readonly from: string; readonly to: string };
    }
  | { readonly does: "drop"; readonly target: Target }
  | { readonly does: "rename"; readonly target: Target; readonly to: Target }
  | { readonly does: "build"; readonly target: Target; readonly inPlaceOf: Target }
  | { readonly does: "exchange"; readonly target: Target; readonly by: Target }
  | {
      readonly does: "temporary";
      readonly target: Target;
      readonly step: "make" | "validate" | "remove";
      readonly until: Until;
    }
  | {
      readonly does: "in partition";
      /** The partition's own index or constraint. */
      readonly target: Target;
      /** That of the partitioned table. */
      readonly of: Target;
      readonly step: "build" | "adopt" | "attach" | "make" | "validate";
      /** Whether the whole is complete with it. */
      readonly isLast: boolean;
      /** Reached: nothing is left to do. */
      readonly until?: Until;
    }
  | {
      readonly does: "domain rule";
      /** The domain. */
      readonly target: Target;
      readonly name: string;
      readonly step: "add" | "validate" | "drop";
    }
  | { readonly does: "grant"; readonly targets: readonly Target[]; readonly grantees: readonly string[] }
  | { readonly does: "set members"; readonly target: Target; readonly members: readonly Target[] }
  | { readonly does: "bring back"; readonly target: Target }
  | { readonly does: "role"; readonly role: string; readonly isWanted: boolean }
  | { readonly does: "session" }
  | { readonly does: "journalled" };

/** An object as it is when a statement of several steps has done what it is for. */
export interface Until {
  readonly target: Target;
  readonly properties: readonly string[];
}

/** What a step makes the server do, for the estimate. */
export type Work =
  | { readonly does: "catalog" }
  | {
      readonly does: "index";
      readonly table: QualifiedName;
      readonly columns: readonly string[];
      readonly predicate: Node | null;
    }
  | { readonly does: "scan"; readonly table: QualifiedName; readonly lookups: boolean }
  | { readonly does: "rewrite"; readonly table: QualifiedName };

/** A step before it is held against a database. */
export interface Draft {
  readonly kind: StepKind;
  readonly title: string;
  readonly sql: string;
  readonly target: Target | null;
  readonly needs: readonly Target[];
  readonly locks: readonly Lock[];
  readonly transactional: boolean;
  readonly hazards: readonly Omit<Hazard, "allowed">[];
  readonly safety: string;
  readonly goal: Goal;
  readonly work: Work;
  /** What it says `IF EXISTS` of: where that is not there, nothing is to do. */
  readonly ifExists?: Target;
  /** The tables and columns whose rows it fills: it counts as done only as long as they are the same. */
  readonly fills?: readonly Target[];
  /** What it says `IF NOT EXISTS` of: where that is there when it is its turn, nothing is to do. */
  readonly ifNotExists?: Target;
  /** Its SQL with the words `IF NOT EXISTS`, of an index: only the server knows what code before it has made. */
  readonly lenient?: string;
  /** How it runs in batches where its table is large, and what is to be accepted then. */
  readonly batches?: Batches & {
    readonly hazards: Draft["hazards"];
    readonly safety: string;
  };
  /** Of a change of rows, why it is not shown that it may run in batches: the end of a sentence. */
  readonly unbatched?: string;
  /** How the object is made anew where one of another form is there, if that loses nothing. */
  readonly replacement?: string;
}

/** What a statement is classified in: the database as the steps before it leave it. */
export interface StatementContext {
  /** Of the project. */
  readonly names: Names;
  /** The schemas whose objects the migrations manage. */
  readonly schemas: readonly [string, ...string[]];
  /** The major version of the server. */
  readonly serverVersion: number;
  /** Whether the deploying session's time zone is UTC, so that times with and without one are the same. */
  readonly isUtc: boolean;
  /** Whether the role that deploys is a superuser. */
  readonly isSuperuser: boolean;
  /** Whether a table is so small that all its rows are read, or written, in a moment. */
  readonly isSmall: (table: QualifiedName) => boolean;
  /** Whether this plan makes an object, or the deployment that it continues did: no client is known to use it. */
  readonly isOwn: (target: Target) => boolean;
  /** Whether the deployment that this plan continues made an object, so that somebody may have filled it since. */
  readonly isBegun: (target: Target) => boolean;
  /** Whether a table was seen to have no row, or a column no value but its default, and no step before fills it. */
  readonly isEmpty: (target: Target) => boolean;
  /** Whether this plan makes the table, or one that it continues, so that it is as good as empty and nobody waits for it. */
  readonly isNew: (relation: QualifiedName) => boolean;
  /** A managed table as it is; undefined for one that is not there or not managed. */
  readonly table: (relation: QualifiedName) => Table | undefined;
  /** A table as this migration leaves it. */
  readonly tableAfter: (relation: QualifiedName) => Table | undefined;
  /** Whether a relation or a constraint of the schema has a name. */
  readonly isTaken: (name: QualifiedName) => boolean;
  /** The partitions of a table that no managed schema has. */
  readonly strangePartitions: (relation: QualifiedName) => readonly QualifiedName[];
  /** A table as the last migration leaves it. */
  readonly tableAtLast: (relation: QualifiedName) => Table | undefined;
  /** Whether a relation is a view, or becomes one by this plan. */
  readonly isView: (relation: QualifiedName) => boolean;
  /** A table as the migration before leaves it, whatever was done since: what is numbered by it stays the same. */
  readonly tableBefore: (relation: QualifiedName) => Table | undefined;
  /** Whether an object is there. */
  readonly exists: (target: Target) => boolean;
  /** Whether an object is there once the migration is through; a function counts whatever its arguments. */
  readonly existsAfter: (target: Target) => boolean;
  /** An object of a kind with a file of its own; undefined where it is not there. */
  readonly described: (target: Target) => DescribedObject | undefined;
  /** The parts of such an object. */
  readonly membersOf: (target: Target) => readonly Target[];
  /** The rows of a table as the statistics have them; null where it is not known. */
  readonly rows: (relation: QualifiedName) => number | null;
  /** Null for a function that is not known. */
  readonly volatility: (name: readonly string[]) => "immutable" | "stable" | "volatile" | null;
  /** Whether a function of that name, whoever's, is an aggregate. */
  readonly isAggregate: (name: string) => boolean;
  /** Whether an operator of that name is a volatile function's. */
  readonly isVolatileOperator: (name: string) => boolean;
  /** Whether a relation has rules, which rewrite what is done to it. */
  readonly isRuled: (relation: QualifiedName) => boolean;
  /** Whether the session's role may act as a table's owner, whom its policies do not hold for. */
  readonly isOwner: (table: Table) => boolean;
  /** What a table is a partition of or inherits from, and what is a partition of it or inherits from it, at any distance. */
  readonly relatives: (table: QualifiedName) => readonly QualifiedName[];
  /** The functions of a name, as they are and as the migration leaves them. */
  readonly routines: (name: QualifiedName) => readonly Pick<FunctionObject, "language" | "body">[];
  /** A table of no managed schema that refers to a table; undefined where there is none. */
  readonly referencedFromOutside: (table: QualifiedName) => QualifiedName | undefined;
  /** The argument types of the functions of a name. */
  readonly overloads: (name: QualifiedName) => readonly string[];
  /** The views that select from a relation, or from one column of it. */
  readonly dependents: (relation: QualifiedName, column?: string) => readonly QualifiedName[];
  /** The partitions of a table, and what inherits from it. */
  readonly partitions: (relation: QualifiedName) => readonly QualifiedName[];
  /** The tables whose foreign keys point at a table. */
  readonly referencing: (relation: QualifiedName) => readonly QualifiedName[];
  /** What a view reads. */
  readonly reads: (view: QualifiedName) => readonly QualifiedName[];
  /** The sequences of identity and serial columns, of one column where it is named. */
  readonly sequencesOf: (table: QualifiedName, column?: string) => readonly QualifiedName[];
  /** The constraints of a domain; none for an unknown one. */
  readonly domainRules: (domain: QualifiedName) => readonly string[];
  /** The managed tables with columns of a type. */
  readonly usersOf: (type: QualifiedName) => readonly QualifiedName[];
  /** Whether a type, as printed, is a domain that not every value is allowed in. */
  readonly isStrictDomain: (type: string) => boolean;
  /** The schema and table of an index; undefined for an unknown one. */
  readonly indexTable: (index: QualifiedName) => QualifiedName | undefined;
  /** The table whose primary key, unique or exclusion constraint an index is behind: both go by one name. */
  readonly keyTable: (index: QualifiedName) => QualifiedName | undefined;
}

/** A lock, with whom it stops as the table of conflicts says. PostgreSQL 17 manual, 13.3.1 "Table-Level Locks". */
export function lock(
  { schema, name }: QualifiedName,
  mode: LockMode,
  duration: Lock["duration"] = "short",
): Lock {
  const stops = conflictingModes[mode];
  return {
    schema,
    name,
    mode,
    stopsReads: stops.includes("ACCESS SHARE"),
    stopsWrites: stops.includes("ROW EXCLUSIVE"),
    duration,
  };
}

/** An object of a schema: a table, view, sequence, type or function. */
export function target(kind: Target["kind"], { schema, name }: QualifiedName): Target {
  return { kind, schema, name, table: null };
}

/** Something that belongs to a table or view. */
export function part(kind: Target["kind"], { schema, name: table }: QualifiedName, name: string): Target {
  return { kind, schema, name, table };
}

/** The catalog is changed under a lock held for a moment: the commonest of safeties. */
export const momentary =
  "Only the catalog is changed: the lock is held for a moment, and asked for with a timeout.";

/** A draft of the commonest form: one transactional change of the catalog. */
export function catalogChange(
  draft: Pick<Draft, "kind" | "title" | "sql" | "target" | "goal"> & Partial<Draft>,
): Draft {
  return {
    needs: [],
    locks: [],
    transactional: true,
    hazards: [],
    safety: momentary,
    work: { does: "catalog" },
    ...draft,
  };
}

/** A statement that is not to be run: it has no steps to fall back on, and can't be allowed. */
export function refused(sql: string, message: string, safeForm: string): Draft {
  return catalogChange({
    kind: "opaque",
    title: sql.split("\n", 1)[0]?.slice(0, 80) || "a statement",
    sql,
    target: null,
    goal: { does: "journalled" },
    safety: "It is not run.",
    hazards: [{ name: "unsupported", message, safeForm }],
  });
}
