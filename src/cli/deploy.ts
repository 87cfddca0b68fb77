import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Mode, Plan } from "../deploy/index.ts";
import { SpfpError } from "../errors.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { onInterrupt } from "./interrupt.ts";

interface DeployCommandOptions extends DatabaseOptions {
  mode: Mode;
  backupId: string;
  approvedBy?: string;
  ticket?: string;
  allow?: string[];
  plan?: string;
  lockTimeout?: number;
  giveUpAfter?: number;
  parallel?: number;
  json?: true;
}

/** A whole number within bounds, for an option. */
function numberOf(what: string, least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`${what} is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

function collect(text: string, previous: string[] = []): string[] {
  return [...previous, ...text.split(",").map((id) => id.trim())];
}

/** `spfp-db deploy`: the pending migrations, online. */
export function addDeploy(program: Command): void {
  addDatabaseOption(
    program
      .command("deploy")
      .description("apply the pending migrations to a live database, online; continues what was interrupted"),
  )
    .addOption(
      new Option("--mode <mode>", "how it is led: quick asks nothing").choices(["quick"]).default("quick"),
    )
    .requiredOption("--backup-id <id>", "what the database can be restored from")
    .option("--approved-by <name>", "who approved it, for the record")
    .option("--ticket <id>", "the change ticket, for the record")
    .option("--plan <file>", "run exactly this plan of `spfp-db plan --json`, or nothing")
    .option("--allow <step>", "accept what a step or a migration would do; may be repeated", collect)
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
      "--parallel <count>",
      "how many indexes may be built at once, on different tables (default: 2)",
      numberOf("The count", 1, 8),
    )
    .option("--json", "print the report as JSON, and no progress")
    .addHelpText(
      "after",
      `
Ctrl-C stops after the current step; a second one leaves at once. Either way, and after any failure, the same command
continues where it stopped.
Exit status: 0 completed, 1 not completed or not as it should be, 2 wrong usage or a database that cannot be deployed
to, 130 stopped by Ctrl-C.

Examples:
  $ spfp-db deploy --mode quick --backup-id 2026-02-14
  $ spfp-db plan --json > plan.json && spfp-db deploy --plan plan.json --backup-id 2026-02-14
  $ spfp-db deploy --backup-id 2026-02-14 --allow 0007_drop_legacy/2 --json | jq .outcome`,
    )
    .action(runDeploy);
}

async function readPlan(file: string): Promise<Plan> {
  const { planSchema } = await import("../deploy/index.ts");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new SpfpError("FILE_MISSING", `cannot read ${file}`, "Check the path of --plan.", { cause });
  }
  try {
    return planSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SpfpError(
      "FILE_INVALID",
      `${file} is not a plan`,
      "Make one with: spfp-db plan --json > plan.json",
      { cause },
    );
  }
}

async function runDeploy(options: DeployCommandOptions): Promise<void> {
  const { deploy, preflight, spfpProject } = await import("../deploy/index.ts");
  const { formatDeploymentReport, formatPreflightReport } = await import("../report/index.ts");
  const { showDeployment } = await import("./deploy-progress.ts");
  const plan = options.plan === undefined ? undefined : await readPlan(options.plan);
  const stop = new AbortController();
  const print = (text: string): void => void process.stdout.write(`${text}\n`);

  await withDatabase(options, async ({ url }) => {
    const ready = await preflight(spfpProject, url, options);
    if (!ready.ok) {
      print(
        options.json
          ? JSON.stringify({ ok: false, preflight: ready }, null, 2)
          : formatPreflightReport(ready),
      );
      process.exitCode = 1;
      return;
    }
    const screen = options.json ? undefined : showDeployment(stop.signal);
    const work = deploy(
      spfpProject,
      url,
      {
        ...options,
        plan,
        giveUpAfter: options.giveUpAfter === undefined ? undefined : options.giveUpAfter * 1000,
        stopSignal: stop.signal,
      },
      screen?.observer,
    )
      .finally(() => screen?.end())
      .then((report) => {
        print(options.json ? JSON.stringify(report, null, 2) : formatDeploymentReport(report));
        if (!report.ok) process.exitCode = 1;
      });
    // Newer than the one that releases the database, and so before it.
    const forget = onInterrupt(async () => {
      stop.abort();
      await work.catch(() => undefined);
    });
    await work.finally(forget);
  });
}
