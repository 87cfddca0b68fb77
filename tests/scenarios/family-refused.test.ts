import { expect, it } from "vitest";
import { handMadeProductions } from "./support/hand-made.ts";
import { variations } from "./support/productions.ts";

const travel = handMadeProductions();

it.each(variations.filter(({ kind }) => kind === "refused").map((one) => [one.name, one] as const))(
  "%s: is refused before anything, and the way out leads through",
  async (_name, { statements, duplicates, repair }) => {
    const reports = await travel(statements, { duplicates, repair });
    expect(reports[0]?.outcome).toBe("refused");
  },
);
