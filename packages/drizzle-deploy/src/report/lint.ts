import type { LintFinding, LintReport } from "../index.ts";
import { dress, plural, type ReportExtent, visible } from "./text.ts";

const marks = { error: dress.bad("✗"), warning: dress.doubtful("!") };

const indent = " ".repeat(6);

function field(name: string, lines: readonly string[]): string[] {
  return lines.map(
    (line, at) =>
      `${indent}${dress.quiet((at === 0 ? name : "").padEnd(8))} ${line.split("\t").map(visible).join("\t")}`,
  );
}

const prose = (name: string, text: string): string =>
  `${indent}${dress.quiet(name.padEnd(8))} ${visible(text)}`;

function formatFinding({
  rule,
  level,
  file,
  line,
  column,
  object,
  message,
  safeForm,
  deploy,
}: LintFinding): string {
  const start = `  ${marks[level]} `;
  return [
    `${start}${dress.strong(visible(object))}  ${dress.quiet(`${rule}  ${visible(file)}:${line}:${column}`)}`,
    indent + visible(message),
    ...(deploy === null ? [] : [prose("deploy", deploy.text)]),
    ...field(
      "instead",
      safeForm.flatMap((one) => one.split("\n")),
    ),
  ].join("\n");
}

/** How many findings of each level there are, and in how many migrations. */
export function formatLintVerdict({ ok, findings, accepted, migrations }: LintReport): string {
  const errors = findings.filter(({ level }) => level === "error").length;
  const where = `in ${plural(migrations.length, "migration")}`;
  const also = accepted.length > 0 ? `, ${accepted.length} accepted` : "";
  if (migrations.length === 0) return dress.good("No migration to judge.");
  if (ok) return `${dress.good("Nothing found")} ${where}${also}.`;
  const counts = [
    ...(errors > 0 ? [dress.bad(plural(errors, "error"))] : []),
    ...(errors < findings.length ? [dress.doubtful(plural(findings.length - errors, "warning"))] : []),
  ];
  return `${counts.join(" and ")} ${where}${also}.`;
}

/** What lint found for a person: each finding, what `deploy` does about it, and what to write instead. */
export const formatLintReport = (report: LintReport, { quiet = false }: ReportExtent = {}): string =>
  quiet && report.ok
    ? ""
    : [...report.findings.flatMap((finding) => [formatFinding(finding), ""]), formatLintVerdict(report)].join(
        "\n",
      );

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

const toldInstead = ({ safeForm, deploy }: LintFinding): string =>
  [
    ...(deploy === null ? [] : [`deploy ${deploy.text}`]),
    ...(safeForm.length === 0 ? [] : ["Instead:", ...safeForm]),
  ].join("\n");

/** The findings as GitHub's workflow commands, which show them beside the lines of a pull request. */
export const formatLintForGitHub = (report: LintReport): string =>
  [
    ...report.findings.map((finding) => {
      const { level, file, line, endLine, column, rule, object, message } = finding;
      const properties = [
        `file=${escapeProperty(file)}`,
        `line=${line}`,
        `endLine=${endLine}`,
        ...(line === endLine ? [`col=${column}`] : []),
        `title=${escapeProperty(`${rule}: ${visible(object)}`)}`,
      ];
      return `::${level} ${properties.join(",")}::${escapeData(`${message}\n${toldInstead(finding)}`)}`;
    }),
    formatLintVerdict(report),
  ].join("\n");
