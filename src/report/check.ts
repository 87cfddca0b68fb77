import {
  dress,
  formatCount,
  formatDuration,
  formatFindings,
  plural,
  type ReportExtent,
} from "drizzle-deploy/report";
import type { AreaReport, CheckReport } from "../checks/index.ts";

function formatArea({ title, examined, findings }: AreaReport): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const mark = errors > 0 ? dress.bad("✗") : dress.good("✓");
  const line = `  ${mark} ${title.padEnd(42)} ${dress.quiet(`${formatCount(examined).padStart(5)} examined`)}`;
  const count = errors > 0 ? `  ${dress.bad(plural(errors, "error"))}` : "";
  return [line + count, ...formatFindings(findings)].join("\n");
}

/** A check's result for a person: a line an area, what is wrong under it, and one line that says it all. */
export function formatCheckReport(
  { ok, areas, milliseconds, serverVersion }: CheckReport,
  { quiet }: ReportExtent = {},
): string {
  const findings = areas.flatMap((area) => area.findings);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const server = `PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
  const took = dress.quiet(`(${server}, ${formatDuration(milliseconds)})`);
  const verdict = ok
    ? dress.good("Everything holds.")
    : dress.bad(`${plural(errors, "thing")} ${errors === 1 ? "does" : "do"} not hold.`);
  if (quiet) {
    const told = findings.filter(({ severity }) => severity !== "info");
    return [...formatFindings(told), ...(ok ? [] : [verdict])].join("\n");
  }
  return [...areas.map(formatArea), "", `${verdict} ${took}`].join("\n");
}
