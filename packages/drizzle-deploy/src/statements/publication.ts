import type { AlterPublicationStmt, CreatePublicationStmt, Node, PublicationObjSpec } from "libpg-query";
import { memberName } from "../catalog/index.ts";
import type { Hazard, Lock, Target } from "../model/step.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { columnsIn, names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, type StatementContext, target } from "./draft.ts";
import { columns, needsOf, resolve, unique } from "./resolve.ts";

type DraftHazard = Omit<Hazard, "allowed">;

/** The publication of a name: it is in no schema. */
export const publicationTarget = (name: string): Target => ({
  kind: "publication",
  schema: null,
  name,
  table: null,
});

/** What a statement names as published. */
interface Member {
  readonly node: Node;
  readonly target: Target;
  /** Null for every table of a schema. */
  readonly table: QualifiedName | null;
  readonly needs: readonly Target[];
}

function membersOf(publication: string, nodes: readonly Node[] = []): Member[] {
  return nodes.flatMap((node) =>
    "PublicationObjSpec" in node ? [memberOf(publication, node, node.PublicationObjSpec)] : [],
  );
}

function memberOf(
  publication: string,
  node: Node,
  { name, pubtable, pubobjtype }: PublicationObjSpec,
): Member {
  const of = (called: string): Target => ({
    kind: "publication member",
    schema: null,
    name: called,
    table: publication,
  });
  if (pubobjtype !== "PUBLICATIONOBJ_TABLE") {
    const schema = name ?? "public";
    const itself: Target = { kind: "schema", schema: null, name: schema, table: null };
    return { node, target: of(memberName(schema, null)), table: null, needs: [itself] };
  }
  const table = resolve(pubtable?.relation);
  const listed = [...names(pubtable?.columns), ...columnsIn(pubtable?.whereClause)];
  return {
    node,
    target: of(memberName(table.schema, table.name)),
    table,
    needs: unique([target("table", table), ...columns(table, listed), ...needsOf(pubtable?.whereClause)]),
  };
}

const locksOf = (members: readonly Pick<Member, "table">[]): Lock[] =>
  members.flatMap(({ table }) => (table ? [lock(table, "SHARE UPDATE EXCLUSIVE")] : []));

/** A member in the words of `ALTER PUBLICATION`: the printer does not know them. */
function memberWords({ node, table, needs: [schema] }: Member): string {
  const { pubtable } = "PublicationObjSpec" in node ? node.PublicationObjSpec : {};
  if (table === null) return `TABLES IN SCHEMA ${quoteIdentifier(schema?.name ?? "")}`;
  const listed = names(pubtable?.columns);
  const condition = pubtable?.whereClause;
  const only = pubtable?.relation?.inh === true ? "" : "ONLY ";
  return [
    `TABLE ${only}${quoteQualified(table.schema, table.name)}`,
    ...(listed.length > 0 ? [`(${listed.map(quoteIdentifier).join(", ")})`] : []),
    ...(condition ? [`WHERE (${printExpression(condition)})`] : []),
  ].join(" ");
}

const printExpression = (val: Node): string =>
  print({
    SelectStmt: {
      targetList: [{ ResTarget: { val } }],
      limitOption: "LIMIT_OPTION_DEFAULT",
      op: "SETOP_NONE",
    },
  }).replace(/^SELECT /, "");

const isSameTable = (one: QualifiedName | null, other: QualifiedName): boolean =>
  one?.schema === other.schema && one.name === other.name;

/** The options of a statement: which properties it sets, and what is published from then on. */
function optionsOf(nodes: readonly Node[] = []): { properties: string[]; publish: string | null } {
  const known: Readonly<Record<string, string>> = {
    publish: "publish",
    publish_via_partition_root: "viaRoot",
    publish_generated_columns: "generatedColumns",
  };
  let publish: string | null = null;
  const properties = nodes.flatMap((node) => {
    if (!("DefElem" in node)) return [];
    const { defname = "", arg } = node.DefElem;
    if (defname === "publish" && arg && "String" in arg) publish = arg.String.sval ?? "";
    return known[defname] ?? [];
  });
  return { properties, publish };
}

const wordsOf = (publish: string): string[] =>
  publish
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/**
 * PostgreSQL refuses to change rows of a published table that it cannot tell apart. PostgreSQL 17 manual, 29.1.1 "Replica
 * Identity".
 */
function withoutIdentity(
  members: readonly Member[],
  publish: string | null | undefined,
  context: StatementContext,
): DraftHazard[] {
  const isChanging = wordsOf(publish ?? "update, delete").some(
    (word) => word === "update" || word === "delete",
  );
  if (!isChanging) return [];
  return members.flatMap(({ table: place }): DraftHazard[] => {
    const table = place && context.table(place);
    if (!place || !table || context.isNew(place)) return [];
    const { replicaIdentity = "default", constraints } = table;
    const isTold =
      replicaIdentity === "default"
        ? constraints.some(({ type }) => type === "p")
        : replicaIdentity !== "nothing";
    if (isTold) return [];
    return [
      {
        name: "breaks-clients",
        message: `UPDATE and DELETE of ${qualifiedLabel(place)} fail from the moment it is published: nothing tells its rows apart.`,
        safeForm: `Give it a primary key, or ALTER TABLE ${quoteQualified(place.schema, place.name)} REPLICA IDENTITY FULL; first.`,
      },
    ];
  });
}

/** Subscribers get nothing more of what is published no longer; not where this plan made it. */
function goneForSubscribers(itself: Target, what: string, context: StatementContext): DraftHazard[] {
  if (!context.exists(itself) || context.isOwn(itself)) return [];
  return [
    {
      name: "breaks-clients",
      message: `Subscribers get no changes ${what} any more, and those that ask for a publication that is gone stop with an error.`,
      safeForm: "Change the subscriptions first, then allow this step by name.",
    },
  ];
}

/** PostgreSQL lets nobody else publish what is to come. PostgreSQL 17 manual, "CREATE PUBLICATION", "Notes". */
function forSuperusers(
  members: readonly Member[],
  { isSuperuser }: StatementContext,
  isOfAll = false,
): DraftHazard[] {
  if (isSuperuser || (!isOfAll && members.every(({ table }) => table !== null))) return [];
  return [
    {
      name: "unsupported",
      message: `Only a superuser publishes ${isOfAll ? "all tables" : "all tables of a schema"}, and the role that deploys is none.`,
      safeForm: "Name the tables: FOR TABLE …",
    },
  ];
}

/** `CREATE PUBLICATION`. */
export function createPublication(
  { pubname = "", pubobjects, options, for_all_tables: isOfAll }: CreatePublicationStmt,
  sql: string,
  context: StatementContext,
): Draft[] {
  const itself = publicationTarget(pubname);
  const members = membersOf(pubname, pubobjects);
  return [
    catalogChange({
      kind: "create publication",
      title: `create publication ${pubname}`,
      sql,
      target: itself,
      needs: unique(members.flatMap(({ needs }) => needs)),
      locks: locksOf(members),
      goal: { does: "create", target: itself, parts: members.map((one) => one.target) },
      hazards: [
        ...forSuperusers(members, context, isOfAll),
        ...withoutIdentity(members, optionsOf(options).publish, context),
      ],
    }),
  ];
}

/** `ALTER PUBLICATION`: what is added or dropped is one step each. */
export function alterPublication(
  statement: AlterPublicationStmt,
  sql: string,
  context: StatementContext,
): Draft[] {
  const { pubname = "", pubobjects = [], options, action } = statement;
  const itself = publicationTarget(pubname);
  const publishes = context.described(itself)?.properties["publish"];
  if (pubobjects.length === 0) {
    const { properties, publish } = optionsOf(options);
    const lost =
      publish === null ? [] : wordsOf(publishes ?? "").filter((word) => !wordsOf(publish).includes(word));
    return [
      catalogChange({
        kind: "alter publication",
        title: `set the options of publication ${pubname}`,
        sql,
        target: itself,
        goal: { does: "alter", target: itself, properties },
        hazards:
          lost.length > 0
            ? goneForSubscribers(itself, `by ${lost.join(", ")} of publication ${pubname}`, context)
            : [],
        replacement: sql,
      }),
    ];
  }
  const members = membersOf(pubname, pubobjects);
  if (action === "AP_SetObjects") {
    const wanted = members.map((one) => one.target);
    const former = context
      .membersOf(itself)
      .flatMap((one) =>
        (context.described(one)?.requires ?? []).flatMap(({ schema, table }) =>
          table === null ? [] : [{ table: { schema, name: table } }],
        ),
      );
    const gone = context
      .membersOf(itself)
      .filter((one) => !wanted.some(({ name }) => name === one.name))
      .flatMap((one) => goneForSubscribers(one, `of ${one.name} by publication ${pubname}`, context));
    return [
      catalogChange({
        kind: "alter publication",
        title: `set what publication ${pubname} publishes`,
        sql,
        target: itself,
        needs: unique([itself, ...members.flatMap(({ needs }) => needs)]),
        locks: locksOf([
          ...members,
          ...former.filter(({ table }) => !members.some((one) => isSameTable(one.table, table))),
        ]),
        goal: { does: "set members", target: itself, members: wanted },
        hazards: [
          ...forSuperusers(members, context),
          ...gone.slice(0, 1),
          ...withoutIdentity(members, publishes, context),
        ],
      }),
    ];
  }
  return members.map((member) => {
    const own =
      members.length === 1
        ? sql
        : `ALTER PUBLICATION ${quoteIdentifier(pubname)} ${action === "AP_DropObjects" ? "DROP" : "ADD"} ${memberWords(member)}`;
    const { name } = member.target;
    if (action === "AP_DropObjects") {
      return catalogChange({
        kind: "alter publication",
        title: `drop ${name} from publication ${pubname}`,
        sql: own,
        target: member.target,
        locks: locksOf([member]),
        goal: { does: "drop", target: member.target },
        hazards: goneForSubscribers(member.target, `of ${name} by publication ${pubname}`, context),
      });
    }
    return catalogChange({
      kind: "alter publication",
      title: `add ${name} to publication ${pubname}`,
      sql: own,
      target: member.target,
      needs: unique([itself, ...member.needs]),
      locks: locksOf([member]),
      goal: { does: "create", target: member.target, parts: [] },
      hazards: [...forSuperusers([member], context), ...withoutIdentity([member], publishes, context)],
    });
  });
}

/** `DROP PUBLICATION` of one. */
export function dropPublication(name: string, sql: string, context: StatementContext): Draft {
  const itself = publicationTarget(name);
  return catalogChange({
    kind: "drop publication",
    title: `drop publication ${name}`,
    sql,
    target: itself,
    locks: [],
    goal: { does: "drop", target: itself },
    hazards: context.existsAfter(itself) ? [] : goneForSubscribers(itself, `of publication ${name}`, context),
  });
}
