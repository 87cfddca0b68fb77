import type { LintFinding, LintReport, LintRule } from "../index.ts";
import { formatRulePage } from "./lint-page.ts";

/*
 * Static Analysis Results Interchange Format, version 2.1.0, as GitHub's code scanning and editors read it.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */

const described = ({ id, title, why, hazards, ...rule }: LintRule) => ({
  id,
  shortDescription: { text: title },
  fullDescription: { text: why },
  help: {
    text: `${why}\n\n${rule.example.good}`,
    markdown: formatRulePage({ id, title, why, hazards, ...rule }),
  },
  properties: { tags: [...hazards] },
});

const ofAcceptances = {
  id: "acceptance",
  shortDescription: { text: "An acceptance that accepts nothing, or gives no reason" },
  fullDescription: {
    text: "A comment that accepts a hazard names its rule and a reason, and stands before a statement in which the rule finds something.",
  },
  help: { text: "-- lint: accept RULE: reason", markdown: "`-- lint: accept RULE: reason`" },
  properties: { tags: [] },
};

function resultOf(finding: LintFinding, ids: readonly string[], reason?: string) {
  const { rule, level, message, file, line, endLine, column, deploy, safeForm } = finding;
  const text = [
    message,
    ...(deploy === null ? [] : [`deploy ${deploy.text}`]),
    ...(safeForm.length === 0 ? [] : ["Instead:", ...safeForm]),
  ].join("\n");
  return {
    ruleId: rule,
    ruleIndex: ids.indexOf(rule),
    level,
    message: { text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: {
            uri: file.split("/").map(encodeURIComponent).join("/"),
            uriBaseId: "%SRCROOT%",
          },
          region: { startLine: line, startColumn: column, endLine },
        },
      },
    ],
    ...(reason === undefined ? {} : { suppressions: [{ kind: "inSource", justification: reason }] }),
  };
}

/** What lint found as SARIF; what is accepted is in it as suppressed. */
export function formatLintAsSarif(
  report: LintReport,
  { name, version, rules: known }: { name: string; version: string; rules: readonly LintRule[] },
): string {
  const rules = [...known.map(described), ofAcceptances];
  const ids = rules.map(({ id }) => id);
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name, version, rules } },
        columnKind: "utf16CodeUnits",
        results: [
          ...report.findings.map((finding) => resultOf(finding, ids)),
          ...report.accepted.map(({ reason, ...finding }) => resultOf(finding, ids, reason)),
        ],
      },
    ],
  };
  return JSON.stringify(log, null, 2);
}
