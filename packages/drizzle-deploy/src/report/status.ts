import type { Status } from "../index.ts";
import type { Names } from "../model/names.ts";
import { dress, plural, type ReportExtent, visible } from "./text.ts";

type Deployment = Status["deployments"][number];

const describeState = ({ command }: Names): Readonly<Record<Status["state"], string>> => ({
  empty: "Nothing of the project is there yet: every migration is pending.",
  unadopted: `The project's tables are there, and no record of its migrations. Run: ${command} baseline`,
  behind: "",
  current: "Every migration is applied.",
});

function formatDeployment({
  kind,
  id,
  executor,
  startedAt,
  outcome,
  isRunning,
  done,
  undone,
  planned,
}: Deployment): string {
  const state = outcome ?? (isRunning ? "running" : "killed");
  const dressed = state === "completed" ? dress.good(state) : dress.doubtful(state);
  const back = undone > 0 ? `, ${undone === done ? "all" : undone} undone since` : "";
  const steps = planned > 0 ? `  ${done} of ${plural(planned, "step")} done${back}` : "";
  return `  ${startedAt.slice(0, 19).replace("T", " ")}  ${kind.padEnd(8)} ${dressed.padEnd(11)} ${visible(executor)}${dress.quiet(`${steps}  ${id}`)}`;
}

/** How many differences of the catalog are shown one by one. */
const shown = 10;

function formatCatalog({ catalog, halfDone }: Status): string[] {
  if (!catalog) return [];
  const { expected, differences } = catalog;
  if (differences.length === 0) return [dress.good(`The catalog is as ${expected} makes it.`)];
  const more = differences.length - shown;
  const why = halfDone ? " A deployment is half done, which may be the reason." : "";
  return [
    dress.doubtful(
      `The catalog differs from what ${expected} makes in ${plural(differences.length, "place")}.${why}`,
    ),
    ...differences
      .slice(0, shown)
      .map(
        ({ object, property }) =>
          `  ${visible(object)}${property === null ? " is missing" : `: ${property}`}`,
      ),
    ...(more > 0 ? [dress.quiet(`  … and ${more} more: see --json`)] : []),
  ];
}

/** The state of a database for a person. */
export function formatStatus(status: Status, names: Names, { quiet }: ReportExtent = {}): string {
  const { applied, pending, deployments, halfDone, state } = status;
  const described = quiet && state === "current" ? "" : describeState(names)[state];
  const catalog = quiet && status.catalog?.differences.length === 0 ? [] : formatCatalog(status);
  return [
    ...(described === "" ? [] : [described]),
    ...(quiet ? [] : applied).map(({ tag }) => `  ${dress.good("✓")} ${tag}`),
    ...pending.map(({ tag }) => `  ${dress.quiet("·")} ${tag}  ${dress.quiet("pending")}`),
    ...(deployments.length > 0 && !quiet
      ? ["", `Last deployments (each in full: ${names.command} log ID)`, ...deployments.map(formatDeployment)]
      : []),
    ...(halfDone && !halfDone.isRunning
      ? [dress.doubtful(`A ${halfDone.kind} is not finished: run the same command again to continue it.`)]
      : []),
    ...(quiet ? [] : [""]),
    ...catalog,
  ].join("\n");
}
