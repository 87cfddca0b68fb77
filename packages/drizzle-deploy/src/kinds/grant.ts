import type { Catalog, Grant } from "../catalog/index.ts";
import { quoteIdentifier } from "../sql/quote.ts";

/** A role in a GRANT or a policy. */
export function roleName(role: string): string {
  return role === "PUBLIC" || role === "public" ? "PUBLIC" : quoteIdentifier(role);
}

/** What the words of a GRANT call a kind of object. */
export type Granted = "TABLE" | "SEQUENCE" | "FUNCTION" | "PROCEDURE" | "SCHEMA";

/** The statements that give what one grant says. */
export function grantStatement(
  kind: Granted,
  object: string,
  { grantee, privileges, grantable }: Grant,
): string[] {
  const plain = privileges.filter((privilege) => !grantable.includes(privilege));
  const give = (list: readonly string[], option: string) =>
    list.length > 0
      ? [`GRANT ${list.join(", ")} ON ${kind} ${object} TO ${roleName(grantee)}${option};`]
      : [];
  return [
    ...give(plain, ""),
    ...give(
      privileges.filter((privilege) => grantable.includes(privilege)),
      " WITH GRANT OPTION",
    ),
  ];
}

/** Whoever may get rights on a new object by default privileges. */
export function defaultGrantees(catalog: Catalog): string[] {
  return [
    ...new Set([
      "PUBLIC",
      ...catalog.defaultPrivileges.flatMap(({ grants }) => grants.map(({ grantee }) => grantee)),
    ]),
  ];
}

/** Statements that give a new object exactly these grants, whatever it got by default. */
export function setGrants(
  kind: Granted,
  object: string,
  { grants, owner, grantees }: { grants: readonly Grant[]; owner: string; grantees: readonly string[] },
): string[] {
  const others = grantees.filter((grantee) => grantee !== owner);
  return [
    ...(others.length > 0
      ? [`REVOKE ALL ON ${kind} ${object} FROM ${others.map(roleName).join(", ")};`]
      : []),
    ...grants
      .filter(({ grantee }) => grantee !== owner)
      .flatMap((grant) => grantStatement(kind, object, grant)),
  ];
}

/** Tells whether a server knows a privilege: PostgreSQL 17 has one that older servers do not. */
export const isKnownPrivilege =
  ({ server }: Pick<Catalog, "server">) =>
  (privilege: string): boolean =>
    privilege !== "MAINTAIN" || server.version >= 170000;
