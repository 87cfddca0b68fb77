import { describe, expect, it } from "vitest";
import { sameExpression, sameViewDefinition } from "../../src/catalog/deparse.ts";

describe("sameExpression", () => {
  const written =
    "CHECK (((type)::text = ANY ((ARRAY['a'::character varying, 'it''s, b'::character varying])::text[])))";
  const restored =
    "CHECK (((type)::text = ANY (ARRAY[('a'::character varying)::text, ('it''s, b'::character varying)::text])))";

  it("takes an IN list and its restored dump for the same", () => {
    expect(sameExpression(written, restored)).toBe(true);
    expect(sameExpression(restored, written)).toBe(true);
  });

  it.each([
    [
      "numbers",
      "(f = ANY ((ARRAY[0.1, 0.2])::double precision[]))",
      "(f = ANY (ARRAY[(0.1)::double precision, (0.2)::double precision]))",
    ],
    [
      "columns and calls",
      '(t <> ALL ((ARRAY["a, b", f(c, d)])::"My type"[]))',
      '(t <> ALL (ARRAY[("a, b")::"My type", (f(c, d))::"My type"]))',
    ],
    [
      "two of them",
      "((a = ANY ((ARRAY[b])::numeric(3,1)[])) AND (c = ANY ((ARRAY[d])::text[])))",
      "((a = ANY (ARRAY[(b)::numeric(3,1)])) AND (c = ANY (ARRAY[(d)::text])))",
    ],
  ])("takes an array cast as a whole and by element for the same: %s", (_, whole, byElement) => {
    expect(sameExpression(whole, byElement)).toBe(true);
  });

  it.each([
    ["another value", restored.replace("'a'", "'c'")],
    ["a value less", "CHECK (((type)::text = ANY (ARRAY[('a'::character varying)::text])))"],
    ["another type", restored.replaceAll("::text", "::name")],
    ["another column", restored.replace("(type)", "(kind)")],
    ["nothing", null],
  ])("tells %s from it", (_, other) => {
    expect(sameExpression(written, other)).toBe(false);
  });

  it("takes nothing and nothing for the same", () => {
    expect(sameExpression(null, null)).toBe(true);
  });
});

describe("sameViewDefinition", () => {
  it.each([
    [
      "a view over one table",
      " SELECT t.id,\n    count(*) AS t\n   FROM t\n  WHERE (t.t AND (t.d < CURRENT_DATE));",
      " SELECT id,\n    count(*) AS t\n   FROM t\n  WHERE (t AND (d < CURRENT_DATE));",
    ],
    [
      "a subquery, which keeps its qualifiers",
      " SELECT t.id\n   FROM t\n  WHERE (EXISTS ( SELECT 1\n           FROM fk\n          WHERE (fk.t_id = t.id)));",
      " SELECT id\n   FROM t\n  WHERE (EXISTS ( SELECT 1\n           FROM fk\n          WHERE (fk.t_id = t.id)));",
    ],
    [
      "quoted names and functions in schemas",
      ` SELECT "T x"."A b",\n    auth.uid() AS uid,\n    't.a'::text AS l\n   FROM "T x";`,
      ` SELECT "A b",\n    auth.uid() AS uid,\n    't.a'::text AS l\n   FROM "T x";`,
    ],
  ])("takes what 15 and 16 print for %s for the same", (_, fifteen, sixteen) => {
    expect(sameViewDefinition(fifteen, sixteen)).toBe(true);
    expect(sameViewDefinition(sixteen, fifteen)).toBe(true);
  });

  it.each([
    ["another column", " SELECT t.id FROM t;", " SELECT di FROM t;"],
    ["another table", " SELECT t.id FROM t;", " SELECT id FROM u;"],
    ["a column of another table", " SELECT a.x, b.y FROM a JOIN b;", " SELECT x, y FROM a JOIN b;"],
    ["one more column", " SELECT t.id FROM t;", " SELECT id, a FROM t;"],
    ["one column less", " SELECT t.id, t.a FROM t;", " SELECT id FROM t;"],
    ["the same text inside a literal", " SELECT 't.a'::text AS l FROM t;", " SELECT 'a'::text AS l FROM t;"],
  ])("tells %s from it", (_, one, other) => {
    expect(sameViewDefinition(one, other)).toBe(false);
    expect(sameViewDefinition(other, one)).toBe(false);
  });
});
