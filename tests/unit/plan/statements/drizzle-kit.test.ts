import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  numeric,
  pgMaterializedView,
  pgPolicy,
  pgRole,
  pgSchema,
  primaryKey,
  serial,
  text,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { parseStatements } from "../../../../packages/drizzle-deploy/src/sql/parser.ts";
import { classify, type StatementContext } from "../../../../packages/drizzle-deploy/src/statements/index.ts";
import { spfpNames } from "../../../../src/spfp.ts";

/** A schema with one of everything that drizzle-kit describes, in two versions. */
function schema(isSecond: boolean) {
  const area = pgSchema("area");
  const mood = area.enum("mood", isSecond ? ["sad", "so so", "ok"] : ["sad", "ok"]);
  const numbers = area.sequence("numbers", { startWith: 5, increment: isSecond ? 2 : 1 });
  const visitor = pgRole("visitor", isSecond ? { createDb: true, inherit: true } : { inherit: true });
  const flag = boolean("flag").default(isSecond);
  if (isSecond) flag.notNull();
  const parent = area.table("parent", {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    name: varchar("name", { length: isSecond ? 80 : 50 }).notNull(),
    size: numeric("size", { precision: isSecond ? 12 : 10, scale: 2 }),
    flag,
  });
  const more = isSecond
    ? area.table("more", { id: integer("id"), extra: text("extra").default("x").notNull() })
    : area.table("more", { id: integer("id") });
  const child = area.table(
    "child",
    {
      id: integer("id")
        .primaryKey()
        .generatedAlwaysAsIdentity({ startWith: isSecond ? 10 : 1 }),
      number: serial("number"),
      parentId: bigint("parent_id", { mode: "number" }),
      mood: mood("mood").default("ok"),
      code: uuid("code").defaultRandom(),
      twice: integer("twice").generatedAlwaysAs(sql`number * 2`),
    },
    (table) => [
      foreignKey({
        columns: [table.parentId],
        foreignColumns: [parent.id],
        name: "child_parent_fk",
      }).onDelete(isSecond ? "cascade" : "set null"),
      check("child_number_check", isSecond ? sql`number >= 0` : sql`number > 0`),
      index("child_code_idx").on(table.code.desc().nullsLast()),
      uniqueIndex("child_lower_idx")
        .on(sql`lower(code::text)`)
        .where(sql`number > 0`)
        .with({ fillfactor: 70 }),
      pgPolicy("child_read", { for: "select", to: visitor, using: isSecond ? sql`number > 1` : sql`true` }),
      ...(isSecond
        ? [unique("child_code_key").on(table.code), index("child_mood_idx").using("hash", table.mood)]
        : []),
    ],
  );
  const pair = area.table("pair", { a: integer("a"), b: integer("b"), c: integer("c") }, (table) => [
    isSecond
      ? primaryKey({ columns: [table.a, table.b, table.c], name: "pair_pk" })
      : primaryKey({ columns: [table.a, table.b], name: "pair_pk" }),
  ]);
  const names = area
    .view("names", { name: text("name") })
    .with({ securityInvoker: isSecond, checkOption: "local" })
    .as(sql`select name from area.parent`);
  const summary = pgMaterializedView("summary", { flag: boolean("flag") }).as(
    sql`select flag from area.parent`,
  );
  return { area, mood, numbers, visitor, parent, more, child, pair, names, ...(isSecond ? { summary } : {}) };
}

/** Nothing is there, and nothing is new: every hazard that a statement can have shows. */
const anything: StatementContext = {
  names: spfpNames,
  schemas: ["area", "public"],
  serverVersion: 17,
  isUtc: false,
  isSmall: () => false,
  isOwn: () => false,
  isBegun: () => false,
  isEmpty: () => false,
  isNew: () => false,
  isSuperuser: false,
  described: () => undefined,
  membersOf: () => [],
  table: () => undefined,
  tableBefore: () => undefined,
  tableAfter: () => undefined,
  isTaken: () => false,
  strangePartitions: () => [],
  domainRules: () => [],
  usersOf: () => [],
  tableAtLast: () => undefined,
  isView: () => false,
  exists: () => true,
  existsAfter: () => false,
  rows: () => 1_000_000,
  overloads: () => [],
  volatility: () => "stable",
  isAggregate: () => false,
  isVolatileOperator: () => false,
  isRuled: () => false,
  isOwner: () => true,
  relatives: () => [],
  routines: () => [],
  referencedFromOutside: () => undefined,
  dependents: () => [],
  partitions: () => [],
  referencing: () => [],
  reads: () => [],
  sequencesOf: () => [],
  isStrictDomain: () => false,
  indexTable: () => ({ schema: "area", name: "child" }),
  keyTable: () => undefined,
};

describe("what drizzle-kit writes", () => {
  const versions = [
    generateDrizzleJson({}),
    generateDrizzleJson(schema(false)),
    generateDrizzleJson(schema(true)),
  ] as const;
  it.each([
    ["for a new schema", versions[0], versions[1]],
    ["for a change of it", versions[1], versions[2]],
    ["for the change back", versions[2], versions[1]],
    ["for dropping it all", versions[2], versions[0]],
  ])("%s is understood", async (_, from, to) => {
    const statements = (await generateMigration(from, to)).flatMap((text) => parseStatements(text));
    expect(statements.length).toBeGreaterThan(5);
    const refused = statements.flatMap((statement) =>
      classify(statement, anything).filter(({ hazards }) =>
        hazards.some(({ name }) => name === "unsupported"),
      ),
    );
    expect(refused.map(({ sql: text, hazards }) => [text, ...hazards.map(({ message }) => message)])).toEqual(
      [],
    );
  });
});
