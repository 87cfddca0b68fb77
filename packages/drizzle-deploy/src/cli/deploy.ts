import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { DeployError } from "../findings/errors.ts";
import type { Answers, DeploymentEvent, GuidedEvent, Mode, Plan } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import { writeLog } from "./log.ts";
import {
  addQuietOption,
  allowing,
  collect,
  collectLists,
  numberOf,
  parseMinutes,
  parseRate,
  type QuietOptions,
} from "./options.ts";
import { print, printJson } from "./output.ts";

interface DeployCommandOptions extends DatabaseOptions, QuietOptions {
  mode?: Mode;
  backupId?: string;
  approvedBy?: string;
  ticket?: string;
  executor?: string;
  window?: string;
  notice?: string;
  yes?: true;
  signedOffBy?: string;
  watch?: number;
  secondSignOff?: string;
  rehearsal?: string;
  lowTraffic?: number;
  log?: string;
  allow?: string[];
  accept?: string[];
  plan?: string;
  lockTimeout?: number;
  giveUpAfter?: number;
  blockTimeout?: number;
  replicationLag?: number;
  parallel?: number;
  json?: true;
}

/** `deploy`: the pending migrations, online. */
export function addDeploy(program: Command, context: CommandContext): void {
  const { command, folder } = context.names;
  const deploy = addDatabaseOption(
    program
      .command("deploy")
      .description("apply the pending migrations to a live database, online; continues what was interrupted"),
    context,
  )
    .addOption(
      new Option(
        "--mode <mode>",
        "who is asked what on the way (default: guided at a terminal, else quick)",
      ).choices(["quick", "guided", "enterprise"]),
    )
    .option("--backup-id <id>", "what the database can be restored from")
    .option("--window <text>", "the window that was agreed (guided, enterprise)")
    .option("--notice <text>", "who was told, and when (guided, enterprise)")
    .option("--yes", "run the plan without asking (guided, enterprise)")
    .option("--signed-off-by <name>", "who stands for the validated result (guided, enterprise)")
    .option("--ticket <id>", "the change ticket (enterprise)")
    .option("--approved-by <name>", "who approved it: another person than the executor (enterprise)")
    .option(
      "--rehearsal <file>",
      `the record of a rehearsal elsewhere (enterprise; default: under ${folder})`,
    )
    .option("--watch <minutes>", "watch the database for so long afterwards (enterprise)", parseMinutes)
    .option("--second-sign-off <name>", "who else signs off, after the watch (enterprise)")
    .option("--executor <name>", "who deploys (default: the account that this runs as)")
    .option("--low-traffic <tps>", "warn above this many transactions per second", parseRate)
    .option("--log <folder>", `where its log is written, as Markdown and JSON (default: ${folder}/log)`)
    .option("--plan <file>", `run exactly this plan of "${command} plan --json", or nothing`)
    .option("--allow <what>", allowing, collectLists)
    .option(
      "--accept <object>",
      "accept, on record, that it is wrong afterwards as it is now; may be repeated",
      collect,
    )
    .option(
      "--lock-timeout <ms>",
      "how long a statement may queue for a lock, with everybody behind it (default: 1000)",
      numberOf("The lock timeout in milliseconds", 10, 60_000),
    )
    .option(
      "--give-up-after <seconds>",
      "how long a step may try to get its locks (default: 300)",
      numberOf("The time in seconds", 1, 86_400),
    )
    .option(
      "--block-timeout <seconds>",
      "how long a DO block or a CALL may hold what it locks; 0 for no limit (default: 5)",
      numberOf("The block timeout in seconds", 0, 86_400),
    )
    .option(
      "--replication-lag <megabytes>",
      "how far replicas may be behind before batches of rows wait for them; 0 for no limit (default: 64)",
      numberOf("The replication lag in megabytes", 0, 1_048_576),
    )
    .option(
      "--parallel <count>",
      "how many indexes may be built at once, on different tables (default: 2)",
      numberOf("The count", 1, 8),
    )
    .option("--json", "print the report as JSON, and no progress")
    .action((options: DeployCommandOptions) => runDeploy(options, context));
  addQuietOption(deploy, "print only what needs attention, and what a question is about");
  addHelp(deploy, {
    paragraphs: [
      "Quick asks nothing but for a backup to be named. Guided walks through preflight, plan, backup, window and notice, the run with its validation, and sign-off. Enterprise also wants a ticket, an approver who is not the executor, a rehearsal of this same plan within 7 days, a watch, and a second sign-off. Every answer has a flag, for pipelines.",
      "Ctrl-C stops after the current step; a second one leaves at once. Either way, and after any failure, the same command continues where it stopped.",
      "Exit status: 0 completed, 1 not completed or not as it should be, 2 wrong usage or a database that cannot be deployed to, 130 stopped by Ctrl-C.",
    ],
    examples: [
      `${command} deploy`,
      `${command} deploy --mode quick --backup-id 2026-02-14`,
      `${command} plan --json > plan.json`,
      `${command} deploy --plan plan.json --backup-id 2026-02-14`,
      `${command} deploy --mode enterprise --watch 15`,
      `${command} deploy --allow 0007_drop_legacy/2`,
      `${command} deploy --allow 0007_drop_legacy:data-loss`,
      `${command} deploy --json | jq .outcome`,
    ],
  });
}

async function readPlan(file: string, { command }: CommandContext["names"]): Promise<Plan> {
  const { planSchema } = await import("../index.ts");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new DeployError("FILE_MISSING", `cannot read ${file}`, "Check the path of --plan.", { cause });
  }
  try {
    return planSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DeployError(
      "FILE_INVALID",
      `${file} is not a plan`,
      `Make one with: ${command} plan --json > plan.json`,
      { cause },
    );
  }
}

const answersOf = (options: DeployCommandOptions, executor: string): Answers => ({
  executor: options.executor ?? executor,
  approver: options.approvedBy,
  ticket: options.ticket,
  backup: options.backupId,
  window: options.window,
  notice: options.notice,
  goAhead: options.yes,
  signedOffBy: options.signedOffBy,
  watch: options.watch,
  secondSignOffBy: options.secondSignOff,
});

async function runDeploy(options: DeployCommandOptions, context: CommandContext): Promise<void> {
  const { defaultExecutor, deployGuided } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatDeploymentReport } = await import("../report/index.ts");
  const { askAtTerminal, canAsk } = await import("./prompts.ts");
  const isAsked = canAsk() && !options.json;
  const mode = options.mode ?? (isAsked ? "guided" : "quick");
  const plan = options.plan === undefined ? undefined : await readPlan(options.plan, context.names);
  const stop = new AbortController();
  const isShown = mode !== "quick" && (isAsked || !options.quiet);
  const tell = options.json ? () => {} : await createTeller(isShown, options, context.names);
  context.workFolder.make();

  await withDatabase(options, context, async ({ url }) => {
    const screen =
      options.json || options.quiet
        ? undefined
        : await createScreen(stop.signal, mode !== "quick" && isAsked);
    const work = deployGuided(project, url, {
      mode,
      answers: answersOf(options, defaultExecutor()),
      ask: isAsked && mode !== "quick" ? askAtTerminal : undefined,
      rehearsal: options.rehearsal,
      folder: context.workFolder.path(),
      preflight: { lowTraffic: options.lowTraffic },
      deployment: {
        allow: options.allow,
        accept: options.accept,
        plan,
        lockTimeout: options.lockTimeout,
        giveUpAfter: options.giveUpAfter === undefined ? undefined : options.giveUpAfter * 1000,
        blockTimeout: options.blockTimeout === undefined ? undefined : options.blockTimeout * 1000,
        replicationLag:
          options.replicationLag === undefined ? undefined : options.replicationLag * 1024 * 1024,
        parallel: options.parallel,
        stopSignal: stop.signal,
      },
      observer: screen?.observer,
      tell: (event) => {
        if (event.type === "deployed") {
          screen?.end();
          const { outcome, steps } = event.report;
          const isUntouched = outcome === "stopped" && steps.every(({ status }) => status !== "done");
          if (!options.json) {
            print(
              isUntouched
                ? "Stopped; nothing was changed."
                : formatDeploymentReport(event.report, context.names, options),
            );
          }
        }
        tell(event);
      },
    }).finally(() => screen?.end());
    const told = work.then(async ({ preflight, deployment, log, ok }) => {
      if (options.json) printJson(deployment ?? { ok, preflight });
      if (log) {
        const file = await writeLog(log, options.log, context);
        if (!options.json && !(options.quiet && ok)) print(`Log: ${file}`);
      }
      if (!ok) process.exitCode = 1;
    });
    // Newer than the one that releases the database, and so before it.
    const forget = onInterrupt(async () => {
      stop.abort();
      await told.catch(() => undefined);
    });
    await told.finally(forget);
  });
}

/** Shows a deployment as it goes; where somebody is asked first, only once that is over. */
async function createScreen(stopSignal: AbortSignal, isAsked: boolean) {
  const { showDeployment } = await import("./deploy-progress.ts");
  let screen: ReturnType<typeof showDeployment> | undefined;
  const early: DeploymentEvent[] = [];
  return {
    async observer(event: DeploymentEvent): Promise<void> {
      early.push(event);
      if (!screen && isAsked && !(event.type === "phase started" && event.phase === "execute")) return;
      screen ??= showDeployment(stopSignal);
      for (const one of early.splice(0)) await screen.observer(one);
    },
    end(): void {
      screen?.end();
      screen = undefined;
    },
  };
}

/**
 * Tells what happens around the deployment itself.
 * @param isShown whether preflight and plan are shown whatever comes out
 */
async function createTeller(isShown: boolean, { quiet }: QuietOptions, { command }: CommandContext["names"]) {
  const { hasWork } = await import("../index.ts");
  const { formatPlanSummary, formatPreflightReport, formatWatchReport } = await import("../report/index.ts");
  let minutes = Number.POSITIVE_INFINITY;
  return (event: GuidedEvent): void => {
    switch (event.type) {
      case "preflight":
        if (isShown || !event.report.ok) print(formatPreflightReport(event.report, { quiet }));
        break;
      case "plan":
        if (isShown && hasWork(event.plan)) {
          print(`\n${formatPlanSummary(event.plan)}\nEvery step of it: ${command} plan\n`);
        }
        break;
      case "watching": {
        const left = Math.ceil(event.left / 60);
        const toGo = left > 1 ? `${left} min` : `${Math.ceil(event.left)} s`;
        if (left < minutes && left > 0 && !quiet) print(`Watching the database, ${toGo} to go.`);
        minutes = left;
        break;
      }
      case "watched":
        print(formatWatchReport(event.report, { quiet }));
        break;
      case "deployed":
        break;
    }
  };
}
