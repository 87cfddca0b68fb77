import type { LintRule } from "../index.ts";

const sql = (text: string): string[] => ["```sql", text.trim(), "```"];

/** What a server shows of the bad example, in words. */
function shownOf({ shows }: LintRule["example"]): string[] {
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");
  const said = [
    ...(shows.locks ? [`holds ${list(shows.locks)}`] : []),
    ...(shows.rewrites ? [`writes ${list(shows.rewrites)} anew`] : []),
    ...(shows.reads ? [`reads every row of ${list(shows.reads)}`] : []),
    ...(shows.fails ? [`fails with SQLSTATE \`${shows.fails}\``] : []),
  ];
  return said.length === 0 ? [] : ["", `On a server, with rows in the table, it ${said.join(", and ")}.`];
}

/** The page of a rule, as Markdown: why it is a hazard, what to write instead, and what `deploy` does about it. */
export function formatRulePage(rule: LintRule): string {
  const { id, title, hazards, why, deploy, example } = rule;
  return [
    `# ${id}`,
    "",
    `**${title}.** Hazard: ${hazards.map((hazard) => `\`${hazard}\``).join(", ")}.`,
    "",
    why,
    "",
    "## Instead of",
    "",
    ...sql(example.bad),
    ...shownOf(example),
    "",
    "## Write",
    "",
    ...sql(example.good),
    "",
    "Both are meant for a database that has:",
    "",
    ...sql(example.setUp),
    "",
    "## What deploy does",
    "",
    deploy,
    "",
    "## Where it may be so",
    "",
    `A comment before the statement accepts it, with a reason: \`-- lint: accept ${id}: why it may be so here\`.`,
    "",
  ].join("\n");
}

/** The list of all rules, with a link to the page of each, as Markdown. */
export const formatRuleIndex = (rules: readonly LintRule[]): string =>
  [
    "# Rules of lint",
    "",
    "What `drizzle-deploy lint` looks for in migrations. How it is run: [lint.md](../lint.md).",
    "",
    "| rule | what it finds | hazard |",
    "| --- | --- | --- |",
    ...rules.map(
      ({ id, title, hazards }) =>
        `| [${id}](${id}.md) | ${title} | ${hazards.map((hazard) => `\`${hazard}\``).join(", ")} |`,
    ),
    "",
  ].join("\n");
