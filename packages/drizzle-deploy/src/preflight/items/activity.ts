import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import type { Finding } from "../../findings/finding.ts";
import { plural } from "../../findings/text.ts";
import { quoteLiteral } from "../../sql/quote.ts";
import type { PreflightItem } from "../item.ts";

const schema = z.tuple([
  z.object({
    sessions: z.number().int(),
    hidden: z.number().int(),
    long: z.array(
      z.object({
        pid: z.number().int(),
        application: z.string(),
        user: z.string().nullable(),
        state: z.string().nullable(),
        seconds: z.number(),
      }),
    ),
    prepared: z.array(z.object({ gid: z.string(), owner: z.string(), seconds: z.number() })),
  }),
]);

// A role without pg_read_all_stats sees of another's session neither its state nor its transaction.
const query = `
  with others as (
    select a.*, a.state is null and a.xact_start is null and a.backend_type = 'client backend' as hidden
    from pg_catalog.pg_stat_activity a
    where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid()
  )
  select (select count(*)::int from others where backend_type = 'client backend') as sessions,
    (select count(*)::int from others where hidden) as hidden,
    (select coalesce(json_agg(json_build_object('pid', pid, 'application', application_name, 'user', usename,
        'state', state, 'seconds', extract(epoch from clock_timestamp() - xact_start)::float8) order by xact_start), '[]')
      from others where backend_type = 'client backend'
        and xact_start < clock_timestamp() - make_interval(secs => $1::float8)) as long,
    (select coalesce(json_agg(json_build_object('gid', gid, 'owner', owner,
        'seconds', extract(epoch from clock_timestamp() - prepared)::float8) order by prepared), '[]')
      from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()) as prepared`;

/** Nobody who would keep a step waiting: CREATE INDEX CONCURRENTLY waits for every transaction that is older. */
export const activity: PreflightItem = {
  id: "activity",
  title: "Open transactions and locks",
  async run({ sql, holders, longTransaction }) {
    const rows = await sql.unsafe(query, [longTransaction]);
    const [{ sessions, hidden, long, prepared }] = schema.parse([...rows]);
    const blocking = await holders(sql);
    const finding = (check: CheckId, object: string, actual: string, remedy: string): Finding => ({
      check,
      severity: "error",
      object,
      expected: null,
      actual,
      remedy,
    });
    const seconds = (count: number): string => `${Math.round(count)} s`;
    return {
      evidence: `${plural(sessions, "other session")}, ${plural(long.length, "transaction")} open for over ${longTransaction} s, ${prepared.length} prepared, ${blocking.length} in the way`,
      findings: [
        ...long.map(({ pid, application, user, state, seconds: age }) =>
          finding(
            "activity.transaction",
            `pid ${pid}`,
            `${application || "unnamed"}, user ${user ?? "unknown"}: ${state ?? "a transaction"}, open for ${seconds(age)}`,
            `Let it end, or end it: SELECT pg_terminate_backend(${pid});`,
          ),
        ),
        ...prepared.map(({ gid, owner, seconds: age }) =>
          finding(
            "activity.prepared",
            `prepared transaction ${gid}`,
            `of ${owner}, for ${seconds(age)}; it holds its locks until it is ended`,
            `Commit it, or as ${owner}: ROLLBACK PREPARED ${quoteLiteral(gid)};`,
          ),
        ),
        ...blocking.map((holder) =>
          finding(
            "activity.lock",
            holder.split(/[,:(]/)[0]?.trim() || holder,
            `holds a lock that a step would wait for: ${holder}`,
            "Let it end. A deployment waits and backs off, but gives up after a while.",
          ),
        ),
        ...(hidden === 0
          ? []
          : [
              {
                check: "activity.hidden" satisfies CheckId,
                severity: "warning",
                object: `${plural(hidden, "session")} of other roles`,
                expected: "visible",
                actual: "this role may not see what they do, nor for how long",
                remedy: "GRANT pg_read_all_stats TO the role, or look yourself before deploying.",
              } as const,
            ]),
      ],
    };
  },
};
