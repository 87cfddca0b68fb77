import type {
  AlterDomainStmt,
  AlterEnumStmt,
  AlterTableCmd,
  CompositeTypeStmt,
  CreateDomainStmt,
  CreateEnumStmt,
  CreateRangeStmt,
} from "libpg-query";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, refused, type StatementContext, target } from "./draft.ts";
import { freeName } from "./index-name.ts";
import { needsOf, resolve, resolveName } from "./resolve.ts";

/** A type of any sort that is made. */
function newType(
  word: "enum" | "type" | "range" | "domain",
  type: QualifiedName,
  sql: string,
  needs: readonly Target[] = [],
): Draft[] {
  const itself = target(word === "domain" ? "domain" : "type", type);
  return [
    catalogChange({
      kind: "create type",
      title: `create ${word} ${qualifiedLabel(type)}`,
      sql,
      target: itself,
      needs,
      safety: "A new type: nothing uses it yet.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

/** `CREATE TYPE … AS ENUM`. */
export const createEnum = ({ typeName }: CreateEnumStmt, sql: string): Draft[] =>
  newType("enum", resolveName(names(typeName)), sql);

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
        goal: {
          does: "alter",
          target: itself,
          properties: ["labels"],
          label: { from: oldVal, to: newVal },
        },
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

/** `CREATE TYPE … AS (…)`. */
export const createComposite = ({ typevar }: CompositeTypeStmt, sql: string): Draft[] =>
  newType("type", resolve(typevar), sql);

/** `CREATE DOMAIN`. */
export const createDomain = ({ domainname, constraints }: CreateDomainStmt, sql: string): Draft[] =>
  newType("domain", resolveName(names(domainname)), sql, needsOf(constraints));

/** `ALTER DOMAIN`: its default, and what its values have to be. PostgreSQL 17 manual, "ALTER DOMAIN". */
export function alterDomain(statement: AlterDomainStmt, sql: string, context: StatementContext): Draft[] {
  const domain = resolveName(names(statement.typeName));
  const itself = target("domain", domain);
  const shared = { kind: "alter type" as const, target: itself, needs: [itself] };
  const validating = (name: string, text: string) =>
    reading(domain, context, {
      ...shared,
      title: `validate ${name} of domain ${qualifiedLabel(domain)}`,
      sql: text,
      goal: { does: "domain rule", target: itself, name, step: "validate" },
    });
  // src/include/nodes/parsenodes.h: T default, N drop not null, O set not null, C add, X drop, V validate constraint.
  switch (statement.subtype) {
    case "T":
    case "N":
      return [
        catalogChange({
          ...shared,
          title: `alter domain ${qualifiedLabel(domain)}`,
          sql,
          safety: "A weaker rule: no table is looked at.",
          goal: {
            does: "alter",
            target: itself,
            properties: [statement.subtype === "T" ? "default" : "nullable"],
          },
          replacement: sql,
        }),
      ];
    case "X":
      return [
        catalogChange({
          ...shared,
          title: `drop constraint ${statement.name} of domain ${qualifiedLabel(domain)}`,
          sql,
          safety: "A weaker rule: no table is looked at.",
          goal: { does: "domain rule", target: itself, name: statement.name ?? "", step: "drop" },
        }),
      ];
    case "V":
      return [validating(statement.name ?? "", sql)];
    case "O":
      return [
        reading(domain, context, {
          ...shared,
          title: `set domain ${qualifiedLabel(domain)} not null`,
          sql,
          goal: { does: "alter", target: itself, properties: ["nullable"] },
        }),
      ];
    default:
      break;
  }
  const constraint = statement.def && "Constraint" in statement.def ? statement.def.Constraint : null;
  if (constraint?.contype === "CONSTR_NOTNULL") {
    return [
      reading(domain, context, {
        ...shared,
        title: `set domain ${qualifiedLabel(domain)} not null`,
        sql,
        goal: { does: "alter", target: itself, properties: ["nullable"] },
      }),
    ];
  }
  if (constraint === null) {
    return [refused(sql, "PostgreSQL knows no such change of a domain.", "See ALTER DOMAIN in its manual.")];
  }
  const taken = context.domainRules(domain);
  const name = constraint.conname ?? freeName(domain, [], "check", (one) => taken.includes(one.name));
  const { initially_valid: _, ...rest } = constraint;
  const add = print({
    AlterDomainStmt: {
      ...statement,
      def: { Constraint: { ...rest, conname: name, skip_validation: true } },
    },
  });
  const first = catalogChange({
    ...shared,
    title: `add constraint ${name} to domain ${qualifiedLabel(domain)}, for new values`,
    sql: add,
    needs: [itself, ...needsOf(constraint.raw_expr)],
    safety: "NOT VALID: new values are checked from now on, and no table is looked at.",
    goal: { does: "domain rule", target: itself, name, step: "add" },
  });
  const validate = `ALTER DOMAIN ${quoteQualified(domain.schema, domain.name)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`;
  return constraint.skip_validation ? [first] : [first, validating(name, validate)];
}

/** A rule that PostgreSQL looks for in every row of the tables with columns of a domain. */
function reading(
  domain: QualifiedName,
  context: StatementContext,
  draft: Pick<Draft, "kind" | "title" | "sql" | "target" | "needs" | "goal">,
): Draft {
  const users = context.usersOf(domain);
  const used = users.filter((one) => !context.isNew(one));
  const [first] = used;
  if (first === undefined) {
    return catalogChange({
      ...draft,
      locks: users.map((one) => lock(one, "SHARE")),
      safety: "No table with rows has a column of it: there is nothing to look at.",
    });
  }
  return catalogChange({
    ...draft,
    locks: users.map((one) => lock(one, "SHARE", "long")),
    safety: "Writers of the tables that have columns of it wait while their rows are read.",
    work: { does: "scan", table: first, lookups: false },
    hazards: [
      {
        name: "long-lock",
        message: `PostgreSQL reads ${used.map(qualifiedLabel).join(", ")}, which has columns of the domain ${qualifiedLabel(domain)}, while its writers wait.`,
        safeForm: `ALTER DOMAIN … ADD CONSTRAINT … NOT VALID alone checks new values and reads nothing. Where the old ones have to be checked too, allow this step by name, in a quiet hour.`,
      },
    ],
  });
}

/** `CREATE TYPE … AS RANGE`. */
export const createRange = ({ typeName }: CreateRangeStmt, sql: string): Draft[] =>
  newType("range", resolveName(names(typeName)), sql);

/** `ALTER TYPE … ADD ATTRIBUTE` and the like. */
export function alterComposite(
  command: AlterTableCmd,
  { type, sql, context }: { type: QualifiedName; sql: string; context: StatementContext },
): Draft[] {
  const itself = target("type", type);
  const users = context.usersOf(type).filter((one) => !context.isNew(one));
  const isLoss = command.subtype === "AT_DropColumn" && users.length > 0;
  const name =
    command.name ?? (command.def && "ColumnDef" in command.def ? command.def.ColumnDef.colname : undefined);
  const words = { AT_AddColumn: "add", AT_DropColumn: "drop", AT_AlterColumnType: "retype" };
  const verb = Object.entries(words).find(([subtype]) => subtype === command.subtype)?.[1] ?? "change";
  return [
    catalogChange({
      kind: "alter type",
      title: `${verb} attribute ${name} of ${qualifiedLabel(type)}`,
      sql,
      target: itself,
      needs: [itself],
      safety: "Only the catalog is changed: no table is looked at.",
      goal: { does: "alter", target: itself, properties: ["definition"] },
      hazards: isLoss
        ? [
            {
              name: "data-loss",
              message: `The values of attribute ${name} are gone for good from ${users.map(qualifiedLabel).join(", ")}, and clients that name it fail.`,
              safeForm: "Deploy clients that don't use it first; then allow this step by name.",
            },
          ]
        : [],
    }),
  ];
}
