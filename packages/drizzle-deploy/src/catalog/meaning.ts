import { fingerprint, parseStatements, places } from "../sql/parser.ts";

/*
 * Whether two texts of SQL say the same. PostgreSQL stores what it was given parsed and prints it on request, so that
 * one thing can be printed in several ways: with the aliases of whoever wrote it, with a cast for each element of a
 * list or one for all of it (a database and its own restored dump differ so), on 15 with a table before each column.
 * What is compared is a tree in one form, in which none of that is left; what the rules below do not make equal counts
 * as different.
 */

/** How a text has to be wrapped to be a statement. */
export type TextForm = "statement" | "expression" | "table constraint" | "domain constraint";

/** What the names of a text stand for, in the database that it is of. */
export interface NameResolution {
  /** Whether every column of a name is of a string type, so that a cast to text changes nothing. */
  readonly isText: (column: string) => boolean;
  /**
   * The schema of a relation or type that is printed without one; null where it is not known. PostgreSQL prints one as soon
   * as another schema has the name too.
   */
  readonly schemaOf: (space: "relation" | "type", name: string) => string | null;
}

const wrap: Readonly<Record<TextForm, (text: string) => string>> = {
  statement: (text) => text,
  expression: (text) => `SELECT ${text}`,
  "table constraint": (text) => `ALTER TABLE t ADD ${text}`,
  "domain constraint": (text) => `ALTER DOMAIN d ADD ${text}`,
};

type Tree = unknown;
type Fields = Readonly<Record<string, Tree>>;

const isFields = (tree: Tree): tree is Fields =>
  typeof tree === "object" && tree !== null && !Array.isArray(tree);

const listOf = (tree: Tree): readonly Tree[] => (Array.isArray(tree) ? tree : []);

/** The fields of a node of one kind; undefined for any other. */
function asNode(tree: Tree, kind: string): Fields | undefined {
  const fields = isFields(tree) ? tree[kind] : undefined;
  return isFields(fields) ? fields : undefined;
}

function textOf(tree: Tree): string | undefined {
  const { sval } = asNode(tree, "String") ?? {};
  return typeof sval === "string" ? sval : undefined;
}

const string = (sval: string): Tree => ({ String: { sval } });

const byText = (one: Tree, other: Tree): number => {
  const [a, b] = [fingerprint(one), fingerprint(other)];
  return a < b ? -1 : a > b ? 1 : 0;
};

/** The type that a cast without a modifier or a bound is to; undefined for any other. */
function plainType(typeName: Tree): string | undefined {
  if (!isFields(typeName) || listOf(typeName["typmods"]).length > 0) return undefined;
  if (listOf(typeName["arrayBounds"]).length > 0) return undefined;
  const names = listOf(typeName["names"]).map(textOf);
  const last = names.at(-1);
  return names.length === 1 || names[0] === "pg_catalog" ? last : undefined;
}

const stringTypes: readonly (string | undefined)[] = ["text", "varchar"];

/** A cast that says nothing is left out; one of a whole array is given to each element. */
function canonicalCast(cast: Fields, names: NameResolution): Tree {
  const { arg, typeName } = cast;
  const array = asNode(arg, "A_ArrayExpr");
  if (array && isFields(typeName) && listOf(typeName["arrayBounds"]).length > 0) {
    const { arrayBounds: _, ...elementType } = typeName;
    const elements = listOf(array["elements"]).map((element) =>
      canonicalCast({ arg: element, typeName: elementType }, names),
    );
    return { A_ArrayExpr: { elements } };
  }
  if (stringTypes.includes(plainType(typeName))) {
    if (isFields(asNode(arg, "A_Const")?.["sval"])) return arg;
    const column = textOf(listOf(asNode(arg, "ColumnRef")?.["fields"]).at(-1));
    if (column !== undefined && names.isText(column)) return arg;
  }
  return { TypeCast: { arg, typeName: qualifiedType(typeName, names) } };
}

/** A type with the schema that it is in. */
function qualifiedType(typeName: Tree, { schemaOf }: NameResolution): Tree {
  if (!isFields(typeName)) return typeName;
  const path = listOf(typeName["names"]);
  const name = path.length === 1 ? textOf(path[0]) : undefined;
  const schema = name === undefined ? null : schemaOf("type", name);
  return schema === null ? typeName : { ...typeName, names: [string(schema), ...path] };
}

/** A relation with the schema that it is in. */
function qualifiedRelation(relation: Fields, { schemaOf }: NameResolution): Fields {
  const { relname, schemaname } = relation;
  if (typeof relname !== "string" || schemaname !== undefined) return relation;
  const schema = schemaOf("relation", relname);
  return schema === null ? relation : { ...relation, schemaname: schema };
}

/** Operators with which the sides change places. */
const turned: Readonly<Record<string, string>> = { "=": "=", "<>": "<>", ">": "<", ">=": "<=" };

const booleanOf = (tree: Tree): boolean | undefined => {
  const value = asNode(tree, "A_Const")?.["boolval"];
  return isFields(value) ? value["boolval"] === true : undefined;
};

/** Comparisons in one direction, lists in one order. */
function canonicalOperation(operation: Fields): Tree {
  const { kind, name, lexpr, rexpr } = operation;
  const [operator, ...qualified] = listOf(name).map(textOf);
  if (operator === undefined || qualified.length > 0) return { A_Expr: operation };
  if (kind === "AEXPR_IN") {
    const items = listOf(asNode(rexpr, "List")?.["items"]);
    const array = { A_ArrayExpr: { elements: items.toSorted(byText) } };
    return {
      A_Expr: {
        kind: operator === "=" ? "AEXPR_OP_ANY" : "AEXPR_OP_ALL",
        name: [string(operator)],
        lexpr,
        rexpr: array,
      },
    };
  }
  if (kind === "AEXPR_OP_ANY" || kind === "AEXPR_OP_ALL") {
    const array = asNode(rexpr, "A_ArrayExpr");
    if (!array) return { A_Expr: operation };
    const elements = listOf(array["elements"]).toSorted(byText);
    return { A_Expr: { kind, name, lexpr, rexpr: { A_ArrayExpr: { elements } } } };
  }
  const opposite = turned[operator];
  if (kind !== "AEXPR_OP" || opposite === undefined || lexpr === undefined) return { A_Expr: operation };
  const isSymmetric = opposite === operator;
  if (operator === "=") {
    for (const [one, other] of [
      [lexpr, rexpr],
      [rexpr, lexpr],
    ]) {
      const value = booleanOf(one);
      if (value === true) return other;
      if (value === false) return { BoolExpr: { boolop: "NOT_EXPR", args: [other] } };
    }
  }
  const isTurned = isSymmetric ? byText(lexpr, rexpr) > 0 : true;
  return isTurned
    ? { A_Expr: { kind, name: [string(opposite)], lexpr: rexpr, rexpr: lexpr } }
    : { A_Expr: operation };
}

/** `a AND (b AND c)` as one list in one order. */
function canonicalLogic({ boolop, args }: Fields): Tree {
  if (boolop === "NOT_EXPR") return { BoolExpr: { boolop, args } };
  const flat = listOf(args).flatMap((arg) => {
    const inner = asNode(arg, "BoolExpr");
    return inner && inner["boolop"] === boolop ? listOf(inner["args"]) : [arg];
  });
  return { BoolExpr: { boolop, args: flat.toSorted(byText) } };
}

const now: Tree = { FuncCall: { funcname: [string("now")], funcformat: "COERCE_EXPLICIT_CALL" } };

/** PostgreSQL's own functions without their schema, the start of the transaction under one name. */
function canonicalCall(call: Fields): Tree {
  const path = listOf(call["funcname"]);
  const names = path.length === 2 && textOf(path[0]) === "pg_catalog" ? path.slice(1) : path;
  const isStart = names.length === 1 && ["now", "transaction_timestamp"].includes(textOf(names[0]) ?? "");
  return isStart && call["args"] === undefined ? now : { FuncCall: { ...call, funcname: names } };
}

/** The names that a query's own FROM and WITH give, with those that stand for them; the outer query's behind it. */
interface Scope {
  readonly relations: ReadonlyMap<string, string>;
  readonly queries: ReadonlyMap<string, string>;
  /** The one relation of an outermost query: what its columns are qualified with. */
  readonly only: string | null;
  readonly outer: Scope | null;
}

const nothing: Scope = { relations: new Map(), queries: new Map(), only: null, outer: null };

function lookUp(scope: Scope | null, names: "relations" | "queries", name: string): string | undefined {
  for (let at = scope; at; at = at.outer) {
    const found = at[names].get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names under which a FROM item is known, in their order. */
function namesOf(item: Tree): string[] {
  const join = asNode(item, "JoinExpr");
  const aliasOf = (fields: Fields | undefined): string[] => {
    const alias = fields?.["alias"];
    const name = isFields(alias) ? alias["aliasname"] : undefined;
    return typeof name === "string" ? [name] : [];
  };
  if (join) return [...namesOf(join["larg"]), ...namesOf(join["rarg"]), ...aliasOf(join)];
  const relation = asNode(item, "RangeVar");
  const own = relation?.["relname"];
  if (relation && typeof own === "string") return aliasOf(relation).length > 0 ? aliasOf(relation) : [own];
  if (!isFields(item)) return [];
  return Object.values(item).flatMap((fields) => (isFields(fields) ? aliasOf(fields) : []));
}

/** Puts trees into one form; of one text, since it numbers the aliases of all its queries. */
function canonicaliser(names: NameResolution): (tree: Tree) => Tree {
  let count = 0;
  const next = (letter: string): string => {
    count += 1;
    return `${letter} ${count}`;
  };

  function scopeOf(select: Fields, outer: Scope): Scope {
    const ctes = listOf(isFields(select["withClause"]) ? select["withClause"]["ctes"] : undefined);
    const queries = new Map(
      ctes.flatMap((node) => {
        const name = asNode(node, "CommonTableExpr")?.["ctename"];
        return typeof name === "string" ? [[name, next("query")] as const] : [];
      }),
    );
    const names = listOf(select["fromClause"]).flatMap(namesOf);
    const relations = new Map(names.map((name) => [name, next("relation")] as const));
    const [first, ...others] = [...relations.values()];
    const isOutermost = outer === nothing;
    return {
      relations,
      queries,
      only: isOutermost && first !== undefined && others.length === 0 ? first : null,
      outer,
    };
  }

  function column(reference: Fields, scope: Scope): Tree {
    const fields = listOf(reference["fields"]);
    const first = textOf(fields[0]);
    if (first === undefined) return { ColumnRef: { fields } };
    if (fields.length === 1) {
      return { ColumnRef: { fields: scope.only === null ? fields : [string(scope.only), ...fields] } };
    }
    const known = fields.length === 2 ? lookUp(scope, "relations", first) : undefined;
    return { ColumnRef: { fields: known === undefined ? fields : [string(known), ...fields.slice(1)] } };
  }

  /** A relation, subquery, function or join of FROM under the name that stands for its own. */
  function renamed(kind: string, fields: Fields, scope: Scope): Tree {
    const [own] = kind === "JoinExpr" ? [] : namesOf({ [kind]: fields });
    const { alias, ...rest } = fields;
    const inner = visitFields(rest, scope);
    const name = own === undefined ? undefined : lookUp(scope, "relations", own);
    const given = isFields(alias) ? alias : {};
    const { relname, schemaname } = fields;
    const query =
      kind === "RangeVar" && typeof relname === "string" && schemaname === undefined
        ? lookUp(scope, "queries", relname)
        : undefined;
    return {
      [kind]: {
        ...(kind === "RangeVar" && query === undefined ? qualifiedRelation(inner, names) : inner),
        ...(query === undefined ? {} : { relname: query }),
        ...(name === undefined
          ? alias === undefined
            ? {}
            : { alias }
          : { alias: { ...given, aliasname: name } }),
      },
    };
  }

  function visitFields(fields: Fields, scope: Scope): Fields {
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, visit(value, scope)]));
  }

  /** The one column that a subquery of an expression has needs no name. */
  function withoutName(select: Tree): Tree {
    const fields = asNode(select, "SelectStmt");
    if (!fields) return select;
    const targets = listOf(fields["targetList"]).map((target) => {
      const { name: _, ...rest } = asNode(target, "ResTarget") ?? {};
      return { ResTarget: rest };
    });
    return { SelectStmt: { ...fields, ...(targets.length > 0 ? { targetList: targets } : {}) } };
  }

  function select(fields: Fields, outer: Scope): Fields {
    const scope = scopeOf(fields, outer);
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => {
        // The halves of a UNION are queries of their own, and no tree says so of them.
        if ((name === "larg" || name === "rarg") && isFields(value)) return [name, select(value, scope)];
        if (name === "withClause" && isFields(value)) {
          const ctes = listOf(value["ctes"]).map((node) => {
            const cte = asNode(node, "CommonTableExpr");
            if (!cte) return visit(node, scope);
            const own = cte["ctename"];
            const known = typeof own === "string" ? scope.queries.get(own) : undefined;
            return { CommonTableExpr: { ...visitFields(cte, scope), ctename: known ?? own } };
          });
          return [name, { ...value, ctes }];
        }
        return [name, visit(value, scope)];
      }),
    );
  }

  function visit(tree: Tree, scope: Scope): Tree {
    if (Array.isArray(tree)) return tree.map((part) => visit(part, scope));
    if (!isFields(tree)) return tree;
    const [entry, ...others] = Object.entries(tree);
    if (!entry || others.length > 0) return visitFields(tree, scope);
    const [kind, fields] = entry;
    if (!isFields(fields)) return visitFields(tree, scope);
    switch (kind) {
      case "SelectStmt":
        return { SelectStmt: select(fields, scope) };
      case "ColumnRef":
        return column(fields, scope);
      case "RangeVar":
      case "RangeSubselect":
      case "RangeFunction":
      case "RangeTableFunc":
      case "JoinExpr":
        return renamed(kind, fields, scope);
      case "SubLink":
        return {
          SubLink: visitFields({ ...fields, subselect: withoutName(fields["subselect"]) }, scope),
        };
      case "TypeCast":
        return canonicalCast(visitFields(fields, scope), names);
      case "Constraint": {
        const { pktable } = fields;
        const referenced = isFields(pktable) ? { pktable: qualifiedRelation(pktable, names) } : {};
        return { Constraint: visitFields({ ...fields, ...referenced }, scope) };
      }
      case "A_Expr":
        return canonicalOperation(visitFields(fields, scope));
      case "BoolExpr":
        return canonicalLogic(visitFields(fields, scope));
      case "FuncCall":
        return canonicalCall(visitFields(fields, scope));
      case "SQLValueFunction":
        return fields["op"] === "SVFOP_CURRENT_TIMESTAMP" ? now : tree;
      default:
        return { [kind]: visitFields(fields, scope) };
    }
  }

  return (tree) => visit(tree, nothing);
}

/** What a text of a catalog says, kept as long as the catalog is: it is compared with several others. */
const said = new WeakMap<NameResolution, Map<string, string | null>>();

/** A text in the one form of all that say the same; null where it does not parse. */
function canonical(form: TextForm, text: string, names: NameResolution): string | null {
  // Of no catalog: nobody knows for how long to keep it.
  if (names === unknown) return makeCanonical(form, text, names);
  const known = said.get(names) ?? new Map<string, string | null>();
  said.set(names, known);
  const key = `${form} ${text}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = makeCanonical(form, text, names);
  known.set(key, made);
  return made;
}

function makeCanonical(form: TextForm, text: string, names: NameResolution): string | null {
  try {
    const inOneForm = canonicaliser(names);
    return fingerprint(parseStatements(wrap[form](text)).map(({ node }) => inOneForm(withoutPlaces(node))));
  } catch {
    // Printed by a server that is newer than the parser, or in no form of a statement.
    return null;
  }
}

/** Places in the source go first: what is sorted later is sorted by what it says. */
function withoutPlaces(tree: Tree): Tree {
  if (Array.isArray(tree)) return tree.map(withoutPlaces);
  if (!isFields(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([name]) => !places.has(name))
      .map(([name, value]) => [name, withoutPlaces(value)]),
  );
}

const unknown: NameResolution = { isText: () => false, schemaOf: () => null };

/**
 * Whether two texts, as PostgreSQL prints them or as somebody wrote them, say the same.
 *
 * @param names by side: a database in which a column is `text` casts less than one in which it is `varchar`
 */
export function isSameText(
  form: TextForm,
  one: string | null,
  other: string | null,
  [names, otherNames]: readonly [NameResolution, NameResolution] = [unknown, unknown],
): boolean {
  if (one === null || other === null || one === other) return one === other;
  const inOneForm = canonical(form, one, names);
  return inOneForm !== null && inOneForm === canonical(form, other, otherNames);
}

/*
 * A body of PL/pgSQL is a text to PostgreSQL's grammar. Its words are compared, which is enough to look past what
 * people write differently: comments, white space, the case of key words and of names without quotes, and the two
 * signs of an assignment. PostgreSQL 17 manual, 4.1 "Lexical Structure".
 */
const token =
  /(?<space>\s+|--[^\n]*)|(?<block>\/\*)|(?<dollar>\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$)|(?<escaped>E'(?:[^'\\]|''|\\.)*')|(?<quoted>"(?:[^"]|"")*"|(?:[BXN]|U&)?'(?:[^']|'')*')|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<number>\d[\d.]*(?:e[+-]?\d+)?)|(?<sign>:=|::|=>|<=|>=|<>|!=|\|\||\.\.|.)/giuy;

/** The length of a block comment at the start of a text; they nest. */
function blockComment(text: string): number {
  let depth = 0;
  for (const { 0: sign, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += sign === "/*" ? 1 : -1;
    if (depth === 0) return index + 2;
  }
  return text.length;
}

function tokensOf(body: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < body.length) {
    token.lastIndex = at;
    const match = token.exec(body);
    if (!match?.groups) break;
    const { space, block, dollar, quoted, escaped, number, word } = match.groups;
    at = token.lastIndex;
    if (space !== undefined) continue;
    if (block !== undefined) {
      at = match.index + blockComment(body.slice(match.index));
    } else if (dollar !== undefined) {
      const end = body.indexOf(dollar, at);
      at = end < 0 ? body.length : end + dollar.length;
      tokens.push(body.slice(match.index, at));
    } else if (quoted !== undefined) {
      // A name that would be the same without its quotes.
      tokens.push(/^"[a-z_][a-z0-9_]*"$/.test(quoted) ? quoted.slice(1, -1) : quoted);
    } else if (escaped !== undefined || number !== undefined) {
      tokens.push(match[0]);
    } else if (word !== undefined) {
      const small = word.toLowerCase();
      if (small === "current_timestamp") tokens.push("now", "(", ")");
      else tokens.push(small);
    } else tokens.push(match[0] === "!=" ? "<>" : match[0]);
  }
  return tokens;
}

/** After these a statement begins. */
const openers: readonly (string | undefined)[] = [";", "begin", "then", "else", "loop", undefined];

/** Where the variable, field or element ends that a statement at `start` may assign to. */
function endOfTarget(tokens: readonly string[], start: number): number {
  let at = start + 1;
  for (;;) {
    if (tokens[at] === ".") at += 2;
    else if (tokens[at] === "[") {
      while (at < tokens.length && tokens[at] !== "]") at += 1;
      at += 1;
    } else return at;
  }
}

/** `x = 1` as `x := 1` where it is a statement of its own. */
function withOneAssignment(tokens: readonly string[]): string[] {
  const assignments = new Set(
    tokens.flatMap((one, at) =>
      openers.includes(tokens[at - 1]) && /^[\p{L}_"]/u.test(one) ? [endOfTarget(tokens, at)] : [],
    ),
  );
  return tokens.map((one, at) => (one === "=" && assignments.has(at) ? ":=" : one));
}

/** After these words a relation is named. */
const beforeRelation: readonly (string | undefined)[] = ["from", "join", "into", "update", "only", "using"];

/**
 * The functions and relations that a body of SQL or PL/pgSQL names without saying their schema, as it spells them; too
 * many rather than too few.
 */
export function unqualifiedNames(body: string): string[] {
  const tokens = tokensOf(body);
  return tokens.flatMap((one, at) => {
    if (!/^[\p{L}_"]/u.test(one) || tokens[at - 1] === "." || tokens[at + 1] === ".") return [];
    const isNamed = tokens[at + 1] === "(" || beforeRelation.includes(tokens[at - 1]);
    return isNamed ? [one.replace(/^"(.*)"$/, "$1")] : [];
  });
}

/** Whether two bodies of functions of one language say the same. */
export function isSameBody(language: string, one: string | null, other: string | null): boolean {
  if (one === null || other === null || one === other) return one === other;
  if (language === "sql" && isSameText("statement", one, other)) return true;
  if (language !== "plpgsql" && language !== "sql") return false;
  const words = (body: string): string => {
    const tokens = withOneAssignment(tokensOf(body));
    // The semicolon behind the last END may be left out.
    return JSON.stringify(tokens.at(-1) === ";" ? tokens.slice(0, -1) : tokens);
  };
  return words(one) === words(other);
}

/** The definition of a constraint without `NOT VALID`, which PostgreSQL prints into it: that is a property of its own. */
export const withoutValidity = (definition: string): string => definition.replace(/\s+NOT VALID$/, "");
