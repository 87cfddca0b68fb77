import { relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { DeployError } from "../findings/errors.ts";
import type { LintReport } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

const formats = ["text", "json", "github", "sarif"] as const;
const failing = ["warning", "error"] as const;

interface LintCommandOptions extends QuietOptions {
  since?: string;
  format: (typeof formats)[number];
  failOn: (typeof failing)[number];
  explain?: string;
}

/** `lint`: the migrations themselves, without a database. */
export function addLint(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const lint = program
    .command("lint")
    .description("judge migrations without a database: what stops others, breaks clients or loses rows")
    .argument("[folder]", "the migrations folder (default: that of the project)")
    .option("--since <revision>", "only what this branch adds to a git revision: main, origin/main")
    .addOption(new Option("--format <format>", "how findings are printed").choices(formats).default("text"))
    .addOption(
      new Option("--fail-on <level>", "error: what deploy makes safe by itself does not fail")
        .choices(failing)
        .default("warning"),
    )
    .option("--explain <rule>", "print the page of a rule: why, what to write instead, what deploy does")
    .action((folder: string | undefined, options: LintCommandOptions) => runLint(folder, options, context));
  addQuietOption(lint);
  addHelp(lint, {
    paragraphs: [
      "A table that the judged migrations make has no rows; any other may have any number. A comment before a statement accepts what one rule finds in it: -- lint: accept RULE: reason",
      "Exit status: 0 nothing found, 1 something is, 2 wrong usage or a folder that cannot be read.",
    ],
    examples: [
      `${command} lint`,
      `${command} lint --since main`,
      `${command} lint --since origin/main --format github`,
      `${command} lint --explain add-foreign-key`,
    ],
  });
}

async function explain(id: string): Promise<void> {
  const { lintRules } = await import("../index.ts");
  const { formatRulePage } = await import("../report/index.ts");
  const rule = lintRules.find((one) => one.id === id);
  if (rule === undefined) {
    throw new DeployError(
      "USAGE",
      `there is no rule ${JSON.stringify(id)}`,
      `The rules are ${lintRules.map((one) => one.id).join(", ")}.`,
    );
  }
  process.stdout.write(formatRulePage(rule));
}

/** The report with its files as seen from a folder. */
function seenFrom(base: string, report: LintReport): LintReport {
  const seen = <One extends { readonly file: string }>(one: One): One => ({
    ...one,
    file: relative(base, one.file).split(sep).join("/"),
  });
  return { ...report, findings: report.findings.map(seen), accepted: report.accepted.map(seen) };
}

async function runLint(
  named: string | undefined,
  { since, format, failOn, explain: rule, quiet }: LintCommandOptions,
  context: CommandContext,
): Promise<void> {
  if (rule !== undefined) return explain(rule);
  const { lint, migrationsSince, workingCopyOf } = await import("../index.ts");
  const folder = named === undefined ? await context.migrationsFolder() : resolve(named);
  const names = named === undefined ? await context.loadNames() : context.names;
  const only = since === undefined ? undefined : await migrationsSince(folder, since);
  const whole = lint(folder, { only, names });
  // Whoever reads these formats sees the files from the root of the repository.
  const isOfRepository = format === "github" || format === "sarif";
  const base = (isOfRepository ? await workingCopyOf(folder) : null) ?? process.cwd();
  const report = seenFrom(base, whole);
  await tell(report, format, { context, quiet });
  const fails = report.findings.some(({ level }) => failOn === "warning" || level === "error");
  if (fails) process.exitCode = 1;
}

async function tell(
  report: LintReport,
  format: LintCommandOptions["format"],
  { context: { names, version }, quiet = false }: { context: CommandContext; quiet?: boolean | undefined },
): Promise<void> {
  const { formatLintAsSarif, formatLintForGitHub, formatLintReport } = await import("../report/index.ts");
  switch (format) {
    case "text":
      return print(formatLintReport(report, { quiet }));
    case "json":
      return printJson(report);
    case "github":
      process.stdout.write(`${formatLintForGitHub(report)}\n`);
      return;
    case "sarif": {
      const { lintRules } = await import("../index.ts");
      process.stdout.write(
        `${formatLintAsSarif(report, { name: names.command, version, rules: lintRules })}\n`,
      );
    }
  }
}
