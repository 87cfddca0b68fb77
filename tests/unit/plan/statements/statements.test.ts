import { describe, expect, it } from "vitest";
import {
  contextOf,
  simulateCatalog,
} from "../../../../packages/drizzle-deploy/src/plan/simulated-catalog.ts";
import { fingerprint, print } from "../../../../packages/drizzle-deploy/src/sql/parser.ts";
import { classify, type Draft } from "../../../../packages/drizzle-deploy/src/statements/index.ts";
import { statementFacts } from "../../../support/recorded-facts.ts";
import { cases, contextOfCases, parsed, schemas } from "../../../support/statement-cases.ts";

const context = contextOfCases(statementFacts());

const kindOf = ({ kind, transactional }: Draft) => (transactional ? kind : `/${kind}`);
const hazardsOf = (drafts: readonly Draft[]) => [
  ...new Set(drafts.flatMap(({ hazards }) => hazards.map(({ name }) => name))),
];

// `$sql` would be cut short in the title.
const titled = cases.map((one) => [one.sql, one] as const);

describe("a statement", () => {
  it.each(titled)("%s takes the steps that it is said to take", (_, { sql: text, ...expected }) => {
    const drafts = classify(parsed(text), context);
    expect(drafts.map(kindOf)).toEqual(expected.steps);
    expect(hazardsOf(drafts)).toEqual(expected.hazards ?? []);
    expect(drafts.map((draft) => draft.sql)).toEqual(expected.runs ?? [text]);
    for (const { safety, title, hazards } of drafts) {
      expect([
        title,
        safety,
        ...hazards.flatMap(({ message, safeForm }) => [message, safeForm]),
      ]).not.toContain("");
    }
  });

  it.each(titled)("%s is the same statement after it was printed", (_, { sql: text, runs = [] }) => {
    for (const one of runs.length > 0 ? runs.flatMap((run) => run.split(";\n")) : [text]) {
      const { node } = parsed(one);
      let printed: string;
      try {
        printed = print(node);
      } catch (error) {
        // What the printer gets wrong is noticed, and never run.
        expect(error).toBeInstanceOf(RangeError);
        continue;
      }
      expect(fingerprint(parsed(printed).node)).toBe(fingerprint(node));
      expect(print(parsed(printed).node)).toBe(printed);
    }
  });

  it("is planned as it was when its own steps are planned again", () => {
    for (const { sql: text } of cases) {
      for (const { sql: own, kind, hazards, goal } of classify(parsed(text), context)) {
        // What a partition gets is named by what the whole has by then.
        if (goal.does === "in partition") continue;
        const again = classify(parsed(own), context);
        if (again.some((draft) => draft.goal.does === "in partition")) continue;
        if (hazards.some(({ name }) => name === "unsupported")) continue;
        // One already in its safe form stays one step, but SET NOT NULL, which does not say what proves it.
        if (kind === "alter column" && again.length > 1) continue;
        expect({ text: own, kinds: again.map((draft) => draft.kind) }).toEqual({ text: own, kinds: [kind] });
        expect(again.map((draft) => fingerprint(parsed(draft.sql).node))).toEqual([
          fingerprint(parsed(own).node),
        ]);
      }
    }
  });
});

describe("a statement on a table that the same plan makes", () => {
  it.each([
    `CREATE INDEX at_idx ON area.fresh (at)`,
    `ALTER TABLE area.fresh ADD COLUMN n serial NOT NULL`,
    `ALTER TABLE area.fresh ALTER COLUMN at SET NOT NULL`,
    `ALTER TABLE area.fresh ADD CONSTRAINT k UNIQUE (at)`,
    `ALTER TABLE area.fresh ADD CONSTRAINT c CHECK (at > now())`,
    `ALTER TABLE area.fresh ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES area.parent (id)`,
    `ALTER TABLE area.fresh ALTER COLUMN at SET DATA TYPE text`,
    `ALTER TABLE area.fresh DROP COLUMN at`,
    `INSERT INTO area.fresh SELECT id FROM area.bin`,
  ])("%s is run as it is written", (text) => {
    const facts = statementFacts();
    const world = simulateCatalog(facts, schemas);
    const around = contextOf(world, facts, {
      schemas,
      before: facts.catalog,
      after: facts.catalog,
    });
    for (const draft of classify(parsed("CREATE TABLE area.fresh (id integer, at timestamptz)"), around))
      world.apply(draft, facts.catalog);
    const drafts = classify(parsed(text), around);
    expect(drafts.map((draft) => draft.sql)).toEqual([text]);
    expect(hazardsOf(drafts)).toEqual([]);
    expect(drafts.flatMap(({ locks }) => locks.filter(({ duration }) => duration === "long"))).toEqual([]);
  });
});
