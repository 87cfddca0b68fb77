import type { AlterTableCmd, Node } from "libpg-query";
import type { LockMode } from "../model/lock-modes.ts";
import { hazardNames } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import type { Draft, StatementContext } from "../statements/index.ts";
import type { Folder } from "./folder.ts";

/** What a rule can find: the hazards of a step, and what only shows once there are rows, or readers. */
export const lintHazards = [
  ...hazardNames,
  /** Rows that are there may not be as it asks for; a deployment then stops with `DATA_REFUSED`. */
  "data-refused",
  /** Clients read rows that policies were to hide from them. */
  "exposes-rows",
] as const;

export type LintHazard = (typeof lintHazards)[number];

/** What `deploy` does about a statement. */
export const outcomes = [
  /** It runs another form, which stops nobody. */
  "makes safe",
  "runs as written",
  /** It is the deployment's own to do. */
  "does not run",
  /** Nothing runs until somebody allows the hazard by name. */
  "asks",
  "refuses",
] as const;

export type Outcome = (typeof outcomes)[number];

/** What `deploy` does about a statement, and how it says so. */
export interface DeployAnswer {
  readonly does: Outcome;
  /** For a person. */
  readonly text: string;
}

/** A lock that earlier statements of the migration took, and that the migrator's transaction holds to its end. */
export interface HeldLock extends QualifiedName {
  readonly mode: LockMode;
  /** The statement's place in the migration, from 1. */
  readonly statement: number;
}

/** One change that a migration makes: a statement, or one command of an `ALTER TABLE`, with what is known around it. */
export interface Act {
  readonly node: Node;
  /** As SQL by itself. */
  readonly sql: string;
  /** Of an `ALTER TABLE`: the table, and what is done to it. */
  readonly command: AlterTableCmd | null;
  readonly table: QualifiedName | null;
  /** The steps that a deployment takes for it, with their locks and hazards. */
  readonly drafts: readonly Draft[];
  readonly context: StatementContext;
  /** What the folder has made before it. */
  readonly folder: Folder;
  /** What the folder has made once the migration is through. */
  readonly after: Folder;
  /** The statements after it in the migrations that are judged. */
  readonly later: readonly Node[];
  readonly held: readonly HeldLock[];
  /** The hazards that rules before have found in it. */
  readonly found: readonly LintHazard[];
}

/** What a rule has to say of an act. */
export interface Judgement {
  readonly hazard: LintHazard;
  /** What it is about: `public.orders.status`. */
  readonly object: string;
  /** What would happen, with the objects' own names. */
  readonly message: string;
  /** What to write instead, as SQL with comments; empty where the statement is only to be left out. */
  readonly safeForm: readonly string[];
  /** Where the steps that it takes do not tell. */
  readonly deploy?: DeployAnswer;
}

/** What a server shows of the bad example: a test looks. */
export interface Shown {
  /** The strongest locks on what was there before, as `public.orders ACCESS EXCLUSIVE`. */
  readonly locks?: readonly string[];
  /** Tables that are written anew. */
  readonly rewrites?: readonly string[];
  /** Tables of which every row is read. */
  readonly reads?: readonly string[];
  /** The SQLSTATE with which it fails, as there are rows. */
  readonly fails?: string;
}

/** A hazard that lint knows: what it is, how it is found, and what to write instead. */
export interface Rule {
  /** Lower-case words with hyphens: comments and pages name it. */
  readonly id: string;
  /** The hazards that it finds. */
  readonly hazards: readonly LintHazard[];
  readonly title: string;
  /** Why it is a hazard, in PostgreSQL's own terms. */
  readonly why: string;
  /** What a deployment of this engine does about it. */
  readonly deploy: string;
  readonly example: {
    /** What is there before, with rows. */
    readonly setUp: string;
    readonly bad: string;
    readonly good: string;
    readonly shows: Shown;
  };
  readonly judge: (act: Act) => readonly Judgement[];
}
