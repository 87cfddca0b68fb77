import { stripVTControlCharacters } from "node:util";

/** The fewest characters that a line is wrapped to, beside what stands before it. */
const narrowest = 20;

/** How far the lines that continue one are indented: to where its text begins, behind its marks and labels. */
function indentOf(line: string, columns: number): number {
  const plain = stripVTControlCharacters(line);
  const gaps = [...plain.matchAll(/\S {2,}(?=\S)/g)].map(({ index, 0: gap }) => index + gap.length);
  const fits = (column: number): boolean =>
    columns - column >= narrowest &&
    plain
      .slice(column)
      .split(" ")
      .every((word) => word.length <= columns - column);
  return gaps.findLast(fits) ?? plain.search(/\S|$/) + 2;
}

function fitLine(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line;
  const indent = indentOf(line, columns);
  if (columns - indent < narrowest) return line;
  const lines: string[] = [];
  let current = "";
  let width = 0;
  for (const [, gap = "", word = ""] of line.matchAll(/( *)([^ ]+)/g)) {
    const [gapWidth, wordWidth] = [gap.length, stripVTControlCharacters(word).length];
    if (width > indent && width + gapWidth + wordWidth > columns) {
      lines.push(current);
      current = " ".repeat(indent) + word;
      width = indent + wordWidth;
    } else {
      current += gap + word;
      width += gapWidth + wordWidth;
    }
  }
  return [...lines, current].join("\n");
}

/**
 * Wraps the lines of a report to a terminal, between words; what continues a line stands below its text. A word that is
 * longer than a line stays whole.
 *
 * @param columns what a line may have, in characters
 */
export function fitLines(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => fitLine(line, columns))
    .join("\n");
}
