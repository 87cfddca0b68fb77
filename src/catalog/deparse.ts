/**
 * PostgreSQL stores expressions parsed and prints them on request, so the same thing can be printed in two ways.
 * Over a broad sample of objects on 15, 16, 17 and 18 there were these two, and nothing else differed.
 */

/** A quoted name, a literal, a word, white space, or any other character. */
const token = /"(?:[^"]|"")*"|E?'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_$]*|\s+|./gsu;

const castArray = "(ARRAY[";
const arrayCast = /^\)::((?:"(?:[^"]|"")*"|[\p{L}\p{N}_$. ]|\(\d+(?:,\d+)?\))+)\[\]/u;

/** The elements of an array that `text` begins with, just after its bracket, and what follows the closing one. */
function splitElements(text: string): { elements: string[]; rest: string } | undefined {
  const elements = [""];
  let depth = 0;
  let length = 0;
  for (const [part] of text.matchAll(token)) {
    length += part.length;
    if (part === "]" && depth === 0) {
      return { elements: elements.map((element) => element.trim()), rest: text.slice(length) };
    }
    if (part === "(" || part === "[") depth += 1;
    if (part === ")" || part === "]") depth -= 1;
    if (part === "," && depth === 0) elements.push("");
    else elements.push((elements.pop() ?? "") + part);
  }
  return undefined;
}

/**
 * `x IN ('a', 'b')` on a varchar column is stored as a cast of the whole array; the text printed for that, run again,
 * is stored as an array of casts. So a database and its own restored dump disagree, on every major. This is the form
 * that a dump and restore ends in.
 */
function castElements(text: string): string {
  const at = text.indexOf(castArray);
  if (at < 0) return text;
  const before = text.slice(0, at);
  const after = text.slice(at + castArray.length);
  const array = splitElements(after);
  const cast = array && arrayCast.exec(array.rest);
  if (!array || !cast) return before + castArray + castElements(after);
  const elements = array.elements.map((element) => `(${castElements(element)})::${cast[1]}`);
  return `${before}ARRAY[${elements.join(", ")}]${castElements(array.rest.slice(cast[0].length))}`;
}

/** Whether two expressions or definitions, as PostgreSQL printed them, say the same. */
export function sameExpression(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one === other;
  return one === other || castElements(one) === castElements(other);
}

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
