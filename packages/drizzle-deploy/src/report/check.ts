import type { CheckReport } from "../index.ts";
import { formatFindings } from "./findings.ts";
import { dress, formatDuration, plural, type ReportExtent } from "./text.ts";

/** A check's result for a person: what was found, and one line that says it all. */
export function formatCheckReport(
  { ok, at, pending, findings, milliseconds, serverVersion }: CheckReport,
  { quiet }: ReportExtent = {},
): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const server = `PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
  const took = dress.quiet(`(${server}, ${formatDuration(milliseconds)})`);
  const point = at === null ? "No migration is applied." : `Held against ${at}.`;
  const rest = pending.length === 0 ? "" : ` ${plural(pending.length, "migration")} pending.`;
  const verdict = ok
    ? dress.good("Everything holds.")
    : dress.bad(`${plural(errors, "thing")} ${errors === 1 ? "does" : "do"} not hold.`);
  if (quiet) {
    const told = findings.filter(({ severity }) => severity !== "info");
    return [...formatFindings(told), ...(ok ? [] : [verdict])].join("\n");
  }
  return [`${point}${rest}`, ...formatFindings(findings), "", `${verdict} ${took}`].join("\n");
}
