import { dress, formatDuration, formatTable, plural, type ReportExtent } from "drizzle-deploy/report";
import type { BenchReport } from "../promises/index.ts";
import { formatPlans, formatScreens } from "./bench-screens.ts";
import {
  type BenchTable,
  checkTable,
  clientsTable,
  deploymentsTable,
  growthTable,
  mergeTable,
  policiesTable,
  storageTable,
  viewsTable,
  writesTable,
} from "./bench-tables.ts";

const heading = (text: string): string => `\n${dress.strong(text)}`;

function formatBenchTable({ title, head, rows }: BenchTable): string[] {
  if (rows.length === 0) return [];
  const numbers = head.map((_, at) => at).slice(1);
  return [heading(title), formatTable([head.map(dress.quiet), ...rows.map((row) => [...row])], numbers)];
}

/** The benchmark as a person reads it at a terminal. */
export function formatBenchReport(report: BenchReport, { quiet }: ReportExtent = {}): string {
  if (quiet)
    return formatPlans(report.screens.filter(({ verdict }) => verdict === "not kept"))
      .join("\n")
      .trim();
  const { data, machine, server } = report;
  return [
    `${dress.strong("Promises, measured")} ${dress.quiet(
      `spfp-db ${report.version}, ${report.startedAt.slice(0, 10)}; ${plural(data.rows, "row")} (scale ${data.scale}, seed ${data.seed}); PostgreSQL ${server.version}; ${plural(machine.cores, "core")}, ${machine.cpu}; ${formatDuration(report.seconds * 1_000)}`,
    )}`,
    ...formatScreens({ ...report, scale: data.scale }),
    ...formatPlans(report.screens),
    ...[
      clientsTable,
      viewsTable,
      policiesTable,
      writesTable,
      storageTable,
      checkTable,
      mergeTable,
      deploymentsTable,
      growthTable,
    ].flatMap((table) => formatBenchTable(table(report))),
    `\nThe data is kept for the next run as ${data.kept.length > 1 ? "databases" : "database"} ${data.kept.join(", ")}; everything else was dropped.`,
  ].join("\n");
}
