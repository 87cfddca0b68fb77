import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import { plural } from "../../findings/text.ts";
import type { PreflightItem } from "../item.ts";

/** How far a replica may be behind before building indexes makes it worse. */
const tolerable = { seconds: 10, bytes: 64 * 1024 ** 2 } as const;

const schema = z.tuple([
  z.object({
    replicas: z.array(
      z.object({
        name: z.string(),
        visible: z.boolean(),
        seconds: z.number().nullable(),
        bytes: z.number().nullable(),
      }),
    ),
    slots: z.array(
      z.object({ name: z.string(), status: z.string().nullable(), bytes: z.number().nullable() }),
    ),
  }),
]);

// On a standby there is no current position of the log to compare with.
const query = `
  with position as (
    select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn()
      else pg_catalog.pg_current_wal_lsn() end as lsn
  )
  select
    (select coalesce(json_agg(json_build_object('name', application_name, 'visible', state is not null,
        'seconds', extract(epoch from replay_lag)::float8, 'bytes', (lsn - replay_lsn)::float8)), '[]')
      from pg_catalog.pg_stat_replication, position) as replicas,
    (select coalesce(json_agg(json_build_object('name', slot_name, 'status', wal_status,
        'bytes', (lsn - restart_lsn)::float8)), '[]')
      from pg_catalog.pg_replication_slots, position where not active) as slots`;

/** Replicas that keep up, and no slot that makes the server keep its log for nobody. */
export const replication: PreflightItem = {
  id: "replication",
  title: "Replication",
  async run({ sql }) {
    const [{ replicas, slots }] = schema.parse([...(await sql.unsafe(query))]);
    const lagging = replicas.filter(
      ({ seconds, bytes }) => (seconds ?? 0) > tolerable.seconds || (bytes ?? 0) > tolerable.bytes,
    );
    const megabytes = (bytes: number | null): string =>
      bytes === null ? "an unknown part" : `${Math.ceil(bytes / 1024 ** 2)} MB`;
    const warning = (check: CheckId, object: string, expected: string, actual: string, remedy: string) =>
      ({ check, severity: "warning", object, expected, actual, remedy }) as const;
    return {
      evidence: `${plural(replicas.length, "replica")}, ${lagging.length} of them lagging; ${plural(slots.length, "inactive slot")}`,
      findings: [
        ...lagging.map(({ name, seconds, bytes }) =>
          warning(
            "replication.lag",
            `replica ${name}`,
            `at most ${tolerable.seconds} s and ${megabytes(tolerable.bytes)} behind`,
            `${seconds === null ? "" : `${Math.round(seconds)} s, `}${megabytes(bytes)} behind`,
            "Wait until it has caught up: building indexes writes much log.",
          ),
        ),
        ...replicas
          .filter(({ visible }) => !visible)
          .map(({ name }) =>
            warning(
              "replication.hidden",
              `replica ${name}`,
              "visible",
              "this role may not see how far it is behind",
              "GRANT pg_read_all_stats TO the role, or look yourself before deploying.",
            ),
          ),
        ...slots.map(({ name, status, bytes }) =>
          warning(
            "replication.slot",
            `replication slot ${name}`,
            "active",
            `inactive${status === null ? "" : `, ${status}`}: the server keeps ${megabytes(bytes)} of its log for it`,
            "Bring its reader back, or drop the slot: building indexes makes the log that is kept grow.",
          ),
        ),
      ],
    };
  },
};
