/**
 * What became of a promised speed-up.
 * - `exceeded`: at least a quarter more than was promised.
 * - `nothing to gain`: it was near its floor before anybody promised anything.
 */
export const verdicts = ["exceeded", "kept", "not kept", "nothing to gain"] as const;
export type Verdict = (typeof verdicts)[number];

/** The scale that the promises were made for: as much data as production has. With less there is less to gain. */
export const promisedAtScale = 1;

/** A query that takes no more than this many times its floor can hardly be made faster by an index. */
export const nearFloor = 2;

const wellOver = 1.25;

/** Judges one query of the tenant that the promise was made for; times in the same unit. */
export function judge(times: { before: number; after: number; floor: number }, promised: number): Verdict {
  const ratio = times.before / times.after;
  if (ratio >= promised * wellOver) return "exceeded";
  if (ratio >= promised) return "kept";
  return times.before <= times.floor * nearFloor ? "nothing to gain" : "not kept";
}
