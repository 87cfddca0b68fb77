import type { Sql } from "drizzle-deploy/postgres";
import { quoteLiteral } from "drizzle-deploy/sql";
import { z } from "zod";
import { orRefusal, type Refusal } from "./refusal.ts";

/** A statement to try. */
export interface Attempt {
  readonly statement: string;
  /**
   * `kept`: stays until all is over, so that later ones find what it did, a role it became too. `needed`: the same,
   * and where it fails nothing after it is tried. `undone`: undone at once, whatever comes of it.
   */
  readonly kind: "kept" | "needed" | "undone";
}

const outcomeSchema = z.object({
  /** Rows returned or affected; null where it failed. */
  rows: z.int().nullable(),
  /** SQLSTATE of a failure. */
  state: z.string().nullable(),
  message: z.string().nullable(),
});

export type Outcome = z.infer<typeof outcomeSchema>;

const answerSchema = z.array(z.array(z.unknown()));
const rowSchema = z.object({ outcomes: z.string() });

/**
 * Each statement runs in a subtransaction, and all of them in one that is undone; variables of PL/pgSQL outlive that.
 * Settings that others may have changed are what a request has.
 */
const runner = `do $spfp_check$
declare
  one record;
  affected bigint;
  outcomes jsonb[] := '{}';
begin
  begin
    perform pg_catalog.set_config('lock_timeout', '1s', true), pg_catalog.set_config('row_security', 'on', true),
      pg_catalog.set_config('search_path', 'public, extensions', true),
      pg_catalog.set_config('request.jwt.claim.sub', '', true), pg_catalog.set_config('request.jwt.claims', '', true);
    for one in
      select value ->> 'statement' as statement, value ->> 'kind' as kind
      from pg_catalog.jsonb_array_elements(pg_catalog.current_setting('spfp_check.attempts')::jsonb)
        with ordinality as a (value, position) order by position
    loop
      begin
        execute one.statement;
        get diagnostics affected = row_count;
        if one.kind = 'undone' then
          raise exception using errcode = 'SPFP0';
        end if;
        outcomes := outcomes || pg_catalog.jsonb_build_object('rows', affected, 'state', null, 'message', null);
      exception
        when sqlstate 'SPFP0' then
          outcomes := outcomes || pg_catalog.jsonb_build_object('rows', affected, 'state', null, 'message', null);
        when others then
          outcomes := outcomes || pg_catalog.jsonb_build_object('rows', null, 'state', sqlstate, 'message', sqlerrm);
          exit when one.kind = 'needed';
          -- Who holds one lock for a second may hold it for an hour.
          if sqlstate = '55P03' then
            perform pg_catalog.set_config('lock_timeout', '10ms', true);
          end if;
      end;
    end loop;
    raise exception using errcode = 'SPFP1';
  exception when sqlstate 'SPFP1' then null;
  end;
  perform pg_catalog.set_config('spfp_check.outcomes', pg_catalog.to_json(outcomes)::text, true);
end
$spfp_check$`;

/**
 * Tries statements in their order, and undoes them all: one message, so one implicit transaction, or a part of the
 * caller's. Returns what came of each, up to a needed one that failed. Locks are not waited for for long: a check must
 * not queue before an application.
 * PostgreSQL 17 manual, 41.6.8 "Trapping Errors" and 53.2.2.1 "Multiple Statements in a Simple Query".
 */
export async function attemptAll(
  sql: Pick<Sql, "unsafe">,
  attempts: readonly Attempt[],
): Promise<readonly Outcome[] | Refusal> {
  const answer = await sql
    .unsafe(
      [
        // A default, not a guard: what runs here does not stay. First, since later it could not be changed any more.
        "set local transaction_read_only = off",
        `select pg_catalog.set_config('spfp_check.statement_timeout', pg_catalog.current_setting('statement_timeout'), true),
          pg_catalog.set_config('statement_timeout', '60s', true),
          pg_catalog.set_config('spfp_check.attempts', ${quoteLiteral(JSON.stringify(attempts))}, true) is null`,
        runner,
        "select pg_catalog.current_setting('spfp_check.outcomes') as outcomes",
        `select pg_catalog.set_config('statement_timeout', pg_catalog.current_setting('spfp_check.statement_timeout'), true),
          pg_catalog.set_config('spfp_check.attempts', '', true), pg_catalog.set_config('spfp_check.outcomes', '', true)`,
      ].join(";\n"),
    )
    .simple()
    .catch(orRefusal);
  if ("refusal" in answer) return answer;
  // The driver gives a result for each statement that returns rows; where the empty ones go is its own affair.
  const row = answerSchema
    .parse(answer)
    .flat()
    .map((one) => rowSchema.safeParse(one).data)
    .find((one) => one !== undefined);
  if (!row) throw new TypeError("the server did not say what came of the attempts");
  return z.array(outcomeSchema).parse(JSON.parse(row.outcomes));
}
