import type { BaselineReport } from "../deploy/index.ts";
import { formatFindingLines, formatFindings } from "./findings.ts";
import { dress, plural } from "./text.ts";

/** How many differences that need nothing done are shown one by one. */
const shown = 10;

function verdict({ outcome, point, recorded, pending, inTheWay }: BaselineReport): string {
  const next =
    pending.length === 0
      ? "Nothing is pending."
      : `Pending: ${pending.join(", ")}. Next: spfp-db preflight, then spfp-db deploy.`;
  switch (outcome) {
    case "adopted":
      return dress.good(
        `Adopted at ${point}: ${plural(recorded.length, "migration")} recorded, none run. ${next}`,
      );
    case "adoptable":
      return dress.good(
        `It can be adopted at ${point}: ${plural(recorded.length, "migration")} would be recorded, none run. Nothing was written.`,
      );
    case "already adopted":
      return dress.good(
        `This database has a migration journal already, up to ${point}: there is nothing to do. ${next}`,
      );
    case "empty":
      return "This database has nothing of ours: there is nothing to adopt. Next: spfp-db deploy, which applies every migration.";
    case "refused":
      return dress.bad(
        `Not adopted at ${point}: ${plural(inTheWay.length, "difference stands", "differences stand")} in the way. Nothing was written.`,
      );
  }
}

/** What an adoption found and did, for a person; the last line says it all. */
export function formatBaselineReport(report: BaselineReport): string {
  const group = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [dress.strong(title), ...lines, ""];
  return [
    ...group("In the way of the pending migrations", formatFindings(report.inTheWay)),
    ...group(
      `In a form of their own, and replaced by the deployment (${report.replaced.length})`,
      formatFindings(report.replaced),
    ),
    ...group(
      `There already, for the deployment to take or to put right (${report.settled.length})`,
      formatFindingLines(report.settled, shown),
    ),
    ...group(
      `Different, and left as they are (${report.untouched.length})`,
      formatFindingLines(report.untouched, shown),
    ),
    verdict(report),
  ].join("\n");
}
