import { type Finding, plural } from "drizzle-deploy/findings";
import type { ProjectPreflight } from "drizzle-deploy/project";
import type { SpfpCheckId } from "../checks/check-ids.ts";
import type { Crossing, findCrossings } from "./crossings.ts";

/** What to do about references to rows of other users. */
export const takeThemBack =
  "Look at what a fix would do: spfp-db fix crossings. Then do it: spfp-db fix crossings --apply";

const objectOf = ({ table, column }: Crossing): string => `public.${table}.${column}`;

const rowsOf = (crossings: readonly Crossing[]): number => crossings.reduce((sum, { rows }) => sum + rows, 0);

/**
 * References to rows of other users as findings: one for each foreign key that has any. None in a database that does
 * not have the tables yet. Reads every row, and changes nothing.
 */
export async function crossingFindings(sql: Parameters<typeof findCrossings>[0]): Promise<Finding[]> {
  // zod comes with it, which a project that is only looked at does without.
  const { findCrossings: find } = await import("./crossings.ts");
  const crossings = await find(sql);
  const objects = [...new Set(crossings.map(objectOf))];
  return objects.map((object): Finding => {
    const own = crossings.filter((crossing) => objectOf(crossing) === object);
    const users = new Set(own.map(({ userId }) => userId));
    const examples = own
      .slice(0, 1)
      .map(
        ({ userId, otherId, otherUserId }) => `, for example of ${userId} to ${otherId} of ${otherUserId}`,
      );
    return {
      check: "crossings.reference" satisfies SpfpCheckId,
      severity: "error",
      object,
      expected: "references to rows of the same user",
      actual: `${plural(rowsOf(own), "row")} of ${plural(users.size, "user")}${examples.join("")}`,
      remedy: takeThemBack,
    };
  });
}

/** That no row refers to another user's, for the preflight. */
export const crossingsItem: ProjectPreflight = {
  id: "crossings",
  title: "References to rows of other users",
  async run(sql) {
    const findings = await crossingFindings(sql);
    return {
      evidence: findings.length === 0 ? "none" : `in ${plural(findings.length, "foreign key")}`,
      findings,
    };
  },
};
