const width = 500;

/** JSON text with a line for each value that fits into one, so that a change of one object is a change of one line. */
export function compactJson(value: unknown, indent = ""): string {
  const line = JSON.stringify(value);
  if (line.length <= width || typeof value !== "object" || value === null) return line;
  const inner = `${indent} `;
  const parts = Array.isArray(value)
    ? value.map((element) => compactJson(element, inner))
    : Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${compactJson(part, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
}
