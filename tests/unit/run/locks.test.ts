import { describe, expect, it } from "vitest";
import { backoff, describeHolder, type Holder } from "../../../packages/drizzle-deploy/src/run/locks.ts";

const holder: Holder = {
  pid: 4711,
  application: "psql",
  user: "alice",
  state: "idle in transaction",
  backend: "client backend",
  query: "update accounts\n  set name = 'it''s secret', note = $x$private$x$ where id = 'a'",
  seconds: 93.4,
};

describe("a holder in a few words", () => {
  it("names session, user, state and statement, but no constant of it", () => {
    expect(describeHolder(holder)).toBe(
      `pid 4711 (psql, user alice), idle in transaction for 93 s: "update accounts set name = '…', note = '…' where id = '…'"`,
    );
  });

  it.each<[string, Partial<Holder>, string]>([
    [
      "a role that may not look",
      { query: "<insufficient privilege>", state: null, seconds: null },
      "pid 4711 (psql, user alice)",
    ],
    [
      "an autovacuum",
      {
        application: "",
        user: null,
        backend: "autovacuum worker",
        state: "active",
        query: "autovacuum: VACUUM public.t",
      },
      `pid 4711 (autovacuum worker), active for 93 s: "autovacuum: VACUUM public.t"`,
    ],
    [
      "a prepared transaction",
      { pid: null, application: "prepared transaction x", state: "prepared", query: null },
      "prepared transaction x (user alice), prepared for 93 s",
    ],
    [
      "a constant that is cut off",
      { query: "select 'secret that goes on" },
      `pid 4711 (psql, user alice), idle in transaction for 93 s: "select '…'"`,
    ],
  ])("%s", (_, changes, text) => {
    expect(describeHolder({ ...holder, ...changes })).toBe(text);
  });
});

describe("the pause between attempts", () => {
  it("doubles, is never more than ten seconds, and differs between two who wait for each other", () => {
    const most = [1, 2, 3, 4, 20].map((attempt) => backoff(attempt, () => 1));
    expect(most).toEqual([250, 500, 1000, 2000, 10_000]);
    expect([1, 2, 20].map((attempt) => backoff(attempt, () => 0))).toEqual([125, 250, 5_000]);
  });
});
