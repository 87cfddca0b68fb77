import type { BaselineReport } from "../index.ts";
import type { Names } from "../model/names.ts";
import { formatFindingLines, formatFindings } from "./findings.ts";
import { sideBySide } from "./side-by-side.ts";
import { dress, plural, type ReportExtent, visible } from "./text.ts";

/** How many differences that need nothing done are shown one by one. */
const shown = 10;

/** How many things of a migration are named. */
const named = 3;

/** Where the width of the terminal is not known. */
const defaultWidth = 120;

const placeOf = ({ point }: Pick<BaselineReport, "point">): string =>
  point === null ? "before the first migration" : `at ${point}`;

/** The last line alone. */
export function formatBaselineVerdict(
  { outcome, point, recorded, pending, inTheWay }: BaselineReport,
  { command }: Names,
): string {
  const at = placeOf({ point });
  const next =
    pending.length === 0
      ? "Nothing is pending."
      : `Pending: ${pending.join(", ")}. Next: ${command} preflight, then ${command} deploy.`;
  switch (outcome) {
    case "adopted":
      return dress.good(`Adopted ${at}: ${plural(recorded.length, "migration")} recorded, none run. ${next}`);
    case "adoptable":
      return dress.good(
        `It can be adopted ${at}: ${plural(recorded.length, "migration")} would be recorded, none run. Nothing was written.`,
      );
    case "already adopted":
      return dress.good(
        `This database has a migration journal already, ${point === null ? "with nothing in it" : `up to ${point}`}: there is nothing to do. ${next}`,
      );
    case "empty":
      return `This database has none of the project's objects: there is nothing to adopt. Next: ${command} deploy, which applies every migration.`;
    case "refused":
      return dress.bad(
        `Not adopted ${at}: ${plural(inTheWay.length, "difference stands", "differences stand")} in the way. Nothing was written.`,
      );
  }
}

const list = (things: readonly string[]): string => {
  const more = things.length - named;
  return `${things.slice(0, named).map(visible).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
};

const traces = {
  seen: dress.good("done    "),
  partly: dress.doubtful("partly  "),
  unseen: dress.quiet("not done"),
  unclear: dress.quiet("unclear "),
  traceless: dress.quiet("no trace"),
} as const;

/** What the database shows of each migration. */
function evidenceLines({ evidence }: BaselineReport): string[] {
  return evidence.map(({ tag, trace, seen, unseen }) => {
    const there = seen.length > 0 ? [`there: ${list(seen)}`] : [];
    const missing = unseen.length > 0 ? [`not there: ${list(unseen)}`] : [];
    return `    ${traces[trace]}  ${tag}  ${dress.quiet([...there, ...missing].join("; "))}`.trimEnd();
  });
}

/** What is replaced, beside what takes its place. */
function replacedLines({ replaced }: BaselineReport, width: number): string[] {
  return replaced.flatMap(({ object, expected, actual }, at) => [
    ...(at > 0 ? [""] : []),
    `    ${dress.strong(visible(object))}`,
    ...sideBySide(["as it is", actual ?? "not there"], ["as it will be", expected ?? "not there"], width),
  ]);
}

/** What an adoption found, in the order in which a person asks for it, without the verdict. */
export function formatBaselineFindings(
  report: BaselineReport,
  width: number = process.stdout.columns ?? defaultWidth,
): string[] {
  const group = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [dress.strong(title), ...lines, ""];
  return [
    ...group(
      `It stands ${placeOf(report)}. What is there of each migration after the ones that are taken as given:`,
      evidenceLines(report),
    ),
    ...group("In the way of the pending migrations", formatFindings(report.inTheWay)),
    ...group(
      `Different, and replaced by the deployment, which keeps the former on record (${report.replaced.length})`,
      replacedLines(report, width),
    ),
    ...group(
      `There already, for the deployment to take or to put right (${report.settled.length})`,
      formatFindingLines(report.settled, shown),
    ),
    ...group(
      `Different, and left as they are (${report.untouched.length})`,
      formatFindingLines(report.untouched, shown),
    ),
  ];
}

/** What an adoption found and did, for a person; the last line says it all. */
export function formatBaselineReport(
  report: BaselineReport,
  names: Names,
  { width, quiet }: ReportExtent & { readonly width?: number | undefined } = {},
): string {
  if (quiet) {
    if (report.outcome !== "refused") return "";
    return [...formatFindings(report.inTheWay), formatBaselineVerdict(report, names)].join("\n");
  }
  return [...formatBaselineFindings(report, width), formatBaselineVerdict(report, names)].join("\n");
}
