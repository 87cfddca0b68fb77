import { describe, expect, it } from "vitest";
import type { Catalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { spfp } from "../../../src/spfp.ts";

/** A rule of Supabase's database advisor, by its name there: the objects that break it. */
type Rule = (catalog: Catalog) => string[];

const requesters: readonly string[] = ["PUBLIC", "anon", "authenticated"];
const commands = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;

const may = (grants: Catalog["tables"][number]["grants"], privilege: string): boolean =>
  grants.some(({ grantee, privileges }) => requesters.includes(grantee) && privileges.includes(privilege));

type Policy = Catalog["tables"][number]["policies"][number];
const policies = ({ tables }: Catalog): [string, Policy][] =>
  tables.flatMap((table) =>
    table.policies.map((policy): [string, Policy] => [`${table.name}.${policy.name}`, policy]),
  );
const expressions = ({ using, check }: Policy): string[] => [using, check].filter((text) => text !== null);
/** Policies with an expression of which something holds. */
const whose =
  (holds: (expression: string, policy: Policy) => boolean): Rule =>
  (catalog) =>
    policies(catalog).flatMap(([label, policy]) =>
      expressions(policy).some((text) => holds(text, policy)) ? [label] : [],
    );

const rules: Readonly<Record<string, Rule>> = {
  unindexed_foreign_keys: ({ tables }) =>
    tables.flatMap(({ constraints, indexes }) =>
      constraints
        .filter(
          ({ type, columns }) =>
            type === "f" &&
            !indexes.some(
              ({ keys, valid, predicate }) =>
                valid && predicate === null && columns.every((column, at) => keys[at]?.column === column),
            ),
        )
        .map(({ name }) => name),
    ),
  auth_users_exposed: ({ views }) =>
    views.filter(({ definition }) => /\bauth\.users\b/.test(definition)).map(({ name }) => name),
  auth_rls_initplan: whose((text) =>
    /(auth\.\w+|current_setting)\(/.test(text.replaceAll(/SELECT auth\.\w+\(\)/g, "")),
  ),
  no_primary_key: ({ tables }) =>
    tables.filter(({ constraints }) => !constraints.some(({ type }) => type === "p")).map(({ name }) => name),
  multiple_permissive_policies: ({ tables }) =>
    tables.flatMap((table) =>
      commands.flatMap((command) => {
        const permissive = table.policies.filter(
          (policy) => policy.permissive && (policy.command === command || policy.command === "ALL"),
        );
        const roles = permissive.flatMap((policy) => policy.roles);
        const everybody = roles.includes("public") ? 1 : 0;
        return permissive.length > 1 && (everybody === 1 || new Set(roles).size < roles.length)
          ? [`${table.name} ${command}`]
          : [];
      }),
    ),
  "policy_exists_rls_disabled, rls_disabled_in_public": ({ tables }) =>
    tables.filter(({ rowSecurity }) => !rowSecurity).map(({ name }) => name),
  rls_enabled_no_policy: ({ tables }) =>
    tables.filter((table) => table.policies.length === 0).map(({ name }) => name),
  duplicate_index: ({ tables }) =>
    tables.flatMap(({ indexes }) => {
      const shape = (definition: string): string => definition.replace(/ INDEX .* ON /, " INDEX ON ");
      const shapes = indexes.map(({ definition }) => shape(definition));
      return indexes
        .filter(({ definition }, at) => shapes.indexOf(shape(definition)) < at)
        .map(({ name }) => name);
    }),
  security_definer_view: ({ views }) =>
    views.filter(({ securityInvoker }) => !securityInvoker).map(({ name }) => name),
  function_search_path_mutable: ({ functions }) =>
    functions
      .filter(({ config }) => !config.some((setting) => setting.startsWith("search_path=")))
      .map(({ name }) => name),
  rls_references_user_metadata: whose((text) => text.includes("user_metadata")),
  materialized_view_in_api: ({ views }) =>
    views
      .filter(({ kind, grants }) => kind === "materialized" && may(grants, "SELECT"))
      .map(({ name }) => name),
  unsupported_reg_types: ({ tables }) =>
    tables.flatMap((table) =>
      table.columns.filter(({ type }) => /^reg/.test(type)).map(({ name }) => `${table.name}.${name}`),
    ),
  fkey_to_auth_unique: ({ tables }) =>
    tables.flatMap(({ constraints }) =>
      constraints
        .filter(({ references }) => references?.schema === "auth" && references.columns.join() !== "id")
        .map(({ name }) => name),
    ),
  rls_policy_always_true: whose((text) => /^\(*(true|1 = 1)\)*$/i.test(text)),
  rls_policy_null_auth_disjunct: whose((text) => / OR /.test(text) && /IS NULL/.test(text)),
  "anon_security_definer_function_executable, authenticated_security_definer_function_executable": ({
    functions,
  }) =>
    functions
      .filter(({ securityDefiner, grants }) => securityDefiner && may(grants, "EXECUTE"))
      .map(({ name }) => name),
  autovacuum_disabled: ({ tables }) =>
    tables
      .filter(({ options }) => options.some((option) => /^autovacuum_enabled=(false|off)$/.test(option)))
      .map(({ name }) => name),
  invalid_index: ({ tables }) =>
    tables.flatMap(({ indexes }) => indexes.filter(({ valid }) => !valid).map(({ name }) => name)),
};

/** Beyond the advisor: who a policy is for, and a check of new rows wherever a user can write them. */
const ownRules: Readonly<Record<string, Rule>> = {
  "policies for anybody but signed-in users": (catalog) =>
    policies(catalog).flatMap(([label, { roles }]) => (roles.join() === "authenticated" ? [] : [label])),
  "policies that do not say what a new row may be": (catalog) =>
    policies(catalog).flatMap(([label, { command, check }]) =>
      ["INSERT", "UPDATE", "ALL"].includes(command) && check === null ? [label] : [],
    ),
  "tables that a request may empty": ({ tables }) =>
    tables.filter(({ grants }) => may(grants, "TRUNCATE")).map(({ name }) => name),
  "views that somebody who is not signed in may read": ({ views }) =>
    views
      .filter(({ grants }) => grants.some(({ grantee }) => grantee === "anon" || grantee === "PUBLIC"))
      .map(({ name }) => name),
};

// What the migrations make: `tests/server/catalog/generate.test.ts` holds these catalogs to it.
const catalog = expectedCatalog(spfp.headTag);
const before = expectedCatalog(spfp.baselineTag);

const broken = (rule: string, of: Catalog): number => {
  const found = { ...rules, ...ownRules }[rule];
  if (!found) throw new Error(`no rule ${rule}`);
  return found(of).length;
};

describe("Supabase's advisor has no word on what is deployed:", () => {
  it.each(Object.entries({ ...rules, ...ownRules }))("%s", (_, rule) => {
    expect(rule(catalog)).toEqual([]);
  });
});

describe("these rules can fail: production breaks them as often as its description says:", () => {
  it.each([
    ["security_definer_view", 5],
    ["rls_enabled_no_policy", 1],
    ["function_search_path_mutable", 1],
    ["auth_rls_initplan", 49],
    ["unindexed_foreign_keys", 2],
    ["policies for anybody but signed-in users", 49],
  ])("%s, %i times", (rule, times) => {
    expect(broken(rule, before)).toBe(times);
  });
});
