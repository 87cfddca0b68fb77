import { describe, expect, it } from "vitest";
import {
  type Catalog,
  mergeCatalogs,
  type Table,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { spfp } from "../../../src/spfp.ts";

const base = expectedCatalog(spfp.baselineTag);
const theirs = expectedCatalog(spfp.headTag);

/** The catalog of the baseline, with one table changed by hand. */
function withTable(name: string, change: (table: Table) => Table): Catalog {
  return { ...base, tables: base.tables.map((table) => (table.name === name ? change(table) : table)) };
}

const tableIn = (catalog: Catalog, name: string): Table => {
  const found = catalog.tables.find((table) => table.name === name);
  if (!found) throw new Error(`there is no table ${name}`);
  return found;
};

const merged = (ours: Catalog): Catalog => mergeCatalogs({ base, ours, theirs });

describe("what a database looks like later that was found as people had made it", () => {
  it("is what the migrations say where it was found as they left it", () => {
    expect(merged(base)).toEqual(theirs);
  });

  it("is as it was found where the migrations change nothing", () => {
    const ours = withTable("goals", (goals) => ({ ...goals, comment: "Metas", forceRowSecurity: true }));
    expect(mergeCatalogs({ base, ours, theirs: base })).toEqual({ ...ours, server: base.server });
  });

  it("is as the migrations make it, property by property, where they change it", () => {
    const ours = withTable("accounts", (accounts) => ({
      ...accounts,
      comment: "Contas",
      policies: accounts.policies.map((policy) => ({
        ...policy,
        using: policy.using === null ? null : "true",
        permissive: false,
      })),
    }));
    const accounts = tableIn(merged(ours), "accounts");
    const wanted = tableIn(theirs, "accounts");
    expect(accounts.comment).toBe("Contas");
    expect(accounts.policies.map(({ using }) => using)).toEqual(wanted.policies.map(({ using }) => using));
    expect(accounts.policies.map(({ permissive }) => permissive)).toEqual(wanted.policies.map(() => false));
  });

  it("lacks what was taken away by hand, unless a migration changes that since", () => {
    const ours = withTable("accounts", (accounts) => ({
      ...accounts,
      indexes: accounts.indexes.filter(({ constraint }) => constraint !== null),
      policies: [],
    }));
    const accounts = tableIn(merged(ours), "accounts");
    const added = tableIn(theirs, "accounts").indexes.filter(
      ({ name }) => !tableIn(base, "accounts").indexes.some((one) => one.name === name),
    );
    expect(accounts.indexes.filter(({ constraint }) => constraint === null)).toEqual(added);
    expect(accounts.policies).toEqual(tableIn(theirs, "accounts").policies);
  });

  it("holds nothing that is only somebody's own", () => {
    const ours: Catalog = {
      ...withTable("goals", (goals) => ({
        ...goals,
        columns: [...goals.columns, ...goals.columns.slice(-1).map((one) => ({ ...one, name: "mine" }))],
        grants: [...goals.grants, { grantee: "reporting", privileges: ["SELECT"], grantable: [] }],
      })),
      views: [...base.views, ...base.views.slice(0, 1).map((view) => ({ ...view, name: "mine" }))],
    };
    expect(merged(ours)).toEqual(theirs);
  });

  it("has the privileges that a hand took, and not those that a migration took", () => {
    const ours = withTable("goals", (goals) => ({
      ...goals,
      grants: goals.grants.map((grant) =>
        grant.grantee === "authenticated"
          ? { ...grant, privileges: grant.privileges.filter((one) => one !== "DELETE") }
          : grant,
      ),
    }));
    const privileges = (catalog: Catalog): readonly string[] =>
      tableIn(catalog, "goals").grants.find(({ grantee }) => grantee === "authenticated")?.privileges ?? [];
    expect(privileges(base)).toContain("TRUNCATE");
    expect(privileges(merged(ours))).toEqual(privileges(theirs).filter((one) => one !== "DELETE"));
    expect(privileges(merged(ours))).not.toContain("TRUNCATE");
  });

  it("keeps the columns in the order in which they were found; new ones come last", () => {
    const ours = withTable("sent_atas", (table) => ({ ...table, columns: table.columns.toReversed() }));
    const names = ({ columns }: Table): string[] => columns.map(({ name }) => name);
    expect(names(tableIn(merged(ours), "sent_atas"))).toEqual([
      ...names(tableIn(base, "sent_atas")).toReversed(),
      ...names(tableIn(theirs, "sent_atas")).filter(
        (name) => !names(tableIn(base, "sent_atas")).includes(name),
      ),
    ]);
  });

  it("reads a column of another type as it is, in a view that is made again", () => {
    const ours: Catalog = {
      ...base,
      views: base.views.map((view) => ({
        ...view,
        columns: view.columns.map((column) => ({ ...column, type: "text" })),
      })),
    };
    const old = new Set(base.views.map(({ name }) => name));
    const types = (catalog: Catalog, isOld: boolean): string[] =>
      catalog.views
        .filter(({ name }) => old.has(name) === isOld)
        .flatMap((view) => view.columns.map(({ type }) => type));
    expect(new Set(types(merged(ours), true))).toEqual(new Set(["text"]));
    expect(types(merged(ours), false)).toEqual(types(theirs, false));
  });

  it("has the settings of a function that a hand put beside those of the migrations", () => {
    const ours: Catalog = {
      ...base,
      functions: base.functions.map((one) => ({
        ...one,
        body: "BEGIN RETURN NEW; END",
        config: ["search_path=public", "work_mem=8MB"],
      })),
    };
    expect(merged(ours).functions.find(({ name }) => name === "update_updated_at_column")).toMatchObject({
      body: "BEGIN RETURN NEW; END",
      config: ['search_path=""', "work_mem=8MB"],
    });
  });
});
