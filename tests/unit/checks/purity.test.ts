import { describe, expect, it } from "vitest";
import { type Catalog, compareCatalogs } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { checkCatalog } from "../../../src/checks/index.ts";
import { expected, type Found, found } from "../../support/check-report.ts";

function pick<T extends { name: string }>(list: readonly T[], name: string): T {
  const one = list.find((candidate) => candidate.name === name);
  if (!one) throw new Error(`${name} is not there`);
  return one;
}

/** What is found in a catalog that has one thing else: no server is asked. */
function foundAfter(edit: (catalog: Catalog) => void): Found[] {
  const actual = structuredClone(expected);
  edit(actual);
  return found(checkCatalog(expected, actual));
}

/** A value that nobody can change: writing to it throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

describe("checking a catalog", () => {
  it("finds nothing in what is expected", () => {
    expect(foundAfter(() => {})).toEqual([]);
  });

  it.each<[string, (catalog: Catalog) => void, ...Found]>([
    [
      "a column that is nullable",
      ({ tables }) => {
        pick(pick(tables, "goals").columns, "name").nullable = true;
      },
      "columns.nullable",
      "public.goals.name",
    ],
    [
      "a column with a collation of its own",
      ({ tables }) => {
        pick(pick(tables, "goals").columns, "name").collation = "C";
      },
      "columns.definition",
      "public.goals.name",
    ],
    [
      "a constraint that is not enforced, as PostgreSQL 18 can have it",
      ({ tables }) => {
        pick(pick(tables, "accounts").constraints, "check_balance").enforced = false;
      },
      "constraints.definition",
      "public.accounts.check_balance",
    ],
    [
      "an index that is not valid",
      ({ tables }) => {
        pick(pick(tables, "sales_leads").indexes, "idx_sales_leads_analysis").valid = false;
      },
      "indexes.invalid",
      "public.sales_leads.idx_sales_leads_analysis",
    ],
    [
      "an index that is neither ready nor valid",
      ({ tables }) => {
        const index = pick(pick(tables, "sales_leads").indexes, "idx_sales_leads_analysis");
        index.valid = false;
        index.ready = false;
      },
      "indexes.invalid",
      "public.sales_leads.idx_sales_leads_analysis",
    ],
    [
      "a view that is materialized",
      ({ views }) => {
        pick(views, "tasks_summary").kind = "materialized";
      },
      "views.definition",
      "public.tasks_summary",
    ],
    [
      "a function in another language",
      ({ functions }) => {
        pick(functions, "business_date").language = "plpgsql";
      },
      "functions.definition",
      "public.business_date()",
    ],
    [
      "a trigger that fires while replicating only",
      ({ tables }) => {
        pick(pick(tables, "sent_atas").triggers, "update_sent_atas_updated_at").enabled = "replica";
      },
      "triggers.disabled",
      "public.sent_atas.update_sent_atas_updated_at",
    ],
    [
      "a right that may be passed on",
      ({ tables }) => {
        const grant = pick(tables, "goals").grants.find(({ grantee }) => grantee === "authenticated");
        grant?.grantable.push("SELECT");
      },
      "rls.grants",
      "public.goals to authenticated",
    ],
    [
      "an audit table that may be emptied",
      ({ tables }) => {
        const { grants } = pick(tables, "automation_permissions_audit");
        grants.push({ grantee: "PUBLIC", privileges: ["TRUNCATE"], grantable: [] });
      },
      "audit.append-only",
      "public.automation_permissions_audit to PUBLIC",
    ],
  ])("finds %s", (_, edit, ...finding) => {
    expect(foundAfter(edit)).toEqual([finding]);
  });

  it.each<[string, (catalog: Catalog) => void]>([
    ["owners", ({ tables }) => tables.map((table) => Object.assign(table, { owner: "somebody" }))],
    [
      "comments",
      ({ tables, views }) => [...tables, ...views].map((one) => Object.assign(one, { comment: "x" })),
    ],
    ["the order of columns", ({ tables }) => pick(tables, "goals").columns.reverse()],
    ["storage parameters", ({ tables }) => pick(tables, "goals").options.push("fillfactor=70")],
    ["extensions", ({ extensions }) => extensions.push({ name: "pg_cron", schema: "cron" })],
    ["default privileges", (catalog) => catalog.defaultPrivileges.splice(0)],
    [
      "fewer rights of anon on tables, behind row security as they are",
      ({ tables }) => {
        for (const table of tables) table.grants = table.grants.filter(({ grantee }) => grantee !== "anon");
      },
    ],
    [
      "another schema's tables",
      ({ tables }) => tables.push({ ...pick(tables, "goals"), schema: "archive", rowSecurity: false }),
    ],
  ])("minds no %s", (_, edit) => {
    expect(foundAfter(edit)).toEqual([]);
  });

  it("reports every table of an empty database once, its views and what is on it not again", () => {
    const nothing: Catalog = { ...expected, tables: [], views: [], functions: [] };
    expect(
      found(checkCatalog(expected, nothing))
        .map(([, object]) => object)
        .sort(),
    ).toEqual(
      [
        ...expected.tables.map(({ name }) => `public.${name}`),
        ...expected.functions.map(({ name, argumentTypes }) => `public.${name}(${argumentTypes})`),
      ].sort(),
    );
  });

  it("changes neither catalog, and says the same again", () => {
    const actual = structuredClone(expected);
    pick(actual.tables, "goals").columns.pop();
    const [one, other] = [frozen(structuredClone(expected)), frozen(actual)];
    expect(checkCatalog(one, other)).toEqual(checkCatalog(one, other));
    expect(compareCatalogs(one, expected)).toEqual([]);
  });

  it("says what was expected, what is there, and what to do", () => {
    const actual = structuredClone(expected);
    pick(pick(actual.tables, "goals").columns, "name").type = "text";
    expect(checkCatalog(expected, actual).flatMap(({ findings }) => findings)).toEqual([
      {
        check: "columns.type",
        severity: "error",
        object: "public.goals.name",
        expected: "type: character varying(255)",
        actual: "type: text",
        remedy: expect.stringContaining("Deploy the migrations that are pending"),
      },
    ]);
  });
});
