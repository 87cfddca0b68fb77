import { randomUUID } from "node:crypto";
import { type Catalog, type Difference, mentions, rootOf } from "drizzle-deploy/catalog";
import type { Finding } from "drizzle-deploy/findings";
import type { Sql } from "drizzle-deploy/postgres";
import { quoteLiteral } from "drizzle-deploy/sql";
import { getTableName } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { CatalogEvidence } from "./area.ts";
import { type Attempt, attemptAll, type Outcome } from "./attempts.ts";
import type { SpfpCheckId } from "./check-ids.ts";
import { hasOlderInvestments } from "./evidence.ts";
import {
  type Actor,
  anonymousTableProbes,
  crossingProbes,
  type Probe,
  type Tenant,
  tableProbes,
  viewProbes,
} from "./probes.ts";
import { type RowNumber, type SampleRow, sampleRows } from "./samples.ts";

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

/**
 * What each table's triggers read and write, as far as the text of their functions tells. What the table refers to they
 * read, as its foreign keys do.
 */
function findTriggered({ tables, functions }: Catalog): [table: string, other: string][] {
  return tables.flatMap(({ name, triggers, constraints }) =>
    triggers.flatMap(({ function: called }): [string, string][] => {
      const body = functions.find((one) => one.schema === called.schema && one.name === called.name)?.body;
      return tables
        .filter((other) => other.name !== name && body !== undefined && mentions(body, other.name))
        .filter((other) => !constraints.some(({ references }) => references?.table === other.name))
        .map((other) => [name, other.name]);
    }),
  );
}

/** With every table and view of which nothing can be said where one of these is not as it should be. */
function withDependents(names: ReadonlySet<string>, expected: Catalog): Set<string> {
  const all = new Set(names);
  if (all.size === 0) return all;
  const triggered = findTriggered(expected);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { name, constraints, triggers } of expected.tables) {
      const refers = constraints.some(
        ({ references }) => references?.schema === "public" && all.has(references.table),
      );
      if (refers || triggers.some((trigger) => all.has(trigger.function.name))) all.add(name);
    }
    for (const pair of triggered)
      if (pair.some((name) => all.has(name))) for (const name of pair) all.add(name);
  }
  for (const { name, definition } of expected.views) {
    if ([...all].some((other) => mentions(definition, other))) all.add(name);
  }
  return all;
}

/** Whether rows that are made for the check may meet something that no migration tells of. */
function changesBehaviour(difference: Difference): boolean {
  if (difference.kind !== "different") return difference.kind === "missing";
  if (difference.object.kind === "column") {
    return ["nullable", "default", "generated", "identity"].includes(difference.property);
  }
  return ["trigger", "constraint", "function", "policy", "grant"].includes(difference.object.kind);
}

/** Tables, views and functions of which another area already says what is wrong: one cause, one report. */
function findTroubled({ differences, inherited, expected, actual }: CatalogEvidence): Set<string> {
  const causes = [...differences, ...inherited.filter(changesBehaviour)].filter(
    // Without an index everything is slower, and nothing else.
    ({ kind, object }) => !(kind === "missing" && object.kind === "index"),
  );
  const names = new Set(causes.map(({ object }) => rootOf(object).name.replace(/\(.*/, "")));
  if (hasOlderInvestments(actual.tables)) names.add("investments");
  return withDependents(names, expected);
}

function holds({ expect, rule }: Probe, { rows, state }: Outcome): boolean {
  // A row that a rule or a trigger of somebody's own throws away is not written either.
  if (expect === "refusal") return (state !== null && state !== "55P03") || (rule === "insert" && rows === 0);
  if (expect === "nothing") return rows === 0 || state === "42501";
  return rows === expect;
}

const describe = (expect: Probe["expect"]): string =>
  typeof expect === "number" ? `${expect} ${expect === 1 ? "row" : "rows"}` : expect;

function toFinding(probe: Probe, { rows, state, message }: Outcome): Finding {
  return {
    check: `behaviour.${probe.rule}` satisfies SpfpCheckId,
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

/** What one user meets the other one meets as well: said once. */
function withoutRepetition(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ check, object, expected, actual }) => {
    const key = JSON.stringify([check, object, expected?.replace(/^another user/, "a user"), actual]);
    return seen.size < seen.add(key).size;
  });
}

function notTried(object: string, expected: string, actual: string): Finding {
  return {
    check: "behaviour.not-tried" satisfies SpfpCheckId,
    severity: "error",
    object,
    expected,
    actual,
    remedy:
      "Connect as the owner of the tables, to a server that accepts writes; or leave it out: --only names the other areas.",
  };
}

const reason = ({ state, message }: Outcome): string => `${state} ${message}`;

/** A column of somebody else's that must be given a value: no row can be made for the check, and that is no defect. */
function hasForeignDemand(table: string, { expected, actual }: CatalogEvidence): boolean {
  const known = expected.tables.find(({ name }) => name === table)?.columns.map(({ name }) => name);
  return (actual.tables.find(({ name }) => name === table)?.columns ?? []).some(
    (column) =>
      !known?.includes(column.name) &&
      !column.nullable &&
      column.default === null &&
      column.generated === null &&
      column.identity === null,
  );
}

const become = (role: string, claims: object): Attempt => ({
  statement: `select pg_catalog.set_config('request.jwt.claims', ${quoteLiteral(JSON.stringify({ ...claims, role }))}, true),
    pg_catalog.set_config('role', ${quoteLiteral(role)}, true)`,
  kind: "needed",
});

/**
 * Two users and an anonymous one try every command on every table and view, on rows made for it, all of it undone.
 * Needs the right to insert into `auth.users` and to become `authenticated` and `anon`; without it that is the finding.
 */
export async function checkBehaviour(
  sql: Pick<Sql, "unsafe">,
  evidence: CatalogEvidence,
): Promise<{ examined: number; findings: Finding[] }> {
  const { expected } = evidence;
  const troubled = findTroubled(evidence);
  const one = makeTenant("a user");
  const two = makeTenant("another user");
  const tables = expected.tables.filter(({ name }) => !troubled.has(name));
  const views = expected.views.filter(({ name }) => !troubled.has(name));
  const users = [one, two].map(({ userId }) => ({
    object: "auth.users",
    statement: `insert into auth.users (id) values (${quoteLiteral(userId)})`,
  }));
  const rows = [one, two].flatMap((tenant) => [...tenant.rows.values()].flat());
  const turns = [
    ...[one, two].map((tenant) => ({
      become: become("authenticated", { sub: tenant.userId }),
      role: "authenticated",
      probes: [
        ...tables.flatMap((table) => tableProbes(table, tenant, tenant === one ? two : one)),
        ...tables.flatMap((table) => crossingProbes(table, tenant, tenant === one ? two : one)),
        ...views.flatMap((view) => viewProbes(view, tenant.actor, tenant.userId)),
      ],
    })),
    {
      become: become("anon", {}),
      role: "anon",
      probes: [
        ...tables.flatMap((table) => anonymousTableProbes(table, one)),
        ...views.flatMap((view) => viewProbes(view, "an anonymous one", one.userId)),
      ],
    },
  ];
  const answer = await attemptAll(sql, [
    ...users.map(({ statement }): Attempt => ({ statement, kind: "needed" })),
    ...rows.map(({ statement }): Attempt => ({ statement, kind: "kept" })),
    ...turns.flatMap((turn): Attempt[] => [
      turn.become,
      ...turn.probes.map(({ statement }): Attempt => ({ statement, kind: "undone" })),
    ]),
  ]);
  const aRow = "a row for two users of the check, undone afterwards";
  if ("refusal" in answer) return { examined: 0, findings: [notTried("auth.users", aRow, answer.refusal)] };

  const outcomes = answer.values();
  const withOutcomes = <T>(things: readonly T[]): [T, Outcome][] =>
    things.flatMap((thing): [T, Outcome][] => {
      const { value } = outcomes.next();
      return value ? [[thing, value]] : [];
    });
  const failures = <T>(things: readonly T[]): [T, Outcome][] =>
    withOutcomes(things).filter(([, { state }]) => state !== null);

  const [noUser] = failures(users);
  if (noUser) return { examined: 0, findings: [notTried("auth.users", aRow, reason(noUser[1]))] };

  const notMade = new Map<string, Outcome>();
  for (const [{ table }, outcome] of failures(rows)) {
    if (!troubled.has(table) && !notMade.has(table)) notMade.set(table, outcome);
  }
  const left = withDependents(new Set(notMade.keys()), expected);
  const causes = [...notMade].filter(([table]) => {
    const others = new Set(notMade.keys());
    others.delete(table);
    return !withDependents(others, expected).has(table);
  });
  const findings = causes.map(([table, outcome]): Finding => {
    const finding = notTried(`public.${table}`, aRow, reason(outcome));
    if (!hasForeignDemand(table, evidence)) return finding;
    return {
      ...finding,
      severity: "warning",
      remedy:
        "It has a column of somebody else's that must be given a value, so nothing could be tried on it.",
    };
  });
  const isLeftOut = (object: string): boolean => left.has(object.replace(/^[^.]*\./, ""));

  let examined = 0;
  for (const turn of turns) {
    const [refused] = failures([turn.role]);
    if (refused) {
      const [role, outcome] = refused;
      return {
        examined,
        findings: [...findings, notTried(`role ${role}`, "the right to become it", reason(outcome))],
      };
    }
    for (const [probe, outcome] of withOutcomes(turn.probes)) {
      if (isLeftOut(probe.object)) continue;
      examined += 1;
      if (!holds(probe, outcome)) findings.push(toFinding(probe, outcome));
    }
  }
  return { examined, findings: withoutRepetition(findings) };
}
