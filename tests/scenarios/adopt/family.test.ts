import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { handMadeProductions } from "../../support/hand-made.ts";
import {
  closeOver,
  overlap,
  packed,
  scriptAgain,
  scriptEffects,
  type Variation,
  variations,
} from "../../support/productions.ts";

const travel = handMadeProductions();

const accepted = variations.filter(({ kind }) => kind === "accepted");
const statementsOf = (some: readonly Variation[]): string[] => some.flatMap(({ statements }) => statements);
const haveDuplicates = (some: readonly Variation[]): boolean => some.some(({ duplicates }) => duplicates);

/** How many variations come together; where one is wrong, the list of its production names it among few. */
const most = 12;

describe("a production made by hand is adopted, deployed, checked, rolled back to the letter, deployed again", () => {
  it("as people wrote it", async () => {
    expect(await travel([])).toHaveLength(1);
  });

  it.each(packed(accepted, most).map((pack) => [pack.map(({ name }) => name).join("; "), pack] as const))(
    "changed since: %s",
    async (_names, pack) => {
      expect(await travel(statementsOf(pack), { duplicates: haveDuplicates(pack) })).toHaveLength(1);
    },
  );
});

/** Some of the accepted ones of which no two touch the same, nor what the script's effects do. */
function compatible(some: readonly Variation[], effects: readonly string[]): Variation[] {
  const chosen: Variation[] = [];
  for (const variation of some) {
    const taken = [...effects, ...chosen.flatMap(({ touches }) => touches)];
    if (!variation.touches.some((one) => taken.some((two) => overlap(one, two)))) chosen.push(variation);
  }
  return chosen;
}

describe("a production on which the old script ran", () => {
  it("twice", async () => {
    const whole = scriptEffects.map(({ sql }) => sql);
    expect(await travel([...whole, ...scriptAgain])).toHaveLength(1);
  });

  const names = scriptEffects.map(({ name }) => name);
  const combinations = fc.sample(
    fc.record({
      effects: fc.subarray(names, { minLength: 1 }),
      changes: fc.shuffledSubarray(accepted, { maxLength: 12 }),
    }),
    { seed: 20_260_216, numRuns: 8 },
  );

  it.each(combinations.map((one, at) => [at + 1, one] as const))(
    "in part, with other hands before it: combination %s",
    async (_number, { effects, changes }) => {
      const done = closeOver(effects);
      const before = compatible(
        changes,
        done.map(({ name }) => name),
      );
      const statements = [...statementsOf(before), ...done.map(({ sql }) => sql)];
      const said = [...before.map(({ name }) => name), ...done.map(({ name }) => name)].join("; ");
      expect(await travel(statements, { duplicates: haveDuplicates(before) }), said).toHaveLength(1);
    },
  );
});
