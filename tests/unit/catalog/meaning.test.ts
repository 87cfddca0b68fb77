import { describe, expect, it } from "vitest";
import { isSameBody, isSameText } from "../../../packages/drizzle-deploy/src/catalog/meaning.ts";

const sameExpression = (one: string | null, other: string | null) => isSameText("expression", one, other);
const sameConstraint = (one: string | null, other: string | null) =>
  isSameText("table constraint", one, other);
const sameViewDefinition = (one: string, other: string) => isSameText("statement", one, other);

describe("sameExpression", () => {
  const written =
    "CHECK (((type)::text = ANY ((ARRAY['a'::character varying, 'it''s, b'::character varying])::text[])))";
  const restored =
    "CHECK (((type)::text = ANY (ARRAY[('a'::character varying)::text, ('it''s, b'::character varying)::text])))";

  it("takes an IN list and its restored dump for the same", () => {
    expect(sameConstraint(written, restored)).toBe(true);
    expect(sameConstraint(restored, written)).toBe(true);
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
    expect(sameConstraint(written, other)).toBe(false);
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
    [
      "a column of another table",
      " SELECT a.x, b.y FROM a CROSS JOIN b;",
      " SELECT x, y FROM a CROSS JOIN b;",
    ],
    ["one more column", " SELECT t.id FROM t;", " SELECT id, a FROM t;"],
    ["one column less", " SELECT t.id, t.a FROM t;", " SELECT id FROM t;"],
    ["the same text inside a literal", " SELECT 't.a'::text AS l FROM t;", " SELECT 'a'::text AS l FROM t;"],
  ])("tells %s from it", (_, one, other) => {
    expect(sameViewDefinition(one, other)).toBe(false);
    expect(sameViewDefinition(other, one)).toBe(false);
  });
});

describe("what a hand writes differently and means alike", () => {
  it.each([
    [
      "other aliases",
      "SELECT p.id, count(c.id) AS n FROM partners p LEFT JOIN clients c ON c.partner_id = p.id GROUP BY p.id",
      "SELECT pa.id, count(pc.id) AS n FROM partners pa LEFT JOIN clients pc ON pa.id = pc.partner_id GROUP BY pa.id",
    ],
    [
      "other aliases in a subquery that looks outside",
      "SELECT a.id FROM t a WHERE EXISTS (SELECT 1 FROM u b WHERE b.t = a.id)",
      "SELECT x.id FROM t x WHERE EXISTS (SELECT 1 FROM u y WHERE y.t = x.id)",
    ],
    [
      "another name of a WITH query",
      "WITH w AS (SELECT 1 AS n) SELECT w.n FROM w",
      "WITH v AS (SELECT 1 AS n) SELECT q.n FROM v q",
    ],
    [
      "a list in another order",
      "SELECT a FROM t WHERE a IN ('x', 'y')",
      "SELECT a FROM t WHERE a IN ('y', 'x')",
    ],
    ["sides turned round", "SELECT a FROM t WHERE auth.uid() = a", "SELECT a FROM t WHERE a = auth.uid()"],
    ["CURRENT_TIMESTAMP", "SELECT now()", "SELECT CURRENT_TIMESTAMP"],
  ])("%s", (_, one, other) => {
    expect(sameViewDefinition(one, other)).toBe(true);
  });

  it.each([
    [
      "aliases changed over",
      "SELECT a.id FROM t a, t b WHERE a.x < b.y",
      "SELECT b.id FROM t a, t b WHERE a.x < b.y",
    ],
    [
      "a column of the outer query",
      "SELECT a.id FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.x = a.y)",
      "SELECT a.id FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.x = b.y)",
    ],
    ["another comparison", "SELECT a FROM t WHERE a < 1", "SELECT a FROM t WHERE a > 1"],
    ["another order", "SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"],
    ["a value more", "SELECT a FROM t WHERE a IN ('x')", "SELECT a FROM t WHERE a IN ('x', 'y')"],
  ])("tells %s from it", (_, one, other) => {
    expect(sameViewDefinition(one, other)).toBe(false);
  });

  it("leaves out a cast of a column that is a text in one database, and a varchar in the other", () => {
    const varchar = "((status)::text <> 'done'::text)";
    const text = "(status <> 'done'::text)";
    const names = { isText: (name: string) => name === "status", schemaOf: () => null };
    expect(isSameText("expression", varchar, text, [names, names])).toBe(true);
    expect(isSameText("expression", varchar, text)).toBe(false);
  });

  describe("where another schema has a name too, so that it is printed with its schema in one database only", () => {
    const named = (schema: string) => ({ isText: () => false, schemaOf: () => schema });
    it.each([
      ["statement", "SELECT a FROM t WHERE k = 'x'::kind", "SELECT a FROM app.t WHERE k = 'x'::app.kind"],
      ["table constraint", "FOREIGN KEY (a) REFERENCES t(id)", "FOREIGN KEY (a) REFERENCES app.t(id)"],
      ["expression", "'x'::kind", "'x'::app.kind"],
      ["statement", "WITH t AS (SELECT 1 AS a) SELECT a FROM t", "WITH t AS (SELECT 1 AS a) SELECT a FROM t"],
    ] as const)("%s %s says the same as %s", (form, one, other) => {
      const here = named("app");
      expect(isSameText(form, one, other, [here, here])).toBe(true);
      expect(isSameText(form, one, other, [here, named("public")])).toBe(true);
    });

    it("another schema's is another one", () => {
      const [one, other] = [named("app"), named("public")];
      expect(isSameText("statement", "SELECT a FROM t", "SELECT a FROM t ", [one, other])).toBe(false);
    });
  });

  const body = "\nBEGIN\n\tNEW.updated_at = now();\n\tRETURN NEW;\nEND;\n";
  it.each([
    ["the case of a function", body.replace("now", "NOW")],
    ["white space and comments", `-- stamps\n${body.replaceAll(/\s+/g, "  /* a /* b */ */ ")}`],
    ["the other sign of assignment", body.replace("=", ":=")],
    ["CURRENT_TIMESTAMP", body.replace("now()", "CURRENT_TIMESTAMP")],
    ["quoted names", body.replace("updated_at", '"updated_at"')],
  ])("a body with %s", (_, other) => {
    expect(isSameBody("plpgsql", body, other)).toBe(true);
  });

  it.each([
    ["another function", body.replace("now", "clock_timestamp")],
    ["a literal in another case", body.replace("now()", "'A'"), body.replace("now()", "'a'")],
    ["a statement more", body.replace("RETURN", "NEW.a = 1; RETURN")],
    ["an argument by name for a comparison", "BEGIN PERFORM f(a := 1); END", "BEGIN PERFORM f(a = 1); END"],
  ])("tells a body with %s from it", (_, one, other = body) => {
    expect(isSameBody("plpgsql", one, other)).toBe(false);
  });
});
