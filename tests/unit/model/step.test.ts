import { describe, expect, it } from "vitest";
import { type ObjectKind, propertyKey } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { readPropertyKey } from "../../../packages/drizzle-deploy/src/model/former-words.ts";
import { lockSchema, targetSchema } from "../../../packages/drizzle-deploy/src/model/step.ts";
import {
  formatStepId,
  includesStep,
  parseStepId,
} from "../../../packages/drizzle-deploy/src/model/step-id.ts";

describe("what databases keep of plans from before 0.2", () => {
  const lock = { schema: "public", name: "t", mode: "SHARE", stopsReads: false, stopsWrites: true };

  it("has locks whose duration was called otherwise", () => {
    expect(lockSchema.parse({ ...lock, held: "moment" })).toEqual({ ...lock, duration: "short" });
    expect(lockSchema.parse({ ...lock, held: "size" })).toEqual({ ...lock, duration: "long" });
    expect(lockSchema.parse({ ...lock, duration: "long" })).toEqual({ ...lock, duration: "long" });
  });

  it("has types of every sort that were called enums", () => {
    const target = { schema: "public", name: "mood", table: null };
    expect(targetSchema.parse({ ...target, kind: "enum" })).toEqual({ ...target, kind: "type" });
    expect(() => targetSchema.parse({ ...target, kind: "sort" })).toThrow();
  });
});

it("what was accepted of a type before 0.2 is known by the key that the type has now", () => {
  const key = (kind: ObjectKind) =>
    propertyKey({ kind, schema: "public", name: "mood", parent: null, label: "public.mood" }, "labels");
  const former = key("type").replace("type", "enum");
  expect(readPropertyKey(former)).toBe(key("type"));
  expect(readPropertyKey(key("table"))).toBe(key("table"));
});

describe("the name of a step", () => {
  it.each([
    ["0003_x/4", { migration: "0003_x", parts: ["4"] }],
    ["0003_x/4.2+5", { migration: "0003_x", parts: ["4.2", "5"] }],
    ["of a folder/0003_x/4", { migration: "of a folder/0003_x", parts: ["4"] }],
  ])("%s is read and written as it is", (text, id) => {
    expect(parseStepId(text)).toEqual(id);
    expect(formatStepId(id)).toBe(text);
  });

  it("is a migration's where it names no statement", () => {
    expect(parseStepId("0003_x")).toEqual({ migration: "0003_x", parts: [] });
  });

  it("includes that of a statement which runs within it, and no other", () => {
    const whole = parseStepId("0003_x/4+5");
    expect(includesStep(whole, parseStepId("0003_x/5"))).toBe(true);
    expect(includesStep(whole, parseStepId("0003_x/4+5"))).toBe(true);
    expect(includesStep(whole, parseStepId("0003_x/6"))).toBe(false);
    expect(includesStep(whole, parseStepId("0004_y/5"))).toBe(false);
    expect(includesStep(parseStepId("0003_x/5"), whole)).toBe(false);
  });
});
