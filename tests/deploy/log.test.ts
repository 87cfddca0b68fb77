import { expect, test } from "vitest";
import { readLastLog, readLog, withoutSecrets } from "../../src/deploy/index.ts";
import { testDatabase } from "../support/database.ts";

const database = await testDatabase("production");

test.each([
  ["postgresql://postgres:s3cret@db.example.com/x", "postgresql://postgres@db.example.com/x"],
  ["see postgres://a:p%40ss@h and postgres://b:q@h.", "see postgres://a@h and postgres://b@h."],
  ["postgres://a:p@ss@host/db", "postgres://a@host/db"],
  ["host=h password=s3cret user=a", "host=h password=… user=a"],
  ["postgres://h/db?password=s3cret&x=1", "postgres://h/db?password=…&x=1"],
  ["backup of 2026-02-14 03:00, user@example.com", "backup of 2026-02-14 03:00, user@example.com"],
])("%s", (text, clean) => {
  expect(withoutSecrets(text)).toBe(clean);
});

test("a database on which nothing ever ran has no log", async () => {
  expect(await readLastLog(database.sql)).toBeUndefined();
  expect(await readLog(database.sql, "5f0c2a1e-7d3b-4c58-9a60-1b2c3d4e5f60")).toBeUndefined();
});
