import { describe, expect, it } from "vitest";
import {
  type Catalog,
  catalogSchema,
  compareCatalogs,
  type Table,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";

const column = (name: string, type = "text"): Table["columns"][number] => ({
  name,
  type,
  nullable: true,
  default: null,
  generated: null,
  virtual: false,
  identity: null,
  collation: null,
  comment: null,
  grants: [],
});

const orders: Table = {
  schema: "shop",
  name: "orders",
  kind: "table",
  owner: "owner",
  comment: null,
  persistence: "permanent",
  rowSecurity: true,
  forceRowSecurity: false,
  options: [],
  partitionKey: null,
  partition: null,
  columns: [column("id", "bigint"), column("note"), column("state")],
  constraints: [
    {
      name: "orders_pkey",
      type: "p",
      definition: "PRIMARY KEY (id)",
      columns: ["id"],
      references: null,
      validated: true,
      enforced: true,
      deferrable: false,
      initiallyDeferred: false,
    },
  ],
  indexes: [
    {
      name: "orders_state",
      definition: "CREATE INDEX orders_state ON shop.orders USING btree (state)",
      method: "btree",
      unique: false,
      nullsNotDistinct: false,
      valid: true,
      ready: true,
      constraint: null,
      keys: [
        {
          expression: "state",
          column: "state",
          order: "asc",
          nulls: "last",
          collation: null,
          operatorClass: null,
        },
      ],
      include: [],
      predicate: null,
    },
  ],
  policies: [],
  triggers: [],
  grants: [
    { grantee: "owner", privileges: ["MAINTAIN", "SELECT"], grantable: [] },
    { grantee: "reader", privileges: ["MAINTAIN", "SELECT"], grantable: ["SELECT"] },
  ],
};

const shop: Catalog = catalogSchema.parse({
  server: { version: 170010, role: "owner", superuser: false },
  schemas: [{ name: "shop", owner: "owner", comment: null, grants: [] }],
  extensions: [],
  tables: [orders],
  views: [],
  functions: [],
  enums: [{ schema: "shop", name: "state", labels: ["open", "paid"], owner: "owner", comment: null }],
  domains: [],
  sequences: [],
  defaultPrivileges: [],
} satisfies Catalog);

const withOrders = (change: Partial<Table>): Catalog => ({ ...shop, tables: [{ ...orders, ...change }] });

/** A difference in a line, so that a test reads as what it expects. */
function lines(actual: Catalog, expected = shop): string[] {
  return compareCatalogs(expected, actual).map((difference) => {
    const what = `${difference.kind} ${difference.object.kind} ${difference.object.label}`;
    return difference.kind === "different"
      ? `${what} ${difference.property}: ${difference.expected} -> ${difference.actual}`
      : what;
  });
}

describe("compareCatalogs", () => {
  it("finds nothing between a catalog and its copy", () => {
    expect(lines(catalogSchema.parse(JSON.parse(JSON.stringify(shop))))).toEqual([]);
  });

  it("finds nothing where only the server and the reader differ", () => {
    expect(lines({ ...shop, server: { version: 180004, role: "other", superuser: true } })).toEqual([]);
  });

  it.each<[string, Catalog, string[]]>([
    ["a missing table once, without its parts", { ...shop, tables: [] }, ["missing table shop.orders"]],
    [
      "an extra table once, without its parts",
      { ...shop, tables: [orders, { ...orders, name: "others" }] },
      ["extra table shop.others"],
    ],
    [
      "a missing and an extra column",
      withOrders({ columns: [column("id", "bigint"), column("note"), column("status")] }),
      ["missing column shop.orders.state", "extra column shop.orders.status"],
    ],
    [
      "a column's type",
      withOrders({ columns: [column("id", "integer"), column("note"), column("state")] }),
      ["different column shop.orders.id type: bigint -> integer"],
    ],
    [
      "the order of columns, on its own",
      withOrders({ columns: [column("id", "bigint"), column("state"), column("note")] }),
      ["different table shop.orders columnOrder: id, note, state -> id, state, note"],
    ],
    [
      "row security",
      withOrders({ rowSecurity: false }),
      ["different table shop.orders rowSecurity: yes -> no"],
    ],
    [
      "a constraint that is not validated",
      withOrders({ constraints: orders.constraints.map((one) => ({ ...one, validated: false })) }),
      ["different constraint shop.orders.orders_pkey validated: yes -> no"],
    ],
    [
      "an index that failed to build",
      withOrders({ indexes: orders.indexes.map((one) => ({ ...one, valid: false })) }),
      ["different index shop.orders.orders_state valid: yes -> no"],
    ],
    [
      "the order of enum labels",
      { ...shop, enums: shop.enums.map((one) => ({ ...one, labels: ["paid", "open"] })) },
      ["different type shop.state labels: 'open', 'paid' -> 'paid', 'open'"],
    ],
    [
      "a missing grant and a lost grant option",
      withOrders({ grants: [{ grantee: "writer", privileges: ["UPDATE"], grantable: [] }] }),
      ["missing grant shop.orders to reader", "extra grant shop.orders to writer"],
    ],
    [
      "a lost grant option",
      withOrders({ grants: [{ grantee: "reader", privileges: ["MAINTAIN", "SELECT"], grantable: [] }] }),
      [
        "different grant shop.orders to reader privileges: MAINTAIN, SELECT (with grant option: SELECT) -> MAINTAIN, SELECT",
      ],
    ],
  ])("finds %s", (_, actual, expected) => {
    expect(lines(actual)).toEqual(expected);
  });

  it("leaves MAINTAIN out where one server is older than the privilege", () => {
    const grants = [{ grantee: "reader", privileges: ["SELECT"], grantable: ["SELECT"] }];
    const older = { ...withOrders({ grants }), server: { ...shop.server, version: 160014 } };
    expect(lines(older)).toEqual([]);
    expect(lines(withOrders({ grants }))).toHaveLength(1);
  });

  it("compares owners and their grants only when asked to", () => {
    const moved = withOrders({
      owner: "someone",
      grants: [
        { grantee: "reader", privileges: ["MAINTAIN", "SELECT"], grantable: ["SELECT"] },
        { grantee: "someone", privileges: ["MAINTAIN", "SELECT"], grantable: [] },
      ],
    });
    expect(lines(moved)).toEqual([]);
    expect(
      compareCatalogs(shop, moved, { owners: true }).map(({ kind, object }) => [kind, object.label]),
    ).toEqual([
      ["different", "shop.orders"],
      ["missing", "shop.orders to owner"],
      ["extra", "shop.orders to someone"],
    ]);
  });

  it("tells a missing object's definition", () => {
    expect(compareCatalogs(shop, withOrders({ indexes: [] }))).toMatchObject([
      { kind: "missing", expected: "CREATE INDEX orders_state ON shop.orders USING btree (state)" },
    ]);
  });

  it("holds nothing against what a catalog of an earlier version does not say", () => {
    const [first] = orders.columns;
    if (!first) throw new TypeError("a table without columns");
    const columns = [{ ...first, statistics: 500 }, ...orders.columns.slice(1)];
    const now: Catalog = {
      ...withOrders({ replicaIdentity: "full", columns }),
      structures: [
        {
          schema: "shop",
          name: "pair",
          kind: "composite",
          definition: "(a text)",
          owner: "owner",
          comment: null,
        },
      ],
    };
    expect(lines(now)).toEqual([]);
    expect(compareCatalogs(now, shop)).toEqual([]);
    const known: Catalog = {
      ...withOrders({
        replicaIdentity: "default",
        columns: [{ ...first, statistics: null }, ...orders.columns.slice(1)],
      }),
      structures: [],
    };
    expect(compareCatalogs(known, now).map(({ kind, object }) => [kind, object.label])).toEqual([
      ["different", "shop.orders"],
      ["different", "shop.orders.id"],
      ["extra", "shop.pair"],
    ]);
  });
});
