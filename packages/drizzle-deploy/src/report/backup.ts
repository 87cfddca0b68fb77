import type { BackupReport } from "../index.ts";
import { formatBytes } from "./deployment.ts";
import { dress, formatDuration, plural, type ReportExtent } from "./text.ts";

/** A backup for a person; its last line is what to give to a deployment. */
export function formatBackupReport(report: BackupReport, { quiet }: ReportExtent = {}): string {
  if (quiet) return report.id;
  const { file, bytes, tables, entries, tool, database, server, milliseconds, id } = report;
  return [
    `${dress.good("✓")} ${database} (PostgreSQL ${server}) is in ${file}: ${formatBytes(bytes)}, ${plural(tables, "table")} with rows of ${plural(entries, "object")} in all`,
    dress.quiet(
      `  made by pg_dump ${tool.version} in ${formatDuration(milliseconds)}, and listed by pg_restore`,
    ),
    "",
    `Backup id: ${dress.strong(id)}`,
  ].join("\n");
}
