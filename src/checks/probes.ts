import type { Catalog, Table } from "drizzle-deploy/catalog";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "drizzle-deploy/sql";
import type { SampleRow } from "./samples.ts";

/** Whom a probe plays. */
export type Actor = "a user" | "another user" | "an anonymous one";

/** What must come of a probe: so many rows, none (be it by a refusal), or an error. */
export type Expectation = number | "nothing" | "refusal";

/** One statement by one actor, and what must come of it. */
export interface Probe {
  readonly actor: Actor;
  readonly object: string;
  readonly rule: "read" | "insert" | "update" | "delete" | "truncate";
  /** What the actor tries, as the end of "a user …". */
  readonly attempt: string;
  readonly statement: string;
  readonly expect: Expectation;
}

/** A user of the rehearsal with the rows that were made for them. */
export interface Tenant {
  readonly actor: Actor;
  readonly userId: string;
  /** Rows that others may refer to, and rows that nothing refers to. */
  readonly rows: ReadonlyMap<string, readonly SampleRow[]>;
}

function allowed(table: Table, command: string): boolean {
  return table.policies.some((policy) => policy.command === command || policy.command === "ALL");
}

/** Every command of one user on one table: on their own rows, and on the other user's. */
export function tableProbes(table: Table, tenant: Tenant, other: Tenant): Probe[] {
  const name = quoteQualified(table.schema, table.name);
  const me = quoteLiteral(tenant.userId);
  const them = quoteLiteral(other.userId);
  const probe = (rule: Probe["rule"], attempt: string, statement: string, expect: Expectation): Probe => ({
    actor: tenant.actor,
    object: `${table.schema}.${table.name}`,
    rule,
    attempt,
    statement,
    expect,
  });
  const mine = tenant.rows.get(table.name) ?? [];
  const theirs = other.rows.get(table.name) ?? [];
  const last = mine.at(-1);
  const free = last ? `id = ${quoteLiteral(last.id)}` : `user_id = ${me}`;
  const on = (command: string): Expectation => (allowed(table, command) ? 1 : "nothing");
  const probes = [
    probe(
      "read",
      "reads rows of their own",
      `select from ${name} where user_id = ${me} limit 1`,
      on("SELECT"),
    ),
    probe("read", "reads rows of others", `select from ${name} where user_id <> ${me} limit 1`, 0),
    probe(
      "update",
      "changes a row of their own",
      `update ${name} set user_id = user_id where ${free}`,
      on("UPDATE"),
    ),
    probe(
      "update",
      "changes a row of another",
      `update ${name} set user_id = user_id where user_id = ${them}`,
      "nothing",
    ),
    probe(
      "update",
      "gives a row of their own to another",
      `update ${name} set user_id = ${them} where ${free}`,
      allowed(table, "UPDATE") ? "refusal" : "nothing",
    ),
    probe("delete", "deletes a row of their own", `delete from ${name} where ${free}`, on("DELETE")),
    probe("delete", "deletes a row of another", `delete from ${name} where user_id = ${them}`, "nothing"),
    truncateProbe(tenant.actor, table),
  ];
  if (allowed(table, "UPDATE") && table.columns.some((column) => column.name === "deleted_at")) {
    const statement = `update ${name} set deleted_at = now() where ${free}`;
    probes.push(probe("update", "soft-deletes a row of their own", statement, 1));
  }
  const [again] = last ? [last.statement] : [];
  const [foreign] = theirs.slice(-1).map((row) => row.statement);
  if (again && foreign) {
    // The rows are there already: what is allowed meets the primary key, what is not never gets so far.
    const ignoring = (statement: string): string => `${statement} on conflict do nothing`;
    probes.push(
      probe(
        "insert",
        "inserts a row of their own",
        ignoring(again),
        allowed(table, "INSERT") ? 0 : "refusal",
      ),
      probe("insert", "inserts a row for another", ignoring(foreign), "refusal"),
    );
  } else {
    probes.push(probe("insert", "inserts a row", `insert into ${name} (user_id) values (${me})`, "refusal"));
  }
  return probes;
}

/**
 * A user's own row given each reference that the other user has a row for, and a copy of it inserted with that: row-level
 * security lets both through, since the row stays the user's own.
 */
export function crossingProbes(table: Table, tenant: Tenant, other: Tenant): Probe[] {
  const name = quoteQualified(table.schema, table.name);
  const own = tenant.rows.get(table.name)?.at(-1);
  if (!own) return [];
  return table.constraints.flatMap(({ columns, references }): Probe[] => {
    const [column] = columns;
    const [theirs] = references?.schema === table.schema ? (other.rows.get(references.table) ?? []) : [];
    if (columns.length !== 1 || !column || !theirs) return [];
    const probe = (rule: Probe["rule"], statement: string): Probe => ({
      actor: tenant.actor,
      object: `${table.schema}.${table.name}`,
      rule,
      attempt: `refers to a row of another by ${column}`,
      statement,
      expect: "refusal",
    });
    const written = table.columns.flatMap((one) => (one.generated === null ? [one.name] : []));
    const values = written.map((one) => {
      if (one === column) return quoteLiteral(theirs.id);
      return one === "id" ? "gen_random_uuid()" : quoteIdentifier(one);
    });
    return [
      probe(
        "insert",
        `insert into ${name} (${written.map(quoteIdentifier).join(", ")}) select ${values.join(", ")} from ${name} where id = ${quoteLiteral(own.id)}`,
      ),
      probe(
        "update",
        `update ${name} set ${quoteIdentifier(column)} = ${quoteLiteral(theirs.id)} where id = ${quoteLiteral(own.id)}`,
      ),
    ];
  });
}

/** Every command of somebody who is not signed in. */
export function anonymousTableProbes(table: Table, tenant: Tenant): Probe[] {
  const name = quoteQualified(table.schema, table.name);
  const them = quoteLiteral(tenant.userId);
  const actor = "an anonymous one";
  const object = `${table.schema}.${table.name}`;
  const insert = tenant.rows.get(table.name)?.at(-1)?.statement;
  return [
    {
      actor,
      object,
      rule: "read",
      attempt: "reads rows",
      statement: `select from ${name} limit 1`,
      expect: "nothing",
    },
    {
      actor,
      object,
      rule: "insert",
      attempt: "inserts a row",
      statement: insert
        ? `${insert} on conflict do nothing`
        : `insert into ${name} (user_id) values (${them})`,
      expect: "refusal",
    },
    {
      actor,
      object,
      rule: "update",
      attempt: "changes a row",
      statement: `update ${name} set user_id = user_id where user_id = ${them}`,
      expect: "nothing",
    },
    {
      actor,
      object,
      rule: "delete",
      attempt: "deletes a row",
      statement: `delete from ${name} where user_id = ${them}`,
      expect: "nothing",
    },
    truncateProbe(actor, table),
  ];
}

/** Asked and not tried: where it were allowed, trying would lock out everybody else. */
function truncateProbe(actor: Actor, table: Table): Probe {
  const name = quoteLiteral(quoteQualified(table.schema, table.name));
  return {
    actor,
    object: `${table.schema}.${table.name}`,
    rule: "truncate",
    attempt: "may truncate the table",
    statement: `select where pg_catalog.has_table_privilege(${name}, 'TRUNCATE')`,
    expect: 0,
  };
}

/** Every command of one actor on one view. */
export function viewProbes(view: Catalog["views"][number], actor: Actor, userId: string): Probe[] {
  const name = quoteQualified(view.schema, view.name);
  const me = quoteLiteral(userId);
  const probe = (rule: Probe["rule"], attempt: string, statement: string, expect: Expectation): Probe => ({
    actor,
    object: `${view.schema}.${view.name}`,
    rule,
    attempt,
    statement,
    expect,
  });
  const reads =
    actor === "an anonymous one"
      ? [probe("read", "reads rows", `select from ${name} limit 1`, "refusal")]
      : [
          probe("read", "reads a row of their own", `select from ${name} where user_id = ${me} limit 1`, 1),
          probe("read", "reads rows of others", `select from ${name} where user_id <> ${me} limit 1`, 0),
        ];
  return [
    ...reads,
    probe("insert", "inserts a row", `insert into ${name} (user_id) values (${me})`, "refusal"),
    probe("update", "changes a row", `update ${name} set user_id = user_id where user_id = ${me}`, "refusal"),
    probe("delete", "deletes a row", `delete from ${name} where user_id = ${me}`, "refusal"),
  ];
}
