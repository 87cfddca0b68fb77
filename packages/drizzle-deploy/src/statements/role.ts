import { catalogChange, type Draft } from "./draft.ts";

/** `CREATE ROLE`, `ALTER ROLE`, `DROP ROLE`: roles belong to the server, not to the database. */
export function role(verb: "create" | "alter" | "rename" | "drop", name: string, sql: string): Draft[] {
  return [
    catalogChange({
      kind: "role",
      title: `${verb} role ${name}`,
      sql,
      target: null,
      safety: "Roles live in the server's catalog: no table is locked.",
      goal:
        verb === "create" || verb === "drop"
          ? { does: "role", role: name, isWanted: verb === "create" }
          : { does: "journalled" },
      hazards:
        verb === "drop"
          ? [
              {
                name: "breaks-clients",
                message: `No client can sign in as ${name} any more, in every database of the server.`,
                safeForm: "Drop it when nobody signs in with it, and allow this step by name.",
              },
            ]
          : [],
    }),
  ];
}
