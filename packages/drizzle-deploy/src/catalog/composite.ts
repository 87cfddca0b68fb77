/** An attribute of a composite type. */
export interface Attribute {
  readonly name: string;
  /** As `format_type` prints it, with its collation where it has one of its own. */
  readonly type: string;
}

/** The parts of a list between commas that are in no parentheses and no quotes. */
function split(list: string): string[] {
  const parts: string[] = [];
  let [part, depth, isQuoted] = ["", 0, false];
  for (const character of list) {
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && character === "(") depth += 1;
    if (!isQuoted && character === ")") depth -= 1;
    if (character === "," && depth === 0 && !isQuoted) {
      parts.push(part.trim());
      part = "";
    } else {
      part += character;
    }
  }
  return part.trim() === "" ? parts : [...parts, part.trim()];
}

/** The attributes of a composite type, of its definition in a catalog; none for a range. */
export function compositeAttributes(definition: string): Attribute[] {
  if (!definition.startsWith("(")) return [];
  return split(definition.slice(1, -1)).map((part) => {
    const quoted = /^"((?:[^"]|"")*)" (.*)$/s.exec(part);
    if (quoted) return { name: (quoted[1] ?? "").replaceAll('""', '"'), type: quoted[2] ?? "" };
    const space = part.indexOf(" ");
    return { name: part.slice(0, space), type: part.slice(space + 1) };
  });
}

/** The definition of a composite type as a catalog has it. */
export function compositeDefinition(
  attributes: readonly Attribute[],
  quote: (name: string) => string,
): string {
  return `(${attributes.map(({ name, type }) => `${quote(name)} ${type}`).join(", ")})`;
}
