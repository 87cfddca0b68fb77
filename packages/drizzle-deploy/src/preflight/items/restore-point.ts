import type { CheckId } from "../../findings/check-ids.ts";
import type { PreflightItem } from "../item.ts";

/** Something to go back to where everything else fails. */
export const restorePoint: PreflightItem = {
  id: "restore-point",
  title: "Restore point",
  run: async ({ backup, names }) => ({
    evidence: backup === null ? "none named" : `backup ${backup}`,
    findings:
      backup === null
        ? [
            {
              check: "restore-point.missing" satisfies CheckId,
              severity: "error",
              object: "the backup",
              expected: "a backup to go back to, by name",
              actual: null,
              remedy: `Name the one that you have with --backup-id (Supabase: Database, Backups), or make one: ${names.command} backup`,
            },
          ]
        : [],
  }),
};
