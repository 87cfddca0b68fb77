import type { BackupReport } from "../index.ts";
import { dress, formatDuration, plural } from "./text.ts";

function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** A backup for a person; its last line is what to give to a deployment. */
export function formatBackupReport(report: BackupReport): string {
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
