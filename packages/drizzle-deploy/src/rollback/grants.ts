import type { Grant } from "../catalog/index.ts";
import { functionLabel, functionNamed, functionSignature } from "../kinds/function.ts";
import { type Granted, grantStatement, roleName } from "../kinds/grant.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find } from "./find.ts";

/**
 * Statements that take back what a deployment granted and give back what it revoked, privilege by privilege: what
 * others granted meanwhile stays.
 */
export function restoreGrants(
  kind: Granted,
  object: string,
  { before, head, actual, owner }: Record<"before" | "head" | "actual", readonly Grant[]> & { owner: string },
): string[] {
  const of = (grants: readonly Grant[], grantee: string): Grant =>
    grants.find((grant) => grant.grantee === grantee) ?? { grantee, privileges: [], grantable: [] };
  const grantees = [...new Set([...before, ...head].map(({ grantee }) => grantee))].filter(
    (grantee) => grantee !== owner,
  );
  return grantees.flatMap((grantee) => {
    const [was, wanted, is] = [of(before, grantee), of(head, grantee), of(actual, grantee)];
    const give = was.privileges.filter(
      (privilege) => !wanted.privileges.includes(privilege) && !is.privileges.includes(privilege),
    );
    const take = wanted.privileges.filter(
      (privilege) => !was.privileges.includes(privilege) && is.privileges.includes(privilege),
    );
    const isHeld = (privilege: string): boolean =>
      was.privileges.includes(privilege) && is.privileges.includes(privilege);
    const giveOption = was.grantable.filter(
      (privilege) =>
        isHeld(privilege) && !wanted.grantable.includes(privilege) && !is.grantable.includes(privilege),
    );
    const takeOption = wanted.grantable.filter(
      (privilege) =>
        isHeld(privilege) && !was.grantable.includes(privilege) && is.grantable.includes(privilege),
    );
    return [
      ...grantStatement(kind, object, {
        grantee,
        privileges: [...give, ...giveOption],
        grantable: was.grantable.filter(
          (privilege) => give.includes(privilege) || giveOption.includes(privilege),
        ),
      }),
      ...(takeOption.length > 0
        ? [`REVOKE GRANT OPTION FOR ${takeOption.join(", ")} ON ${kind} ${object} FROM ${roleName(grantee)};`]
        : []),
      ...(take.length > 0
        ? [`REVOKE ${take.join(", ")} ON ${kind} ${object} FROM ${roleName(grantee)};`]
        : []),
    ];
  });
}

const grantSafety = "Only the catalog is changed: statements under way are not affected.";

/** Takes back what the deployment granted and gives back what it revoked, on everything that was there before. */
export function undoGrants(context: RollbackContext): void {
  const { before, head, actual, add } = context;
  const step = (kind: Granted, object: QualifiedName, sql: readonly string[]): void => {
    if (sql.length === 0) return;
    add({
      kind: "grant",
      title: `restore grants on ${kind.toLowerCase()} ${qualifiedLabel(object)}`,
      sql: underSchemas(before, sql.join("\n")),
      target: { kind: "grant", schema: object.schema, name: object.name, table: null },
      safety: grantSafety,
    });
  };
  for (const [kind, list] of [
    ["TABLE", "tables"],
    ["TABLE", "views"],
    ["SEQUENCE", "sequences"],
  ] as const) {
    for (const now of actual[list]) {
      const was = find<QualifiedName & { grants: Grant[] }>(before[list], now);
      const wanted = find<QualifiedName & { grants: Grant[] }>(head[list], now);
      if (!was || !wanted || context.kept.has(topKey("table", now))) continue;
      const name = quoteQualified(now.schema, now.name);
      const sql = restoreGrants(kind, name, {
        before: was.grants,
        head: wanted.grants,
        actual: now.grants,
        owner: now.owner,
      });
      step(kind, now, sql);
    }
  }
  for (const now of actual.functions) {
    const named = { schema: now.schema, name: functionLabel(now) };
    const was = functionNamed(before, named);
    const wanted = functionNamed(head, named);
    if (!was || !wanted) continue;
    const kind = now.kind === "procedure" ? "PROCEDURE" : "FUNCTION";
    const signature = functionSignature(now);
    step(
      kind,
      named,
      restoreGrants(kind, signature, {
        before: was.grants,
        head: wanted.grants,
        actual: now.grants,
        owner: now.owner,
      }),
    );
  }
  for (const now of actual.schemas) {
    const was = before.schemas.find(({ name }) => name === now.name);
    const wanted = head.schemas.find(({ name }) => name === now.name);
    if (!was || !wanted) continue;
    const sql = restoreGrants("SCHEMA", quoteIdentifier(now.name), {
      before: was.grants,
      head: wanted.grants,
      actual: now.grants,
      owner: now.owner,
    });
    if (sql.length === 0) continue;
    add({
      kind: "grant",
      title: `restore grants on schema ${now.name}`,
      sql: sql.join("\n"),
      target: { kind: "grant", schema: null, name: now.name, table: null },
      safety: grantSafety,
    });
  }
  restoreColumnGrants(context);
}

/** A relation as far as the privileges on its columns go. */
interface Granting extends QualifiedName {
  readonly columns: readonly { readonly name: string; readonly grants: Grant[] }[];
}

function restoreColumnGrants({ keptTables, before, head, actual, add }: RollbackContext): void {
  const views = actual.views.flatMap((table) => {
    const [was, wanted] = [find(before.views, table), find(head.views, table)];
    return was && wanted ? [{ table, was, wanted }] : [];
  });
  const kept: readonly Readonly<Record<"table" | "was" | "wanted", Granting>>[] = [...keptTables, ...views];
  for (const { table, was, wanted } of kept) {
    const sql = table.columns.flatMap((column) => {
      const of = (list: Granting): Grant[] =>
        list.columns.find(({ name }) => name === column.name)?.grants ?? [];
      const has = (list: readonly Grant[], grantee: string, privilege: string) =>
        list.some((one) => one.grantee === grantee && one.privileges.includes(privilege));
      const pairs = (list: readonly Grant[]) =>
        list.flatMap(({ grantee, privileges }) =>
          privileges.map((privilege) => [grantee, privilege] as const),
        );
      const object = `(${quoteIdentifier(column.name)}) ON TABLE ${quoteQualified(table.schema, table.name)}`;
      return [
        ...pairs(of(was))
          .filter(
            ([grantee, privilege]) =>
              !has(of(wanted), grantee, privilege) && !has(column.grants, grantee, privilege),
          )
          .map(([grantee, privilege]) => `GRANT ${privilege} ${object} TO ${roleName(grantee)};`),
        ...pairs(column.grants)
          .filter(
            ([grantee, privilege]) =>
              has(of(wanted), grantee, privilege) && !has(of(was), grantee, privilege),
          )
          .map(([grantee, privilege]) => `REVOKE ${privilege} ${object} FROM ${roleName(grantee)};`),
      ];
    });
    if (sql.length === 0) continue;
    add({
      kind: "grant",
      title: `restore grants on columns of ${qualifiedLabel(table)}`,
      sql: sql.join("\n"),
      target: { kind: "grant", schema: table.schema, name: table.name, table: null },
      safety: grantSafety,
    });
  }
}
