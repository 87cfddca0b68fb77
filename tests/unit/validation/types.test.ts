import type { PgUpdateSetSource } from "drizzle-orm/pg-core";
import { expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { TaskPriority, TaskStatus } from "../../../src/schema/index.ts";
import type { TableName, Tables, WritableName } from "../../../src/schema/tables.ts";
import { nonEmpty, validators } from "../../../src/validation/index.ts";

type Validators = typeof validators;

/** Whether two types are the same, optional and readonly keys included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The tables for which a pair of types is not the same. */
type Otherwise<Pairs extends Record<string, readonly [unknown, unknown]>> = {
  [Name in keyof Pairs]: Same<Pairs[Name][0], Pairs[Name][1]> extends true ? never : Name;
}[keyof Pairs];

it("a row is what Drizzle reads, of every table", () => {
  type Rows = { [Name in TableName]: [z.infer<Validators[Name]["row"]>, Tables[Name]["$inferSelect"]] };
  expectTypeOf<Otherwise<Rows>>().toBeNever();
});

it("a row to insert is what Drizzle inserts, of every table that is written to", () => {
  type Inserted = {
    [Name in WritableName]: [z.infer<Validators[Name]["insert"]>, Tables[Name]["$inferInsert"]];
  };
  expectTypeOf<Otherwise<Inserted>>().toBeNever();
});

it("a change is any part of a row to insert, and Drizzle takes it", () => {
  type Part<Row> = { [Key in keyof Row]?: Row[Key] | undefined };
  type Changes = {
    [Name in WritableName]: [z.infer<Validators[Name]["update"]>, Part<Tables[Name]["$inferInsert"]>];
  };
  expectTypeOf<Otherwise<Changes>>().toBeNever();
  type Refused = {
    [Name in WritableName]: z.infer<Validators[Name]["update"]> extends PgUpdateSetSource<Tables[Name]>
      ? never
      : Name;
  }[WritableName];
  expectTypeOf<Refused>().toBeNever();
});

it("what is given is what comes out: no schema changes a value", () => {
  type Changing = {
    [Name in WritableName]: [z.input<Validators[Name]["insert"]>, z.output<Validators[Name]["insert"]>];
  };
  expectTypeOf<Otherwise<Changing>>().toBeNever();
});

it("a comparison of types tells them apart", () => {
  expectTypeOf<Otherwise<{ a: [{ x: string }, { x: string | null }]; b: [1, 1] }>>().toEqualTypeOf<"a">();
  expectTypeOf<Otherwise<{ a: [{ x?: string }, { x: string }] }>>().toEqualTypeOf<"a">();
});

it("a narrowed change keeps its types", () => {
  const change = nonEmpty(validators.operationalTasks.update.pick({ status: true, priority: true }));
  expectTypeOf<z.infer<typeof change>>().toEqualTypeOf<{
    status?: TaskStatus | undefined;
    priority?: TaskPriority | undefined;
  }>();
  expect(change.shape.status.unwrap().options).toEqual(["todo", "in_progress", "done"]);
});

it("a table that a trigger alone writes to has rows only", () => {
  expectTypeOf(validators.automationPermissionsAudit).not.toHaveProperty("insert");
  expect(Object.keys(validators.automationPermissionsAudit)).toEqual(["row"]);
  expect(Object.keys(validators.accounts)).toEqual(["row", "insert", "update"]);
});
