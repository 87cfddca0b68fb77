import { type Command, Option } from "commander";
import type { RollbackPreview, RollbackScope } from "../engine.ts";
import { SpfpError } from "../errors.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { onInterrupt } from "./interrupt.ts";
import { writeLog } from "./log.ts";

interface RollbackCommandOptions extends DatabaseOptions {
  scope: RollbackScope;
  deployment?: string;
  approvedBy?: string;
  yes?: true;
  dryRun?: true;
  log?: string;
  json?: true;
}

/** `spfp-db rollback`: undoes the last deployment without deleting a row. */
export function addRollback(program: Command): void {
  addDatabaseOption(
    program
      .command("rollback")
      .description("undo the last deployment, online: never deletes a row and keeps every column"),
  )
    .addOption(
      new Option("--scope <scope>", "how much to undo").choices(["indexes", "all"]).default("indexes"),
    )
    .option(
      "--deployment <id>",
      "the deployment that is meant, as spfp-db status tells it (default: the last, unless it was rolled back already)",
    )
    .option("--approved-by <name>", "who approved it; asked for at a terminal")
    .option("--yes", "do not ask for confirmation")
    .option("--dry-run", "show what would be done; change nothing")
    .option("--log <folder>", "where its log is written, as Markdown and JSON (default: .spfp/log)")
    .option("--json", "print the report, or with --dry-run the plan, as JSON")
    .addHelpText(
      "after",
      `
Scopes:
  indexes   drop the indexes that were added to speed things up, concurrently
  all       also constraints, views, functions, triggers, policies and grants: what the deployment replaced comes back,
            and the tables that it made are moved, with their rows, to schema spfp_db_archive

Interrupted anywhere, the same command continues. Afterwards the migrations are pending again, for spfp-db deploy. Of
several deployments the last goes back; the one before it then has to be named, so that nothing is taken back twice.
Exit status: 0 rolled back, 1 not or not wholly, 2 wrong usage or nothing to roll back.

Examples:
  $ spfp-db rollback --dry-run --scope all
  $ spfp-db rollback
  $ spfp-db rollback --scope all --approved-by "Ana Souza" --yes
  $ spfp-db rollback --scope all --approved-by "Ana Souza" --yes --json | jq '.differences[]'`,
    )
    .action(runRollback);
}

async function runRollback(options: RollbackCommandOptions): Promise<void> {
  const { scope, deployment, dryRun, json } = options;
  const { previewRollback, readLog, rollback } = await import("../engine.ts");
  const { spfpProject } = await import("../project.ts");
  const { formatRollbackEvent, formatRollbackPreview, formatRollbackReport } = await import(
    "../report/index.ts"
  );
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  if (dryRun) {
    const preview = await withDatabase(options, ({ url }) =>
      previewRollback(spfpProject, url, scope, deployment),
    );
    write(json ? JSON.stringify(preview, null, 2) : formatRollbackPreview(preview));
    if (preview.plan.steps.some(({ action }) => action === "blocked")) process.exitCode = 1;
    return;
  }
  const { canAsk } = await import("./prompts.ts");
  const isAsked = canAsk() && !json;
  if (!isAsked) requireAnswers(options);
  const stop = new AbortController();
  const { report, log } = await withDatabase(options, async ({ url, sql }) => {
    const work = rollback(
      spfpProject,
      url,
      {
        scope,
        deployment,
        approvedBy: options.approvedBy,
        stopSignal: stop.signal,
        confirm: async (preview) => {
          if (!json) write(`${formatRollbackPreview(preview)}\n`);
          return isAsked ? ask(preview, options) : { approvedBy: options.approvedBy ?? "" };
        },
      },
      (event) => {
        const line = json ? null : formatRollbackEvent(event);
        if (line !== null) write(line);
      },
    );
    const forget = onInterrupt(async () => {
      stop.abort();
      if (!json) write("  Stopping after this step.");
      await work.then((ended) => write(formatRollbackReport(ended))).catch(() => undefined);
    });
    const ended = await work.finally(forget);
    return { report: ended, log: await readLog(sql, ended.id) };
  });
  write(json ? JSON.stringify(report, null, 2) : `\n${formatRollbackReport(report)}`);
  if (log) {
    const file = await writeLog(log, options.log);
    if (!json) write(`Log: ${file}`);
  }
  if (!report.ok) process.exitCode = 1;
}

/** Where nobody can be asked, everything has to be said on the command line. */
function requireAnswers({ approvedBy, yes }: RollbackCommandOptions): void {
  if (!approvedBy?.trim()) {
    throw new SpfpError(
      "APPROVAL_MISSING",
      "a rollback needs somebody who approved it, and there is no terminal to ask at",
      "Name who approved it: --approved-by NAME. Nothing was changed.",
    );
  }
  if (!yes) {
    throw new SpfpError(
      "ANSWER_MISSING",
      "a rollback wants to be confirmed, and there is no terminal to ask at",
      "See what it would do with --dry-run, then give --yes. Nothing was changed.",
    );
  }
}

async function ask(
  preview: RollbackPreview,
  { approvedBy, yes }: RollbackCommandOptions,
): Promise<{ approvedBy: string } | null> {
  const { confirm, isCancel, text } = await import("@clack/prompts");
  const approver =
    approvedBy ??
    (await text({
      message: "Who approved it?",
      validate: (answer) => (answer?.trim() ? undefined : "A name is needed."),
      output: process.stderr,
    }));
  if (isCancel(approver)) return null;
  if (!yes) {
    const answer = await confirm({
      message: `Roll back on ${preview.database}?`,
      initialValue: false,
      output: process.stderr,
    });
    if (isCancel(answer) || !answer) return null;
  }
  return { approvedBy: approver };
}
