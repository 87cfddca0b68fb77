import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  type Catalog,
  catalogSchema,
  withoutObjects,
} from "../../packages/drizzle-deploy/src/catalog/index.ts";
import { readMigrations } from "../../packages/drizzle-deploy/src/migrations/index.ts";
import { dependentSchema } from "../../packages/drizzle-deploy/src/plan/dependents.ts";
import { type Facts, serverFactsSchema } from "../../packages/drizzle-deploy/src/plan/facts.ts";
import { expectedCatalog } from "../../src/expected/index.ts";
import { spfp, spfpNames } from "../../src/spfp.ts";
import { baselineMigrations } from "../../src/states.ts";
import { projectFolder } from "./states.ts";

/*
 * Facts without a server: what a planner is asked about is read from files. `tests/server/plan/facts.test.ts` compares
 * them with what a server says, and writes them again with `--update`.
 */

/** The facts that are recorded: of `production` after its adoption, and of the setting of the statements' cases. */
export const recordings = ["production", "statements"] as const;
export type Recording = (typeof recordings)[number];

/** The file of what is recorded. */
export const fileOf = (name: Recording | "functions"): string =>
  join(projectFolder, "tests", "fixtures", "facts", `${name}.json`);

const functionsSchema = serverFactsSchema.shape.functions;

const recordSchema = serverFactsSchema.extend({
  dependents: z.array(dependentSchema),
  nulls: z.array(z.string()),
  /** Where no migration makes it. */
  catalog: catalogSchema.optional(),
});

const isBuiltIn = ({ schema }: { schema: string }): boolean => schema === "pg_catalog";

/** In one order, as a server promises none. */
function sorted<T>(rows: readonly T[]): T[] {
  const keyed = rows.map((row): [string, T] => [JSON.stringify(row), row]);
  return keyed.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
}

/** Facts as they are recorded: PostgreSQL's own functions apart, because they are many, and all the same. */
export function toRecord(facts: Facts, name: Recording): { record: unknown; functions: unknown } {
  const { catalog, functions, ...lists } = recordSchema.parse(facts);
  return {
    record: {
      ...Object.fromEntries(Object.entries(lists).map(([list, rows]) => [list, sorted<unknown>(rows)])),
      functions: sorted(functions.filter((one) => !isBuiltIn(one))),
      ...(name === "statements" ? { catalog } : {}),
    },
    functions: sorted(functions.filter(isBuiltIn)),
  };
}

const read = (name: Recording | "functions"): unknown => JSON.parse(readFileSync(fileOf(name), "utf8"));

const recorded = (name: Recording) => {
  const record = recordSchema.parse(read(name));
  return { ...record, functions: [...record.functions, ...functionsSchema.parse(read("functions"))] };
};

/** The facts of `production` as its baseline leaves it, or with another catalog: each call makes them again. */
export function productionFacts(catalog: Catalog = expectedCatalog(spfp.baselineTag)): Facts {
  const applied = baselineMigrations();
  const pending = readMigrations(spfp.migrationsFolder).slice(applied.length);
  return {
    ...recorded("production"),
    names: spfpNames,
    catalog,
    archive: withoutObjects(catalog),
    journal: applied.map(({ hash, when }) => ({ hash, when })),
    state: { applied, pending },
    origin: { tag: spfp.baselineTag, catalog: expectedCatalog(spfp.baselineTag) },
    done: [],
    undone: [],
    timeZone: "UTC",
    empty: [],
    begun: [],
  };
}

/** The facts of a database with one of everything that a statement can be about, and nothing of ours. */
export function statementFacts(): Facts {
  const { catalog, ...record } = recorded("statements");
  if (!catalog)
    throw new Error("the catalog of the setting is not recorded: run the tests of facts with --update");
  return {
    ...record,
    names: spfpNames,
    catalog,
    archive: withoutObjects(catalog),
    journal: [],
    state: { applied: [], pending: [] },
    origin: null,
    done: [],
    undone: [],
    timeZone: "UTC",
    empty: [],
    begun: [],
  };
}
