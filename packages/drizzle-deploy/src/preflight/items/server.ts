import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import type { Finding } from "../../findings/finding.ts";
import { oldestVersion } from "../../postgres/index.ts";
import type { PreflightItem } from "../item.ts";

const schema = z.tuple([
  z.object({
    version: z.coerce.number().int(),
    label: z.string(),
    recovery: z.boolean(),
    readonly: z.boolean(),
  }),
]);

/** A server that can be deployed to: new enough, the primary, writable, and reached by a session of our own. */
export const server: PreflightItem = {
  id: "server",
  title: "Server",
  async run({ sql, pooler }) {
    const rows = await sql`
      select current_setting('server_version_num') as version, current_setting('server_version') as label,
        pg_catalog.pg_is_in_recovery() as recovery,
        current_setting('default_transaction_read_only') = 'on' as readonly`;
    const [{ version, label, recovery, readonly }] = schema.parse([...rows]);
    const finding = (check: CheckId, wrong: boolean, rest: Omit<Finding, "check" | "severity" | "object">) =>
      wrong ? [{ check, severity: "error", object: "the server", ...rest } as const] : [];
    return {
      evidence: `PostgreSQL ${label}, ${recovery ? "a standby" : "the primary"}`,
      findings: [
        ...finding("server.version", version < oldestVersion * 10_000, {
          expected: `PostgreSQL ${oldestVersion} or later`,
          actual: `PostgreSQL ${label}`,
          remedy: "Upgrade the server (Supabase: Settings, Infrastructure).",
        }),
        ...finding("server.recovery", recovery, {
          expected: "the primary",
          actual: "in recovery: a standby, or a server that is being restored",
          remedy: "Connect to the primary, or wait until the restore is done.",
        }),
        ...finding("server.read-only", readonly && !recovery, {
          expected: "transactions may write",
          actual: "default_transaction_read_only is on",
          remedy:
            "Supabase sets it where the disk is full: make room first. Else: ALTER DATABASE … RESET default_transaction_read_only;",
        }),
        ...finding("server.pooler", pooler !== null, {
          expected: "a session of its own",
          actual: `a pooler in transaction mode: ${pooler}`,
          remedy: "Connect directly, or to the session pooler: on Supabase port 5432.",
        }),
      ],
    };
  },
};
