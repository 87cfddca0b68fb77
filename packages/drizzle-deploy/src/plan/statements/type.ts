import type {
  AlterDomainStmt,
  AlterEnumStmt,
  CompositeTypeStmt,
  CreateDomainStmt,
  CreateEnumStmt,
} from "libpg-query";
import { qualifiedLabel } from "../../sql/names.ts";
import { quoteLiteral, quoteQualified } from "../../sql/quote.ts";
import { names } from "../../sql/tree.ts";
import { catalogChange, type Draft, refused, type StatementContext, target } from "./draft.ts";
import { needsOf, resolve, resolveName } from "./resolve.ts";

/** `CREATE TYPE … AS ENUM`. */
export function createEnum(statement: CreateEnumStmt, sql: string): Draft[] {
  const type = resolveName(names(statement.typeName));
  const itself = target("type", type);
  return [
    catalogChange({
      kind: "create type",
      title: `create enum ${qualifiedLabel(type)}`,
      sql,
      target: itself,
      safety: "A new type: nothing uses it yet.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

/** `ALTER TYPE … ADD VALUE` and `RENAME VALUE`. PostgreSQL 17 manual, "ALTER TYPE". */
export function alterEnum(statement: AlterEnumStmt, sql: string, context: StatementContext): Draft[] {
  const type = resolveName(names(statement.typeName));
  const itself = target("type", type);
  const { newVal = "", oldVal, newValNeighbor, newValIsAfter } = statement;
  if (oldVal !== undefined) {
    return [
      catalogChange({
        kind: "alter type",
        title: `rename value ${oldVal} of ${qualifiedLabel(type)} to ${newVal}`,
        sql,
        target: itself,
        needs: [itself],
        goal: { does: "alter", target: itself, properties: ["labels"] },
        hazards: context.isOwn(itself)
          ? []
          : [
              {
                name: "breaks-clients",
                message: `Clients that write '${oldVal}' into ${qualifiedLabel(type)} fail from then on, and those that read it see '${newVal}'.`,
                safeForm: `ALTER TYPE ${qualifiedLabel(type)} ADD VALUE ${quoteLiteral(newVal)}; move clients and rows to it.`,
              },
            ],
      }),
    ];
  }
  const beside =
    newValNeighbor === undefined
      ? ""
      : ` ${newValIsAfter ? "AFTER" : "BEFORE"} ${quoteLiteral(newValNeighbor)}`;
  return [
    catalogChange({
      kind: "alter type",
      title: `add value ${newVal} to ${qualifiedLabel(type)}`,
      // IF NOT EXISTS, because it is repeated where the deployment was cut off before it could be written down.
      sql: `ALTER TYPE ${quoteQualified(type.schema, type.name)} ADD VALUE IF NOT EXISTS ${quoteLiteral(newVal)}${beside}`,
      target: itself,
      needs: [itself],
      safety:
        "In a transaction of its own, since a new value can only be used once that is committed; no table is locked.",
      goal: { does: "alter", target: itself, properties: [`label ${newVal}`] },
    }),
  ];
}

/** `CREATE TYPE … AS (…)`, which no catalog shows. */
export function createComposite(statement: CompositeTypeStmt, sql: string): Draft[] {
  const type = resolve(statement.typevar);
  const itself = target("type", type);
  return [
    catalogChange({
      kind: "create type",
      title: `create type ${qualifiedLabel(type)}`,
      sql,
      target: itself,
      safety: "A new type: nothing uses it yet.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

/** `CREATE DOMAIN`. */
export function createDomain(statement: CreateDomainStmt, sql: string): Draft[] {
  const domain = resolveName(names(statement.domainname));
  const itself = target("domain", domain);
  return [
    catalogChange({
      kind: "create type",
      title: `create domain ${qualifiedLabel(domain)}`,
      sql,
      target: itself,
      needs: needsOf(statement.constraints),
      safety: "A new type: nothing uses it yet.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

/** `ALTER DOMAIN`: its default, and constraints that need no table to be read. */
export function alterDomain(statement: AlterDomainStmt, sql: string): Draft[] {
  const domain = resolveName(names(statement.typeName));
  const itself = target("domain", domain);
  const harmless = {
    // src/include/nodes/parsenodes.h: T default, N drop not null, X drop constraint, C add constraint.
    T: ["default"],
    N: ["nullable"],
    X: [],
  };
  const kind = statement.subtype ?? "";
  if (kind === "T" || kind === "N" || kind === "X") {
    const properties = harmless[kind];
    return [
      catalogChange({
        kind: "alter type",
        title: `alter domain ${qualifiedLabel(domain)}`,
        sql,
        target: itself,
        needs: [itself],
        safety: "A weaker rule: no table is looked at.",
        goal: properties.length > 0 ? { does: "alter", target: itself, properties } : { does: "journalled" },
        replacement: sql,
      }),
    ];
  }
  return [
    refused(
      sql,
      `A stricter domain ${qualifiedLabel(domain)} makes PostgreSQL read every table that uses it while writers wait.`,
      `ALTER TABLE … ADD CONSTRAINT … CHECK (…) on each table that uses ${qualifiedLabel(domain)}.`,
    ),
  ];
}
