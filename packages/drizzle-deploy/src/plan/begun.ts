import type { Step, Target } from "../model/step.ts";
import { isSameTarget } from "../model/step.ts";
import { parseStatements } from "../sql/parser.ts";

/** The name that a statement gives; null for one that renames nothing. */
function newName(sql: string): string | null {
  try {
    const [first] = parseStatements(sql);
    return first && "RenameStmt" in first.node ? (first.node.RenameStmt.newname ?? null) : null;
  } catch {
    return null;
  }
}

/** What steps have made, in their order, under the names that they left it with. */
export function madeBy(steps: readonly Pick<Step, "kind" | "sql" | "target">[]): Target[] {
  let made: Target[] = [];
  for (const { kind, sql, target } of steps) {
    if (target === null) continue;
    if (kind !== "rename") {
      made.push(target);
      continue;
    }
    const name = newName(sql);
    if (name === null) continue;
    made = made.map((one) => {
      if (isSameTarget(one, target)) {
        // A function keeps its argument types in its name.
        return {
          ...one,
          name: one.kind === "function" ? name + one.name.slice(one.name.indexOf("(")) : name,
        };
      }
      const isPart = target.table === null && one.schema === target.schema && one.table === target.name;
      return isPart ? { ...one, table: name } : one;
    });
  }
  return made;
}
