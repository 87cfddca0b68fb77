import { randomUUID } from "node:crypto";
import { getTableName } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { z } from "zod";
import type { Finding } from "../finding.ts";
import type { Sql } from "../postgres/index.ts";
import { quoteLiteral } from "../sql.ts";
import { auditTable, type CatalogEvidence, rootOf } from "./area.ts";
import { hasOlderInvestments } from "./evidence.ts";
import {
  type Actor,
  anonymousTableProbes,
  type Probe,
  type Tenant,
  tableProbes,
  viewProbes,
} from "./probes.ts";
import { type RowNumber, type SampleRow, sampleRows } from "./samples.ts";

const outcomeSchema = z.object({
  /** Rows returned or affected; null where it failed. */
  rows: z.int().nullable(),
  /** SQLSTATE of a failure. */
  state: z.string().nullable(),
  message: z.string().nullable(),
});
const outcomesSchema = z.array(outcomeSchema);

type Outcome = z.infer<typeof outcomeSchema>;

/**
 * Runs each statement in a subtransaction of its own. Those of the set-up stay, so that later ones find their rows;
 * a probe is undone whatever comes of it, the role it ran with too.
 */
const runner = `do $spfp_check$
declare
  one record;
  affected bigint;
  outcomes jsonb[] := '{}';
begin
  for one in
    select * from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('spfp_check.statements')::jsonb)
      as s (statement text, role text, claims text)
  loop
    affected := null;
    begin
      if one.role is not null then
        perform pg_catalog.set_config('request.jwt.claim.sub', '', true),
          pg_catalog.set_config('request.jwt.claims', one.claims, true),
          pg_catalog.set_config('role', one.role, true);
      end if;
      execute one.statement;
      get diagnostics affected = row_count;
      if one.role is not null then
        raise exception using errcode = 'SPFP0';
      end if;
      outcomes := outcomes || pg_catalog.jsonb_build_object('rows', affected, 'state', null, 'message', null);
    exception when others then
      outcomes := outcomes || pg_catalog.jsonb_build_object('rows', case when sqlstate = 'SPFP0' then affected end,
        'state', nullif(sqlstate, 'SPFP0'), 'message', case when sqlstate <> 'SPFP0' then sqlerrm end);
    end;
  end loop;
  perform pg_catalog.set_config('spfp_check.outcomes', pg_catalog.to_json(outcomes)::text, true);
end
$spfp_check$`;

interface Statement {
  readonly statement: string;
  readonly role: "authenticated" | "anon" | null;
  readonly claims: string | null;
}

/** One round trip, and nothing of it stays. Locks are not waited for: a check must not queue before an application. */
async function tryStatements(sql: Sql, statements: readonly Statement[]): Promise<Outcome[]> {
  const results: unknown = await sql
    .unsafe(
      [
        "begin",
        "set local lock_timeout = '1s'",
        "set local statement_timeout = '60s'",
        `select pg_catalog.set_config('spfp_check.statements', ${quoteLiteral(JSON.stringify(statements))}, true) is null`,
        runner,
        "select pg_catalog.current_setting('spfp_check.outcomes') as outcomes",
        "rollback",
      ].join(";\n"),
    )
    .simple()
    .catch(async (error: unknown) => {
      await sql.unsafe("rollback").simple();
      throw error;
    });
  // The driver gives a result for each statement that returns rows; where the empty ones go is its own affair.
  const answer = z
    .array(z.array(z.unknown()))
    .parse(results)
    .flat()
    .map((row) => z.object({ outcomes: z.string() }).safeParse(row).data)
    .find((row) => row !== undefined);
  if (!answer) throw new TypeError("the server did not say what came of the attempts");
  return outcomesSchema.parse(JSON.parse(answer.outcomes));
}

function makeTenant(actor: Actor): Tenant {
  const userId = randomUUID();
  const ids = new Map<string, string>();
  const idOf = (table: PgTable, number: RowNumber): string => {
    const key = `${getTableName(table)} ${number}`;
    const id = ids.get(key) ?? randomUUID();
    ids.set(key, id);
    return id;
  };
  const rows = new Map<string, SampleRow[]>();
  for (const row of [...sampleRows(userId, 1, idOf), ...sampleRows(userId, 2, idOf)]) {
    rows.set(row.table, [...(rows.get(row.table) ?? []), row]);
  }
  return { actor, userId, rows };
}

/** Tables, views and functions of which another area already says what is wrong: one cause, one report. */
function troubled({ differences, expected, actual }: CatalogEvidence): (object: string) => boolean {
  const names = new Set(differences.map(({ object }) => rootOf(object).name.replace(/\(.*/, "")));
  if (hasOlderInvestments(actual.tables)) names.add("investments");
  for (const table of expected.tables) {
    if (table.triggers.some((trigger) => names.has(trigger.function.name))) names.add(table.name);
  }
  // The trail is written when permissions are.
  if (names.has("automation_permissions")) names.add(auditTable);
  for (const { name, definition } of expected.views) {
    if ([...names].some((other) => new RegExp(`\\b${other}\\b`).test(definition))) names.add(name);
  }
  for (const table of expected.tables) {
    if (
      table.constraints.some(
        ({ references }) => references?.schema === "public" && names.has(references.table),
      )
    ) {
      names.add(table.name);
    }
  }
  return (object) => names.has(object);
}

function holds({ expect }: Probe, { rows, state }: Outcome): boolean {
  if (expect === "refusal") return state !== null && state !== "55P03";
  if (expect === "nothing") return rows === 0 || state === "42501";
  return rows === expect;
}

const describe = (expect: Probe["expect"]): string =>
  typeof expect === "number" ? `${expect} ${expect === 1 ? "row" : "rows"}` : expect;

function toFinding(probe: Probe, { rows, state, message }: Outcome): Finding {
  return {
    check: `behaviour.${probe.rule}`,
    severity: "error",
    object: probe.object,
    expected: `${probe.actor} ${probe.attempt}: ${describe(probe.expect)}`,
    actual: state === null ? describe(rows ?? 0) : `${state} ${message ?? ""}`.trimEnd(),
    remedy:
      state === "55P03"
        ? "Somebody holds a lock on it: run the check again."
        : "The catalog says otherwise: look at the roles' memberships and attributes, and at triggers and rules added by hand.",
  };
}

/**
 * Two users and an anonymous one try every command on every table and view, on rows made for it, in a transaction
 * that is rolled back. Needs the right to insert into `auth.users` and to become `authenticated` and `anon`.
 */
export async function checkBehaviour(
  sql: Sql,
  evidence: CatalogEvidence,
): Promise<{ examined: number; findings: Finding[] }> {
  const { expected } = evidence;
  const isTroubled = troubled(evidence);
  const one = makeTenant("a user");
  const two = makeTenant("another user");
  const tables = expected.tables.filter(({ name }) => !isTroubled(name));
  const views = expected.views.filter(({ name }) => !isTroubled(name));
  const probes = [
    ...tables.flatMap((table) => [
      ...tableProbes(table, one, two),
      ...tableProbes(table, two, one),
      ...anonymousTableProbes(table, one),
    ]),
    ...views.flatMap((view) => [
      ...viewProbes(view, one.actor, one.userId),
      ...viewProbes(view, two.actor, two.userId),
      ...viewProbes(view, "an anonymous one", one.userId),
    ]),
  ];
  const setUp = [
    ...[one, two].map(({ userId }) => ({
      table: "auth.users",
      statement: `insert into auth.users (id) values (${quoteLiteral(userId)})`,
    })),
    ...[one, two].flatMap(({ rows }) =>
      [...rows.values()].flat().map(({ table, statement }) => ({ table, statement })),
    ),
  ];
  const claims = (tenant: Tenant): string => JSON.stringify({ sub: tenant.userId, role: "authenticated" });
  const asActor = ({ actor, statement }: Probe): Statement =>
    actor === "an anonymous one"
      ? { statement, role: "anon", claims: JSON.stringify({ role: "anon" }) }
      : { statement, role: "authenticated", claims: claims(actor === one.actor ? one : two) };
  const outcomes = await tryStatements(sql, [
    ...setUp.map(({ statement }) => ({ statement, role: null, claims: null })),
    ...probes.map(asActor),
  ]);
  const failed = setUp.flatMap(({ table }, at) => {
    const outcome = outcomes[at];
    return outcome?.state && !isTroubled(table) ? [{ table, outcome }] : [];
  });
  const [first] = failed;
  if (first) {
    return {
      examined: 0,
      findings: [
        {
          check: "behaviour.not-tried",
          severity: "error",
          object: first.table === "auth.users" ? first.table : `public.${first.table}`,
          expected: "a row for two users of the check, rolled back afterwards",
          actual: `${first.outcome.state} ${first.outcome.message}`,
          remedy:
            "Connect as the owner of the tables, to a server that accepts writes; or leave it out: --only names the other areas.",
        },
      ],
    };
  }
  const findings = probes.flatMap((probe, at) => {
    const outcome = outcomes[setUp.length + at];
    return outcome && !holds(probe, outcome) ? [toFinding(probe, outcome)] : [];
  });
  return { examined: probes.length, findings };
}
