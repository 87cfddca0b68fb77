import { type Command, Option } from "commander";
import { DeployError } from "../findings/errors.ts";
import type { RollbackPreview, RollbackScope } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import { writeLog } from "./log.ts";
import { addQuietOption, collect, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface RollbackCommandOptions extends DatabaseOptions, QuietOptions {
  scope: RollbackScope;
  deployment?: string;
  allow?: string[];
  approvedBy?: string;
  yes?: true;
  dryRun?: true;
  log?: string;
  json?: true;
}

/** `rollback`: undoes the last deployment without deleting a row. */
export function addRollback(program: Command, context: CommandContext): void {
  const { command, folder, archiveSchema } = context.names;
  const rollback = addDatabaseOption(
    program
      .command("rollback")
      .description("undo the last deployment, online: never deletes a row and keeps every column"),
    context,
  )
    .addOption(
      new Option("--scope <scope>", "how much to undo").choices(["indexes", "all"]).default("indexes"),
    )
    .option(
      "--deployment <id>",
      `the deployment that is meant, as ${command} status tells it (default: the last, unless it was rolled back already)`,
    )
    .option(
      "--allow <hazard>",
      "accept a hazard: all of a kind, as breaks-clients, or that of one step, by its id; may be repeated",
      collect,
    )
    .option("--approved-by <name>", "who approved it; asked for at a terminal")
    .option("--yes", "do not ask for confirmation")
    .option("--dry-run", "show what would be done; change nothing")
    .option("--log <folder>", `where its log is written, as Markdown and JSON (default: ${folder}/log)`)
    .option("--json", "print the report, or with --dry-run the plan, as JSON")
    .action((options: RollbackCommandOptions) => runRollback(options, context));
  addQuietOption(rollback, "print only what needs attention, and what a question is about");
  addHelp(rollback, {
    terms: {
      title: "Scopes",
      rows: [
        ["indexes", "drop the indexes that were added to speed things up, concurrently"],
        [
          "all",
          `also constraints, views, functions, triggers, policies and grants: what the deployment replaced comes back, and the tables that it made are moved, with their rows, to schema ${archiveSchema}`,
        ],
      ],
    },
    paragraphs: [
      `Interrupted anywhere, the same command continues. Afterwards the migrations are pending again, for ${command} deploy. Of several deployments the last goes back; the one before it then has to be named, so that nothing is taken back twice.`,
      "What the deployment renamed or moved to another schema gets its name back. Clients that use the new name fail from then on, which is the hazard breaks-clients: nothing runs until it is allowed.",
      "Exit status: 0 rolled back, 1 not or not wholly, 2 wrong usage or nothing to roll back.",
    ],
    examples: [
      `${command} rollback --dry-run --scope all`,
      `${command} rollback`,
      `${command} rollback --scope all --approved-by Ana --yes`,
      `${command} rollback --scope all --allow breaks-clients`,
      `${command} rollback --approved-by Ana --yes --json | jq .ok`,
    ],
  });
}

async function runRollback(options: RollbackCommandOptions, context: CommandContext): Promise<void> {
  const { scope, deployment, dryRun, json, quiet } = options;
  const { previewRollback, readLog, rollback } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatRollbackEvent, formatRollbackPreview, formatRollbackReport } = await import(
    "../report/index.ts"
  );
  if (dryRun) {
    const preview = await withDatabase(options, context, ({ url }) =>
      previewRollback(project, url, scope, deployment, options.allow),
    );
    if (json) printJson(preview);
    else print(formatRollbackPreview(preview, { quiet }));
    if (preview.plan.steps.some(({ action }) => action === "blocked")) process.exitCode = 1;
    return;
  }
  const { canAsk } = await import("./prompts.ts");
  const isAsked = canAsk() && !json;
  if (!isAsked) requireAnswers(options);
  const stop = new AbortController();
  const { report, log } = await withDatabase(options, context, async ({ url, sql }) => {
    const work = rollback(
      project,
      url,
      {
        scope,
        deployment,
        allow: options.allow,
        approvedBy: options.approvedBy,
        stopSignal: stop.signal,
        confirm: async (preview) => {
          if (!json && (isAsked || !quiet)) print(`${formatRollbackPreview(preview)}\n`);
          return isAsked ? ask(preview, options) : { approvedBy: options.approvedBy ?? "" };
        },
      },
      (event) => {
        const line = json || quiet ? null : formatRollbackEvent(event);
        if (line !== null) print(line);
      },
    );
    const forget = onInterrupt(async () => {
      stop.abort();
      if (!json) print("  Stopping after this step.");
      await work.then((ended) => print(formatRollbackReport(ended, context.names))).catch(() => undefined);
    });
    const ended = await work.finally(forget);
    return { report: ended, log: await readLog(sql, project.names, ended.id) };
  });
  if (json) printJson(report);
  else print(`${quiet ? "" : "\n"}${formatRollbackReport(report, context.names, { quiet })}`);
  if (log) {
    const file = await writeLog(log, options.log, context);
    if (!json && !(quiet && report.ok)) print(`Log: ${file}`);
  }
  if (!report.ok) process.exitCode = 1;
}

/** Where nobody can be asked, everything has to be said on the command line. */
function requireAnswers({ approvedBy, yes }: RollbackCommandOptions): void {
  if (!approvedBy?.trim()) {
    throw new DeployError(
      "APPROVAL_MISSING",
      "a rollback needs somebody who approved it, and there is no terminal to ask at",
      "Name who approved it: --approved-by NAME. Nothing was changed.",
    );
  }
  if (!yes) {
    throw new DeployError(
      "ANSWER_MISSING",
      "a rollback needs confirmation, and there is no terminal to ask at",
      "See what it would do with --dry-run, then give --yes. Nothing was changed.",
    );
  }
}

async function ask(
  preview: RollbackPreview,
  { approvedBy, yes }: RollbackCommandOptions,
): Promise<{ approvedBy: string } | null> {
  const { isCancel, text } = await import("@clack/prompts");
  const { isAgreed } = await import("./prompts.ts");
  const approver =
    approvedBy ??
    (await text({
      message: "Who approved it?",
      validate: (answer) => (answer?.trim() ? undefined : "A name is needed."),
      output: process.stderr,
    }));
  if (isCancel(approver)) return null;
  if (!yes && !(await isAgreed(`Roll back on ${preview.database}?`))) return null;
  return { approvedBy: approver };
}
