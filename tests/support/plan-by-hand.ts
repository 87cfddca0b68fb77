import { createHash } from "node:crypto";
import type { Lock, Plan, Step } from "../../packages/drizzle-deploy/src/model/step.ts";

/** What a step that is written by hand has to say; the rest is of no consequence to the executor. */
export type HandStep = Pick<Step, "sql"> & Partial<Step>;

/** A lock on a table of schema public. */
export function lock(name: string, mode: Lock["mode"], duration: Lock["duration"] = "short"): Lock {
  return {
    schema: "public",
    name,
    mode,
    stopsReads: mode === "ACCESS EXCLUSIVE",
    stopsWrites: true,
    duration,
  };
}

/** An index of a table of schema public, as a target. */
export function index(name: string, table: string): Step["target"] {
  return { kind: "index", schema: "public", name, table };
}

/** A plan written by hand: each list of steps is a migration. */
export function planOf(migrations: Readonly<Record<string, readonly HandStep[]>>): Plan {
  const tags = Object.keys(migrations);
  const steps = Object.entries(migrations).flatMap(([tag, list]) =>
    list.map(
      (step, at): Step => ({
        id: `${tag}/${at + 1}`,
        migration: tag,
        kind: "create table",
        title: step.sql.slice(0, 60),
        target: null,
        needs: [],
        locks: [],
        transactional: true,
        action: "run",
        reason: null,
        hazards: [],
        safety: "written by hand",
        size: null,
        estimate: { milliseconds: 0, growthBytes: 0 },
        ...step,
      }),
    ),
  );
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  return {
    version: 1,
    id: hash(JSON.stringify(steps)),
    state: hash("by hand"),
    project: "by hand",
    createdAt: new Date().toISOString(),
    from: null,
    to: tags.at(-1) ?? null,
    migrations: tags.map((tag, at) => ({ tag, hash: hash(tag), when: 1_700_000_000_000 + at })),
    steps,
    notes: [],
  };
}
