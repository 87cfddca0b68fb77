/**
 * PostgreSQL stores expressions parsed and prints them on request, so the same thing can be printed in two ways.
 * Measured over 15, 16, 17 and 18, there are these two, and nothing else differs.
 */

const varcharLiteral = "E?'(?:[^']|'')*'::character varying(?:\\(\\d+\\))?";
const castArray = new RegExp(`\\(ARRAY\\[(${varcharLiteral}(?:, ${varcharLiteral})*)\\]\\)::text\\[\\]`, "g");
const literal = new RegExp(varcharLiteral, "g");

/**
 * `x IN ('a', 'b')` on a varchar column is stored as a cast of the whole array; the text printed for that, run again,
 * is stored as an array of casts. So a database and its own restored dump disagree, on every major. This is the form
 * that a dump and restore ends in.
 */
function castElements(expression: string): string {
  return expression.replace(
    castArray,
    (_, elements: string) => `ARRAY[${elements.replace(literal, (element) => `(${element})::text`)}]`,
  );
}

/** Whether two expressions or definitions, as PostgreSQL printed them, say the same. */
export function sameExpression(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one === other;
  return one === other || castElements(one) === castElements(other);
}

const token = /"(?:[^"]|"")*"|E?'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_$]*|\s+|./gsu;

/** Whether `qualified` becomes `plain` when one and the same qualifier is dropped from some of its columns. */
function differsByOneQualifier(qualified: string, plain: string): boolean {
  const long = qualified.match(token) ?? [];
  const short = plain.match(token) ?? [];
  let qualifier: string | undefined;
  let at = 0;
  for (const [index, expected] of short.entries()) {
    if (long[at + 1] === "." && short[index + 1] !== ".") {
      qualifier ??= long[at];
      if (long[at] !== qualifier) return false;
      at += 2;
    }
    if (long[at] !== expected) return false;
    at += 1;
  }
  return at === long.length;
}

/**
 * Whether two view definitions, as PostgreSQL printed them, say the same. Up to 15 every column of a view is printed
 * with its table; from 16 on not those of the outermost query where that has a single FROM item. With one item the
 * qualifier says nothing, so dropping it loses nothing.
 */
export function sameViewDefinition(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one === other;
  const [a, b] = [castElements(one), castElements(other)];
  return a === b || differsByOneQualifier(a, b) || differsByOneQualifier(b, a);
}
