import { dress, formatCount, formatDuration, formatTable, plural } from "drizzle-deploy/report";
import type { BenchReport, Verdict } from "../promises/index.ts";
import {
  type BenchTable,
  checkTable,
  clientsTable,
  deploymentsTable,
  formatRatio,
  formatVerdict,
  growthTable,
  mergeTable,
  policiesTable,
  screenColumns,
  screenRow,
  storageTable,
  viewsTable,
  writesTable,
} from "./bench-tables.ts";

const heading = (text: string): string => `\n${dress.strong(text)}`;

const dressedVerdicts: Record<Verdict, (text: string) => string> = {
  exceeded: dress.good,
  kept: dress.good,
  "nothing to gain": dress.quiet,
  "not kept": dress.doubtful,
};

function formatScreens({ screens, tenants }: BenchReport): string[] {
  return tenants.flatMap((tenant) => {
    const own = screens.filter((one) => one.tenant === tenant.size);
    if (own.length === 0) return [];
    const rows = own.map((one) => [
      ...screenRow(one),
      formatVerdict(one, (verdict) => dressedVerdicts[verdict](verdict)),
    ]);
    const head = [...screenColumns, ""].map(dress.quiet);
    return [
      heading(
        `Screens of the ${tenant.size} tenant, ${plural(tenant.rows, "row")}, through row-level security`,
      ),
      formatTable([head, ...rows], [1, 2, 3, 4, 5, 6]),
    ];
  });
}

/** The plans behind the verdicts: what says why. */
function formatPlans({ screens }: BenchReport): string[] {
  const own = screens.filter(({ verdict }) => verdict === "not kept" || verdict === "nothing to gain");
  if (own.length === 0) return [];
  return [
    heading("Why"),
    ...own.flatMap((one) => [
      `  ${one.title}, ${one.query}: ${formatRatio(one.ratio)}, ${formatRatio(one.promised)} promised`,
      ...(["before", "after", "floor"] as const).map(
        (side) =>
          `    ${side.padEnd(6)} ${formatDuration(one[side].milliseconds.median)}, ${plural(one[side].pages, "page")}, ${formatCount(one[side].rowsRead)} rows read for ${formatCount(one[side].rows)}\n           ${dress.quiet(one[side].plan)}`,
      ),
    ]),
  ];
}

function formatBenchTable({ title, head, rows }: BenchTable): string[] {
  if (rows.length === 0) return [];
  const numbers = head.map((_, at) => at).slice(1);
  return [heading(title), formatTable([head.map(dress.quiet), ...rows.map((row) => [...row])], numbers)];
}

/** The benchmark as a person reads it at a terminal. */
export function formatBenchReport(report: BenchReport): string {
  const { data, machine, server } = report;
  return [
    `${dress.strong("Promises, measured")} ${dress.quiet(
      `spfp-db ${report.version}, ${report.startedAt.slice(0, 10)}; ${plural(data.rows, "row")} (scale ${data.scale}, seed ${data.seed}); PostgreSQL ${server.version}; ${plural(machine.cores, "core")}, ${machine.cpu}; ${formatDuration(report.seconds * 1_000)}`,
    )}`,
    ...formatScreens(report),
    ...formatPlans(report),
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
