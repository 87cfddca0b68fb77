import { describe, expect, it } from "vitest";
import { lintRules } from "../../../packages/drizzle-deploy/src/index.ts";
import { emptyFolder } from "../../../packages/drizzle-deploy/src/lint/folder.ts";
import { classify } from "../../../packages/drizzle-deploy/src/statements/index.ts";
import { resolve } from "../../../packages/drizzle-deploy/src/statements/resolve.ts";
import { statementFacts } from "../../support/recorded-facts.ts";
import { contextOfCases, parsed, cases as statementCases } from "../../support/statement-cases.ts";
import { lintOf } from "./lint-of.ts";
import { cases } from "./rules.cases.ts";

describe("what is found of a migration that comes after another one", () => {
  it.each(cases.map(({ what, ...one }) => [what, one] as const))(
    "%s",
    (_what, { before = "", text, finds }) => {
      const { findings } = lintOf({ "0000_before": before, "0001_next": text }, ["0001_next"]);
      expect([...new Set(findings.map(({ rule }) => rule))].sort()).toEqual(finds);
    },
  );
});

it("whatever the planner takes for a hazard, a rule finds", () => {
  const context = contextOfCases(statementFacts());
  const missed = statementCases.flatMap(({ sql }) => {
    const { node } = parsed(sql);
    const drafts = classify(parsed(sql), context);
    const commands = "AlterTableStmt" in node ? (node.AlterTableStmt.cmds ?? []) : [];
    const command = commands.flatMap((one) => ("AlterTableCmd" in one ? [one.AlterTableCmd] : []))[0] ?? null;
    if (commands.length > 1) return [];
    const found = new Set<string>();
    for (const rule of lintRules) {
      const act = {
        node,
        sql,
        command,
        table: "AlterTableStmt" in node ? resolve(node.AlterTableStmt.relation) : null,
        drafts,
        context,
        folder: emptyFolder(),
        after: emptyFolder(),
        later: [],
        held: [],
        found: [],
      };
      for (const { hazard } of rule.judge(act)) found.add(hazard);
    }
    const hazards = drafts.flatMap((draft) =>
      draft.hazards.filter(({ name }) => !(draft.kind === "change data" && name === "long-lock")),
    );
    return hazards.filter(({ name }) => !found.has(name)).map(({ name }) => `${name}: ${sql}`);
  });
  expect(missed).toEqual([]);
});
