import { type JournalTable, journalTableOf } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { Plan, Target } from "../model/step.ts";
import { isPending } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import type { Intent } from "./item.ts";

/** The relation that an object is part of, or is. */
function relationOf({ kind, schema, name, table }: Target): QualifiedName | null {
  if (schema === null) return null;
  if (table !== null) return { schema, name: table };
  return kind === "table" || kind === "view" || kind === "sequence" ? { schema, name } : null;
}

/** Where every deployment keeps its journal and its records. */
export const ownSchemas = ({ recordSchema }: Names, { schema }: JournalTable): readonly string[] => [
  schema,
  recordSchema,
];

const unique = <Value>(values: readonly Value[]): Value[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

/** What a plan is going to do, in a preflight's words. */
export function intentOf(
  plan: Plan,
  project: Pick<Project, "names" | "migrationsTable" | "migrationsSchema">,
): Intent {
  const steps = plan.steps.filter(isPending);
  const targets = steps.flatMap(({ target }) => target ?? []);
  const relations = unique(targets.flatMap((target) => relationOf(target) ?? []));
  const isOurs = ({ schema, name }: QualifiedName): boolean =>
    relations.some((relation) => relation.schema === schema && relation.name === name);
  const schemas = steps
    .filter(({ kind }) => kind.startsWith("create ") || kind === "add column")
    .flatMap(({ target }) => target?.schema ?? []);
  return {
    relations,
    functions: unique(
      targets.flatMap(({ kind, schema, name }) =>
        kind === "function" && schema !== null ? `${schema}.${name}` : [],
      ),
    ),
    // A step locks what is not its own where a foreign key points.
    references: unique(
      steps
        .flatMap(({ locks }) => locks)
        .map(({ schema, name }) => ({ schema, name }))
        .filter((relation) => !isOurs(relation)),
    ),
    createsIn: unique([...schemas, ...ownSchemas(project.names, journalTableOf(project))]),
    growth: steps
      .filter(({ estimate }) => estimate.growthBytes > 0)
      .map(({ title, target, estimate }) => ({ object: target?.name ?? title, bytes: estimate.growthBytes })),
  };
}
