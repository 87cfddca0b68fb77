import { formatBytes, formatCount, formatDuration } from "drizzle-deploy/report";
import { type BenchReport, nearFloor, type ScreenResult, type Verdict } from "../promises/index.ts";

/** A table of a benchmark, in words: the first row names the columns. */
export interface BenchTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A ratio in three figures at most: `0.86×`, `12×`, `275×`. */
export function formatRatio(ratio: number): string {
  const digits = ratio >= 10 ? 0 : ratio >= 2 ? 1 : 2;
  return `${ratio.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}×`;
}

const formatSeconds = (seconds: number): string => `${seconds.toFixed(1)} s`;

/** What is said of a verdict; of a promise that is not kept also whether an index could do more. */
export function formatVerdict(
  { verdict, toFloor }: ScreenResult,
  dressed: (verdict: Verdict) => string = (words) => words,
): string {
  if (verdict === null) return "";
  return `${dressed(verdict)}${verdict === "not kept" && toFloor <= nearFloor ? ", at its floor" : ""}`;
}

/** The columns of a tenant's screens. */
export const screenColumns = ["", "before", "after", "faster", "promised", "to floor", "pages"] as const;

/** A query of a screen, in those columns. */
export const screenRow = (one: ScreenResult): string[] => [
  `${one.title}: ${one.query}`,
  formatDuration(one.before.milliseconds.median),
  formatDuration(one.after.milliseconds.median),
  formatRatio(one.ratio),
  one.verdict === null ? "" : formatRatio(one.promised),
  formatRatio(one.toFloor),
  formatCount(one.after.pages),
];

/** The screens by the clock on the wall. */
export const clientsTable = ({ clients }: BenchReport): BenchTable => ({
  title: "Screens by the clock on the wall",
  head: ["", "clients", "before", "99 of 100", "after", "99 of 100", "times as many"],
  rows: clients.map((one) => [
    one.title,
    String(one.clients),
    formatDuration(one.before.median),
    formatDuration(one.before.p99),
    formatDuration(one.after.median),
    formatDuration(one.after.p99),
    formatRatio(one.after.requests / one.before.requests),
  ]),
});

/** The views, a column for each tenant. */
export const viewsTable = ({ views, tenants }: BenchReport): BenchTable => ({
  title: "Views",
  head: ["", ...tenants.map(({ size }) => size)],
  rows: [...new Set(views.map(({ view }) => view))].map((view) => [
    view,
    ...tenants.map(({ size }) => {
      const one = views.find((candidate) => candidate.view === view && candidate.tenant === size);
      return one ? formatDuration(one.measurement.milliseconds.median) : "";
    }),
  ]),
});

/** What the form of the policies and the name of the user in the query are worth. */
export const policiesTable = ({ policies }: BenchReport): BenchTable => ({
  title: "auth.uid() once for the statement or for each row, the user named in the query or not",
  head: ["", "once, named", "once", "each row, named", "each row"],
  rows: policies.map((one) => [
    `${one.title}: ${one.query}`,
    formatDuration(one.onceNamed),
    formatDuration(one.onceAlone),
    formatDuration(one.perRowNamed),
    formatDuration(one.perRowAlone),
  ]),
});

/** What writing a row costs. */
export const writesTable = ({ writes }: BenchReport): BenchTable => ({
  title: "Rows written a second, one row a statement",
  head: ["", "before", "after", "after/before"],
  rows: writes.map((one) => [
    `${one.table}: ${one.statement}`,
    one.before ? formatCount(Math.round(one.before.median)) : "",
    formatCount(Math.round(one.after.median)),
    one.before ? formatRatio(one.after.median / one.before.median) : "",
  ]),
});

/** What the indexes take that the migrations make, or make another, but for those of no account. */
export function storageTable({ storage }: BenchReport): BenchTable {
  const total = storage.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    title: `Indexes: ${formatBytes(total)} where 47–65 MB were promised`,
    head: ["", "takes", "took"],
    rows: storage
      .filter(({ bytes }) => bytes * 50 > total)
      .map((one) => [
        one.index,
        formatBytes(one.bytes),
        one.bytesBefore > 0 ? formatBytes(one.bytesBefore) : "",
      ]),
  };
}

/** How long the checks take. */
export const checkTable = ({ check }: BenchReport): BenchTable => ({
  title: "spfp-db check",
  head: ["", "takes"],
  rows: check.map(({ area, milliseconds }) => [area, formatDuration(milliseconds.median)]),
});

/** What the user with most rows waits for while duplicates are merged. */
export const mergeTable = ({ merge }: BenchReport): BenchTable => ({
  title: "spfp-db fix duplicates --apply, beside a writer of the largest tenant",
  head: ["", "takes", "rows", "longest wait", "99 of 100", "failed"],
  rows:
    merge === null
      ? []
      : [
          [
            "in pieces",
            formatSeconds(merge.seconds),
            formatCount(merge.rows),
            formatDuration(merge.writer.longest),
            formatDuration(merge.writer.p99),
            String(merge.writer.failed),
          ],
        ],
});

/** What clients wait for during each kind of deployment, and what it takes. */
export const deploymentsTable = ({ deployments }: BenchReport): BenchTable => ({
  title: "Deployments, with readers and writers on every table concerned",
  head: ["", "longest wait", "99 of 100", "failed", "with clients", "alone", "log", "growth"],
  rows: deployments.map((one) => [
    // The others are named by what runs them.
    one.kind === "one transaction" ? `${one.kind}, by ${one.by}` : one.kind,
    formatDuration(Math.max(one.open.longest, one.closed.longest)),
    formatDuration(one.open.p99),
    String(one.open.failed + one.closed.failed),
    formatSeconds(one.withClients),
    formatSeconds(one.alone),
    formatBytes(one.walBytes),
    formatBytes(one.grownBytes),
  ]),
});

/** How the times of the largest tenant grow with the data. */
export function growthTable({ growth }: BenchReport): BenchTable {
  const scales = [...new Set(growth.map(({ scale }) => scale))];
  const names = [...new Set(growth.map(({ title, query }) => `${title}: ${query}`))];
  return {
    title: "Growth: the largest tenant's screens, before → after",
    head: ["", ...scales.map((scale) => `scale ${scale}`)],
    rows: names.map((name) => [
      name,
      ...scales.map((scale) => {
        const one = growth.find((each) => each.scale === scale && `${each.title}: ${each.query}` === name);
        return one ? `${formatDuration(one.before)} → ${formatDuration(one.after)}` : "";
      }),
    ]),
  };
}
