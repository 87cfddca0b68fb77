import { catalogChange, type Draft } from "./draft.ts";

/**
 * What no planner can see into: the code of `DO` and `CALL`, and statements that it does not know. It is let through under conditions that hold whatever it
 * does: one transaction of its own, written down in that same transaction so that it never runs twice, and timeouts
 * for every lock that it waits for and for all that it does. So it holds nothing for long, and fails rather than
 * stops others.
 */
export function opaque(title: string, sql: string): Draft {
  return catalogChange({
    kind: "opaque",
    title,
    sql,
    target: null,
    safety:
      "What it does cannot be seen beforehand; so it runs once, in a transaction of its own, under a lock timeout and a statement timeout: it holds nothing for long.",
    goal: { does: "journalled" },
  });
}

/** A statement that the planner does not know: it can be allowed by whoever knows what it locks. */
export function unknown(what: string, sql: string): Draft {
  return {
    ...opaque(what, sql),
    hazards: [
      {
        name: "unknown",
        message: `The planner does not know what it takes to ${what}: neither what it locks, nor for how long.`,
        safeForm: "See what it locks in PostgreSQL's manual, and allow this step by name, in a quiet hour.",
      },
    ],
  };
}
