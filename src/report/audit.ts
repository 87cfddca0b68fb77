import { dress, visible } from "drizzle-deploy/report";
import { type AuditEntry, auditTimeline } from "../index.ts";

/**
 * The audit trail for a person, by day, in UTC.
 *
 * @param names of users, by their ids
 * @param more whether there are older entries
 */
export function formatAuditTrail(
  entries: readonly AuditEntry[],
  names: ReadonlyMap<string, string>,
  more: boolean,
): string {
  const days = auditTimeline(entries, { nameOf: (id) => names.get(id) });
  const lines = days.flatMap(({ day, entries: moments }) => [
    dress.strong(day),
    ...moments.map(({ time, text }) => `  ${dress.quiet(time)}  ${visible(text)}`),
  ]);
  if (lines.length === 0) return "No change of automation permissions is recorded there.";
  const rest = "There are older ones: --limit shows more, --until begins earlier.";
  return [...lines, ...(more ? [dress.quiet(rest)] : [])].join("\n");
}
