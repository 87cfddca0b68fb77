import { expect, inject, it } from "vitest";
import { handMadeProductions } from "../../support/hand-made.ts";
import { type Variation, variations } from "../../support/productions.ts";

const travel = handMadeProductions();

const { owner, administrator } = inject("testServer");
const isMet = ({ notForSuperusers }: Variation): boolean =>
  !(notForSuperusers === true && owner === administrator);

it.each(
  variations.filter((one) => one.kind === "refused" && isMet(one)).map((one) => [one.name, one] as const),
)(
  "%s: is refused before anything, and the way out leads through",
  async (_name, { statements, duplicates, repair }) => {
    const reports = await travel(statements, { duplicates, repair });
    expect(reports[0]?.outcome).toBe("refused");
  },
);
