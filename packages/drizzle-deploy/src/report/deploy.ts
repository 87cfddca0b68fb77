import type { DeploymentReport } from "../index.ts";
import type { Names } from "../model/names.ts";
import { formatFindings } from "./findings.ts";
import { dress, formatDuration, plural, type ReportExtent } from "./text.ts";

/** How many findings are shown one by one. */
const shown = 10;

function formatOutcome({ outcome, steps, plan, milliseconds }: DeploymentReport): string {
  const count = (status: DeploymentReport["steps"][number]["status"]): number =>
    steps.filter((step) => step.status === status).length;
  const parts = [
    count("done") > 0 && `${plural(count("done"), "step")} done`,
    count("skipped") > 0 && `${count("skipped")} already done`,
    count("left out") > 0 && `${count("left out")} left out`,
    count("failed") > 0 && `${count("failed")} failed`,
    count("not reached") > 0 && `${count("not reached")} not reached`,
  ].filter((part) => part !== false);
  const where =
    plan.migrations.length === 0
      ? `Nothing was pending: the database is at ${plan.to ?? "its beginning"}`
      : outcome === "completed"
        ? `From ${plan.from ?? "the beginning"} to ${plan.to}`
        : `On the way from ${plan.from ?? "the beginning"} to ${plan.to}`;
  return `${[where, parts.join(", ")].filter(Boolean).join(": ")} ${dress.quiet(`(${formatDuration(milliseconds)})`)}`;
}

function formatGrowth({ sizes }: DeploymentReport): string[] {
  const sum = (tables: DeploymentReport["sizes"]["after"]): number =>
    tables.reduce((total, { tableBytes, indexBytes }) => total + tableBytes + indexBytes, 0);
  const growth = (sum(sizes.after) - sum(sizes.before)) / 1024 / 1024;
  return growth < 0.05 ? [] : [dress.quiet(`The database grew by ${growth.toFixed(1)} MB.`)];
}

/** A deployment's result for a person; the last line says whether it went well, or how to go on. */
export function formatDeploymentReport(
  report: DeploymentReport,
  { success }: Names,
  { quiet }: ReportExtent = {},
): string {
  const { outcome, findings, error, id, plan } = report;
  const left = report.steps.filter(({ status }) => status === "left out");
  const told = findings.filter(({ severity }) => severity !== "info");
  const more = told.length - shown;
  const listed = [
    ...formatFindings(told.slice(0, shown)),
    ...(more > 0 ? [dress.quiet(`    … and ${more} more: see --json`)] : []),
  ];
  if (quiet && outcome === "completed") return listed.join("\n");
  return [
    formatOutcome(report),
    ...left.map(({ title, reason }) => dress.quiet(`Left out: ${title}: ${reason}`)),
    ...formatGrowth(report),
    ...listed,
    ...(plan.migrations.length > 0 ? [dress.quiet(`Recorded as deployment ${id}.`)] : []),
    "",
    ...(outcome === "completed" ? [dress.good(success)] : []),
    ...(error ? [`${dress.bad(`${error.code}: ${error.message}`)}`, error.remedy] : []),
    ...(outcome === "stopped"
      ? [
          dress.doubtful("Stopped on request; every step up to here is complete."),
          "To continue, run the same command again.",
        ]
      : []),
  ].join("\n");
}
