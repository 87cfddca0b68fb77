import type { Finding } from "drizzle-deploy/findings";
import { plural } from "drizzle-deploy/findings";
import type { ProjectPreflight } from "drizzle-deploy/project";
import type { SpfpCheckId } from "../checks/check-ids.ts";
import type { findDuplicates } from "./duplicates.ts";

const remedy =
  "Look at what a merge would do: spfp-db fix duplicates. Then do it: spfp-db fix duplicates --apply";

type Queryable = Parameters<typeof findDuplicates>[0];

/** Whether the tables are there that duplicates are looked for in. */
export async function canHaveDuplicates(sql: Queryable): Promise<boolean> {
  const tables = await sql`
    select from pg_catalog.pg_tables
    where schemaname = 'public'
      and tablename in ('categories', 'transactions', 'category_budgets', 'custom_templates')`;
  return tables.count === 4;
}

/**
 * SPFP's duplicates as findings: one for each group that a uniqueness rule would refuse. None in a database that does
 * not have the tables yet. Changes nothing.
 */
export async function duplicateFindings(sql: Queryable): Promise<Finding[]> {
  if (!(await canHaveDuplicates(sql))) return [];
  // Drizzle comes with it, which a project that is only looked at does without.
  const { findDuplicates } = await import("./duplicates.ts");
  const { categories, templates } = await findDuplicates(sql);
  return [
    ...categories.map(
      ({ userId, categories: group }): Finding => ({
        check: "duplicates.category" satisfies SpfpCheckId,
        severity: "error",
        object: `public.categories of user ${userId}`,
        expected: "one live category of a name, whatever its case",
        actual: group
          .map(
            ({ id, name, transactions, budgets }) =>
              `"${name}" (${id}, ${plural(transactions, "transaction")}, ${plural(budgets, "budget")})`,
          )
          .join(", "),
        remedy,
      }),
    ),
    ...templates.map(
      ({ userId, type, templates: group }): Finding => ({
        check: "duplicates.template" satisfies SpfpCheckId,
        severity: "error",
        object: `public.custom_templates of user ${userId}`,
        expected: `one default template of type ${type}`,
        actual: group.map(({ id, name }) => `"${name}" (${id})`).join(", "),
        remedy,
      }),
    ),
  ];
}

/** That nothing in the data is what a new rule would refuse, for the preflight. */
export const duplicatesItem: ProjectPreflight = {
  id: "duplicates",
  title: "Duplicates that the new rules refuse",
  async run(sql) {
    const findings = await duplicateFindings(sql);
    return { evidence: findings.length === 0 ? "none" : plural(findings.length, "group"), findings };
  },
};
