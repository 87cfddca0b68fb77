import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type Command,
  type CommandContext,
  createFile,
  type DatabaseOptions,
  ListOption,
  onInterrupt,
  parseFile,
  print,
  printJson,
  type QuietOptions,
  showPhases,
  withDatabase,
} from "drizzle-deploy/cli";
import type { ScreenId } from "../bench/index.ts";
import type { PartId } from "../promises/index.ts";
import { parseScale, parseSeed } from "./rehearse.ts";

/** What can be measured by itself, for `--only`. */
const parts = {
  screens: "the five screens: times, pages and plans, and the verdicts",
  clients: "the screens by the clock on the wall, with several clients at once",
  views: "the six views",
  policies: "two forms of the policies, the user named in the query or not",
  writes: "rows written a second",
  storage: "what the indexes take",
  check: "how long spfp-db check takes",
  merge: "merging the duplicates, beside a writer of the same user",
  deployment: "online, by drizzle-kit and by psql in one transaction, with clients at work",
  growth: "the screens at a tenth and a hundredth of the data",
} as const satisfies Record<PartId, string>;

const screenIds = {
  kanban: "the Kanban board",
  pipeline: "the sales pipeline",
  history: "the transaction history",
  calendar: "the marketing calendar",
  overdue: "the overdue tasks",
} as const satisfies Record<ScreenId, string>;

interface BenchCommandOptions extends DatabaseOptions, QuietOptions {
  scale?: number;
  seed?: number;
  only?: (PartId | ScreenId)[];
  json?: true;
  html?: string;
}

const isPart = (name: PartId | ScreenId): name is PartId => Object.hasOwn(parts, name);
const isScreen = (name: PartId | ScreenId): name is ScreenId => Object.hasOwn(screenIds, name);

/** A screen without a part means that screen's own figures. */
function wanted(only: (PartId | ScreenId)[]): { parts?: PartId[]; screens?: ScreenId[] } {
  const [named, screens] = [only.filter(isPart), only.filter(isScreen)];
  return {
    parts: named.length > 0 ? named : ["screens"],
    ...(screens.length > 0 ? { screens } : {}),
  };
}

/** `spfp-db bench`: measures what was promised. */
export function addBench(program: Command, context: CommandContext): void {
  const command = addDatabaseOption(
    program
      .command("bench")
      .description("measure what the optimisation promised, on generated data and on this machine"),
    context,
  )
    .option("--scale <scale>", "size of the data: 1 is production's 5 million rows (default: 1)", parseScale)
    .option("--seed <seed>", "other data of the same kind (default: 1)", parseSeed)
    .addOption(
      new ListOption("--only <what>", "measure this screen or part only", [
        ...Object.keys(screenIds),
        ...Object.keys(parts),
      ]),
    )
    .option("--json", "print the report as JSON, and no progress")
    .option("--html <file>", "write the report to this file too, as a page with charts", parseFile)
    .action((options: BenchCommandOptions) => runBenchmark(options, context));
  addQuietOption(command, "print only the promises that are not kept, and no progress");
  addHelp(command, {
    terms: { title: "Screens and parts", rows: Object.entries({ ...screenIds, ...parts }) },
    paragraphs: [
      `Works in databases of its own on the server that is named (default: ${context.ownDatabase?.description}) and drops them, but for the generated data, which it keeps for the next run and names at its end. Give it the machine alone: what else runs is measured too.`,
      "Exit status: 0 when all was measured, whatever came out, 2 for wrong usage or a server that cannot be used.",
    ],
    examples: [
      ["spfp-db bench", "everything, with as much data as production has"],
      ["spfp-db bench --scale 0.01", "the same in some minutes, to see that it works"],
      ["spfp-db bench --only kanban,overdue", "two screens"],
      ["spfp-db bench --only deployment --html deployment.html", "what clients wait for"],
    ],
  });
}

async function runBenchmark(
  { scale = 1, seed = 1, only, json, quiet, html, ...database }: BenchCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { runBench } = await import("../promises/index.ts");
  const { formatBenchReport, requireCharts, writeBenchPage } = await import("../report/index.ts");
  if (html !== undefined) await requireCharts();
  const file = html === undefined ? null : createFile(html);
  const keep = file === null ? () => {} : onInterrupt(async () => file.discard());
  try {
    const report = await withDatabase(database, context, ({ url }) =>
      runBench(
        url,
        { scale, seed, version: context.version, onScratch: onInterrupt, ...(only ? wanted(only) : {}) },
        json || quiet ? undefined : showPhases,
      ),
    );
    file?.write(await writeBenchPage(report));
    if (json) printJson(report);
    else print(formatBenchReport(report, { quiet }));
  } finally {
    keep();
    file?.discard();
  }
}
