import { z } from "zod";
import { type ObjectIdentity, objectKinds } from "../catalog/index.ts";
import { readLock, readTarget } from "./former-words.ts";
import { lockModes } from "./lock-modes.ts";

/*
 * The vocabulary of a deployment. Everything here is JSON: a plan can be printed, reviewed, stored, compared, and run
 * later, by another machine.
 */

export const stepKinds = [
  "create schema",
  "drop schema",
  "create extension",
  "drop extension",
  "create type",
  "alter type",
  "create sequence",
  "alter sequence",
  "drop sequence",
  "create table",
  "add column",
  "alter column",
  "drop column",
  "add constraint",
  "validate constraint",
  "drop constraint",
  "create index",
  "drop index",
  "create view",
  "alter view",
  "drop view",
  "create function",
  "alter function",
  "drop function",
  "create trigger",
  "alter trigger",
  "drop trigger",
  "create policy",
  "alter policy",
  "drop policy",
  "create statistics",
  "alter statistics",
  "drop statistics",
  "create publication",
  "alter publication",
  "drop publication",
  "row security",
  "table option",
  "role",
  "grant",
  "comment",
  "rename",
  "move table",
  "drop table",
  "drop type",
  "change data",
  /** Rows of Drizzle's journal, and of the records of deployments. */
  "journal",
  "opaque",
  /** Several statements that must not be taken apart; `parts` says what they do. */
  "transaction",
] as const;

/** Why a statement must not run on a live database as it stands. */
export const hazardNames = [
  "rewrite",
  "long-lock",
  "data-loss",
  "breaks-clients",
  "not-resumable",
  "not-transactional",
  /** The planner does not know the statement: neither what it locks nor what it changes. */
  "unknown",
  /** It cannot work, or not be resumed: not to be allowed. */
  "unsupported",
] as const;

const name = z.string().min(1);

/** What a step makes, changes or removes; the words of a catalog's `ObjectIdentity`, or the rows of a table. */
export const targetSchema = z.preprocess(
  readTarget,
  z.strictObject({
    kind: z.union([z.enum(objectKinds).exclude(["default privilege"]), z.literal("data")]),
    schema: name.nullable(),
    /** The object's own name; a function's comes with its argument types: `f(integer)`. */
    name,
    /** The table or view that a column, constraint, index, policy or trigger belongs to. */
    table: name.nullable(),
  }),
);

export const lockSchema = z.preprocess(
  readLock,
  z.strictObject({
    schema: name,
    name,
    mode: z.enum(lockModes),
    /** Whether others can still read and write meanwhile. */
    stopsReads: z.boolean(),
    stopsWrites: z.boolean(),
    /** `short`: the catalog is changed and that is all. `long`: for as long as the table is large. */
    duration: z.enum(["short", "long"]),
  }),
);

export const hazardSchema = z.strictObject({
  name: z.enum(hazardNames),
  /** What would happen, with the objects' own names. */
  message: name,
  /** What to write instead. */
  safeForm: name,
  /** Whether the command line allowed it, by the step's id. */
  allowed: z.boolean(),
});

/** How the planner found the object of a step. */
export const actions = [
  /** To do. */
  "run",
  /** It is as wanted, or the step is journalled as done. */
  "skip",
  /** It is there in another form, and replacing it loses nothing. */
  "replace",
  /** What is there is a left-over of an interrupted build: removed first. */
  "rebuild",
  /** Left out, for the project's own reason. */
  "leave out",
  /** Something else is in the way, or a hazard is not allowed: nothing runs until that is settled. */
  "blocked",
] as const;

/**
 * How a change of many rows runs in batches, each a transaction of its own, with the result that it has in one: see
 * `batching` of `statements`.
 */
export const batchesSchema = z.strictObject({
  /** The table whose rows are gone through. */
  table: z.strictObject({ schema: name, name }),
  /** The columns that put them in order, with their types. */
  key: z.array(z.strictObject({ name, type: name })).min(1),
  /** The table that is written, and the columns of it that are set, of an `UPDATE`. */
  written: z.strictObject({ schema: name, name, columns: z.array(name) }),
  /** The statement of one batch: `$1` and `$2` are its first key and its last, each a JSON array of texts. */
  sql: name,
  /** Whether `$3` is the time at which the first batch began, as a text. */
  takesTime: z.boolean(),
});

/** One statement of a plan: what becomes of it, its locks, its hazards, and why it stops nobody for long. */
export const stepSchema = z.strictObject({
  /** `0002_optimization/14`: the migration and the statement in it, from 1; `/14.2` where it takes several steps. */
  id: name,
  migration: name,
  kind: z.enum(stepKinds),
  /** For a person: `create index idx_x on public.y`. */
  title: name,
  /** As it will run. */
  sql: name,
  target: targetSchema.nullable(),
  /** What has to be there for it: tables, columns, functions. */
  needs: z.array(targetSchema),
  locks: z.array(lockSchema),
  /** False for what PostgreSQL refuses to run in a transaction. */
  transactional: z.boolean(),
  action: z.enum(actions),
  /** Why it is skipped, replaced, left out or blocked. */
  reason: z.string().nullable(),
  hazards: z.array(hazardSchema),
  /** Why it stops nobody for long. */
  safety: name,
  /** Of the table that it works on, where there is one. */
  size: z.strictObject({ bytes: z.number(), rows: z.number() }).nullable(),
  estimate: z.strictObject({ milliseconds: z.number(), growthBytes: z.number() }),
  /** How it runs in batches; absent where it runs in one transaction. */
  batches: batchesSchema.optional(),
  /** What each of several statements does that run in one transaction. */
  parts: z
    .array(
      z.strictObject({
        id: name,
        kind: z.enum(stepKinds),
        title: name,
        sql: name,
        target: targetSchema.nullable(),
      }),
    )
    .optional(),
});

/** What a deployment would run, step by step, and what it would skip, as `--json` prints it. */
export const planSchema = z.strictObject({
  version: z.literal(1),
  /** SHA-256 of what the plan does: the same steps have the same id wherever and whenever they are planned. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 of the state it was made for: journal, and the catalog objects that its steps touch. */
  state: z.string().regex(/^[0-9a-f]{64}$/),
  project: name,
  createdAt: z.iso.datetime(),
  /** Tag of the last migration applied before, and after it. */
  from: name.nullable(),
  to: name.nullable(),
  migrations: z.array(
    z.strictObject({
      tag: name,
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      when: z.int(),
      /** Of a folder of Drizzle 1.0: the name under which it is recorded. */
      name: name.optional(),
    }),
  ),
  steps: z.array(stepSchema),
  /** What is not ours and matters to a step: a view that depends on a table, an index on the same columns. */
  notes: z.array(z.string()),
});

export type StepKind = (typeof stepKinds)[number];
export type HazardName = (typeof hazardNames)[number];
export type Action = (typeof actions)[number];
export type Target = z.infer<typeof targetSchema>;
export type Lock = z.infer<typeof lockSchema>;
export type Hazard = z.infer<typeof hazardSchema>;
export type Batches = z.infer<typeof batchesSchema>;
export type Step = z.infer<typeof stepSchema>;
export type Plan = z.infer<typeof planSchema>;

const changing: readonly Action[] = ["run", "replace", "rebuild"];

/** Whether the plan changes something at this step. */
export const isToRun = ({ action }: Pick<Step, "action">): boolean => changing.includes(action);

/** Whether a step is neither done nor left out: it is to run, or would be to run if nothing stood in its way. */
export const isPending = ({ action }: Pick<Step, "action">): boolean =>
  action !== "skip" && action !== "leave out";

/** What a step does, each part of it by itself where it is of several statements. */
export const partsOf = ({ parts, ...step }: Step): Step[] =>
  parts ? parts.map((part) => ({ ...step, ...part })) : [step];

/** Whether two targets name one object. */
export const isSameTarget = (one: Target, other: Target): boolean =>
  one.kind === other.kind &&
  one.schema === other.schema &&
  one.table === other.table &&
  one.name === other.name;

/** The same object in the words of a step; null for a kind that no step makes. */
export function targetOf({ kind, schema, name, parent }: ObjectIdentity): Target | null {
  return kind === "default privilege" ? null : { kind, schema, name, table: parent?.name ?? null };
}

/** The name of an object as a person writes it. */
export function nameOf({ schema, table, name }: Target): string {
  return [schema, table, name].filter((part) => part !== null).join(".");
}
