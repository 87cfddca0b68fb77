import { describe, expect, it } from "vitest";
import {
  gatherFacts,
  lint,
  lintRules,
  makePlan,
  type Step,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { parseStepId } from "../../../packages/drizzle-deploy/src/model/step-id.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { parseStatements, type Statement } from "../../../packages/drizzle-deploy/src/sql/parser.ts";
import { createDatabase } from "../../support/database.ts";
import { makeProject } from "../../support/generic.ts";

/* What lint says that `deploy` does, held against what a plan for a live database says. */

/** What lint and a plan say of a migration on a database that has another one, with rows. */
async function bothOf(setUp: string, text: string) {
  const statements = parseStatements(setUp);
  const isRows = ({ node }: Statement): boolean => "InsertStmt" in node;
  const textOf = (some: readonly Statement[]) => some.map(({ sql: one }) => `${one};`).join("\n");
  const before = textOf(statements.filter((one) => !isRows(one)));
  const project = await makeProject([before, text], ["public", "archive", "sales"]);
  const { sql } = await createDatabase("empty");
  const [first, second] = readMigrations(project.migrationsFolder);
  if (!first || !second) throw new Error("expected two migrations");
  await sql.unsafe(`${before}\n${textOf(statements.filter(isRows))}\nanalyze;`).simple();
  await writeJournal(sql, [first]);
  const plan = await makePlan(project, await gatherFacts(sql, project));
  const report = lint(project.migrationsFolder, { only: [second.tag], names: project.names });
  const stepsOf = (number: number | null): Step[] =>
    plan.steps.filter(({ id }) =>
      parseStepId(id).parts.some((part) => part.split(".")[0] === String(number)),
    );
  return { report, plan, stepsOf };
}

const hazardsOf = (steps: readonly Step[]) => steps.flatMap(({ hazards }) => hazards.map(({ name }) => name));

/** A hundred rows are few: the planner passes what lint has to ask for. */
const ofSize = ["change-many-rows"];

describe("a plan for a database with rows", () => {
  it.each(lintRules.map((rule) => [rule.id, rule] as const))(
    "%s: does with the bad example what lint says",
    async (id, rule) => {
      const { report, plan, stepsOf } = await bothOf(rule.example.setUp, rule.example.bad);
      const own = report.findings.filter((one) => one.rule === id);
      expect(own).not.toEqual([]);
      for (const { deploy, statement, hazard } of own) {
        const steps = stepsOf(statement);
        const blocked = steps.filter(({ action }) => action === "blocked");
        switch (deploy?.does) {
          case "asks":
            if (ofSize.includes(id)) break;
            expect(hazardsOf(blocked)).toContain(hazard);
            // Several statements that run in one transaction are one step, of which only a plan knows.
            for (const step of blocked) if (!step.id.includes("+")) expect(deploy.text).toContain(step.id);
            break;
          case "refuses":
            expect(hazardsOf(blocked)).toContain("unsupported");
            break;
          case "makes safe":
            expect(blocked).toEqual([]);
            if (deploy.runs.length > 0) expect(steps.map(({ sql }) => sql)).toEqual(deploy.runs);
            break;
          case "does not run":
            expect(steps.filter(({ action }) => action === "run")).toEqual([]);
            break;
          default:
            expect(blocked).toEqual([]);
        }
      }
      const found = new Set(report.findings.map((one) => one.hazard));
      expect(
        hazardsOf(plan.steps).filter(
          (name) => !found.has(name) && !(name === "unsupported" && found.has("data-refused")),
        ),
      ).toEqual([]);
    },
  );
});
