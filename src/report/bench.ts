import { dress, formatBytes, formatCount, formatDuration, formatTable, plural } from "drizzle-deploy/report";
import type { BenchReport, ScreenResult, Verdict } from "../promises/index.ts";
import { nearFloor } from "../promises/index.ts";

const heading = (text: string): string => `\n${dress.strong(text)}`;

/** A ratio in three figures at most: `0.86×`, `12×`, `275×`. */
export function formatRatio(ratio: number): string {
  const digits = ratio >= 10 ? 0 : ratio >= 2 ? 1 : 2;
  return `${ratio.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}×`;
}

/** What is said of a verdict: how, and in how many words. */
function formatVerdict({ verdict, toFloor }: ScreenResult): string {
  if (verdict === null) return "";
  const dressed: Record<Verdict, string> = {
    exceeded: dress.good("exceeded"),
    kept: dress.good("kept"),
    "nothing to gain": dress.quiet("nothing to gain"),
    "not kept": dress.doubtful("not kept"),
  };
  return `${dressed[verdict]}${verdict === "not kept" && toFloor <= nearFloor ? dress.quiet(", at its floor") : ""}`;
}

function formatScreens({ screens, tenants }: BenchReport): string[] {
  return tenants.flatMap((tenant) => {
    const own = screens.filter((one) => one.tenant === tenant.size);
    if (own.length === 0) return [];
    const rows = own.map((one) => [
      `${one.title}: ${one.query}`,
      formatDuration(one.before.milliseconds.median),
      formatDuration(one.after.milliseconds.median),
      formatRatio(one.ratio),
      one.verdict === null ? "" : formatRatio(one.promised),
      formatRatio(one.toFloor),
      formatCount(one.after.pages),
      formatVerdict(one),
    ]);
    const head = ["", "before", "after", "faster", "promised", "to floor", "pages", ""].map(dress.quiet);
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

const section = (title: string, head: readonly string[], rows: readonly string[][]): string[] =>
  rows.length === 0
    ? []
    : [
        heading(title),
        formatTable(
          [head.map(dress.quiet), ...rows.map((row) => [...row])],
          head.map((_, at) => at).slice(1),
        ),
      ];

/** The benchmark as a person reads it at a terminal. */
export function formatBenchReport(report: BenchReport): string {
  const { data, machine, server, clients, views, policies, writes, storage, check, merge, deployments } =
    report;
  const { growth } = report;
  const sum = (figure: (one: BenchReport["storage"][number]) => number): number =>
    storage.reduce((total, one) => total + figure(one), 0);
  return [
    `${dress.strong("Promises, measured")} ${dress.quiet(
      `spfp-db ${report.version}, ${report.startedAt.slice(0, 10)}; ${plural(data.rows, "row")} (scale ${data.scale}, seed ${data.seed}); PostgreSQL ${server.version}; ${plural(machine.cores, "core")}, ${machine.cpu}; ${formatDuration(report.seconds * 1_000)}`,
    )}`,
    ...formatScreens(report),
    ...formatPlans(report),
    ...section(
      "Screens by the clock on the wall",
      ["", "clients", "before", "99 of 100", "after", "99 of 100", "times as many"],
      clients.map((one) => [
        one.title,
        String(one.clients),
        formatDuration(one.before.median),
        formatDuration(one.before.p99),
        formatDuration(one.after.median),
        formatDuration(one.after.p99),
        formatRatio(one.after.requests / one.before.requests),
      ]),
    ),
    ...section(
      "Views",
      ["", ...report.tenants.map(({ size }) => size)],
      [...new Set(views.map(({ view }) => view))].map((view) => [
        view,
        ...report.tenants.map(({ size }) => {
          const one = views.find((candidate) => candidate.view === view && candidate.tenant === size);
          return one ? formatDuration(one.measurement.milliseconds.median) : "";
        }),
      ]),
    ),
    ...section(
      "auth.uid() once for the statement or for each row, the user named in the query or not",
      ["", "once, named", "once", "each row, named", "each row"],
      policies.map((one) => [
        `${one.title}: ${one.query}`,
        formatDuration(one.onceNamed),
        formatDuration(one.onceAlone),
        formatDuration(one.perRowNamed),
        formatDuration(one.perRowAlone),
      ]),
    ),
    ...section(
      "Rows written a second, one row a statement",
      ["", "before", "after", "after/before"],
      writes.map((one) => [
        `${one.table}: ${one.statement}`,
        one.before ? formatCount(Math.round(one.before.median)) : "",
        formatCount(Math.round(one.after.median)),
        one.before ? formatRatio(one.after.median / one.before.median) : "",
      ]),
    ),
    ...section(
      `Indexes: ${formatBytes(sum(({ bytes }) => bytes))} where 47–65 MB were promised`,
      ["", "takes", "took"],
      storage
        .filter(({ bytes }) => bytes * 50 > sum((one) => one.bytes))
        .map((one) => [
          one.index,
          formatBytes(one.bytes),
          one.bytesBefore > 0 ? formatBytes(one.bytesBefore) : "",
        ]),
    ),
    ...section(
      "spfp-db check",
      ["", "takes"],
      check.map(({ area, milliseconds }) => [area, formatDuration(milliseconds.median)]),
    ),
    ...section(
      "spfp-db fix duplicates --apply, beside a writer of the largest tenant",
      ["", "takes", "rows", "longest wait", "99 of 100", "failed"],
      merge === null
        ? []
        : [
            [
              "in pieces",
              `${merge.seconds.toFixed(1)} s`,
              formatCount(merge.rows),
              formatDuration(merge.writer.longest),
              formatDuration(merge.writer.p99),
              String(merge.writer.failed),
            ],
          ],
    ),
    ...section(
      "Deployments, with readers and writers on every table concerned",
      ["", "longest wait", "99 of 100", "failed", "with clients", "alone", "log", "growth"],
      deployments.map((one) => [
        one.kind,
        formatDuration(Math.max(one.open.longest, one.closed.longest)),
        formatDuration(one.open.p99),
        String(one.open.failed + one.closed.failed),
        `${one.withClients.toFixed(1)} s`,
        `${one.alone.toFixed(1)} s`,
        formatBytes(one.walBytes),
        formatBytes(one.grownBytes),
      ]),
    ),
    ...section(
      "Growth: the largest tenant's screens, before → after",
      ["", ...[...new Set(growth.map(({ scale }) => scale))].map((scale) => `scale ${scale}`)],
      [...new Set(growth.map(({ title, query }) => `${title}: ${query}`))].map((name) => [
        name,
        ...[...new Set(growth.map(({ scale }) => scale))].map((scale) => {
          const one = growth.find(
            (candidate) => candidate.scale === scale && `${candidate.title}: ${candidate.query}` === name,
          );
          return one ? `${formatDuration(one.before)} → ${formatDuration(one.after)}` : "";
        }),
      ]),
    ),
    `\nThe data is kept as database ${data.template} for the next run; everything else was dropped.`,
  ].join("\n");
}
