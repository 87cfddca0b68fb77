import { dress, visible } from "./text.ts";

/** The least width of a column in which a definition can still be read. */
const leastWidth = 36;

const toWidth = (line: string, width: number): string =>
  line.length > width ? `${line.slice(0, width - 1)}…` : line.padEnd(width);

/** Lines of both that are the same in their order; the longest such list. */
function common(one: readonly string[], other: readonly string[]): [number, number][] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Array<number>(other.length + 1).fill(0));
  const length = (a: number, b: number): number => lengths[a]?.[b] ?? 0;
  for (let a = one.length - 1; a >= 0; a -= 1) {
    for (let b = other.length - 1; b >= 0; b -= 1) {
      const row = lengths[a];
      if (!row) continue;
      row[b] = one[a] === other[b] ? length(a + 1, b + 1) + 1 : Math.max(length(a + 1, b), length(a, b + 1));
    }
  }
  const pairs: [number, number][] = [];
  for (let [a, b] = [0, 0]; a < one.length && b < other.length; ) {
    if (one[a] === other[b]) pairs.push([a++, b++]);
    else if (length(a + 1, b) >= length(a, b + 1)) a += 1;
    else b += 1;
  }
  return pairs;
}

/**
 * Two texts beside each other, line by line; lines that both have stand on one height, and are dimmed. In a narrow
 * terminal long lines are cut: `--json` has them whole.
 *
 * @param width of the terminal, in characters
 */
export function sideBySide(
  [leftTitle, left]: readonly [title: string, text: string],
  [rightTitle, right]: readonly [title: string, text: string],
  width: number,
): string[] {
  const column = Math.max(leastWidth, Math.floor((width - 7) / 2));
  const linesOf = (text: string): string[] =>
    text
      .split("\n")
      .map((line) => visible(line.replaceAll("\t", "  ").trimEnd()))
      .filter((line) => line !== "");
  const [one, other] = [linesOf(left), linesOf(right)];
  const rows: [string, string][] = [];
  const same: boolean[] = [];
  let [a, b] = [0, 0];
  for (const [nextA, nextB] of [...common(one, other), [one.length, other.length]]) {
    for (; a < (nextA ?? 0) || b < (nextB ?? 0); ) {
      rows.push([a < (nextA ?? 0) ? (one[a++] ?? "") : "", b < (nextB ?? 0) ? (other[b++] ?? "") : ""]);
      same.push(false);
    }
    if (a < one.length && b < other.length) {
      rows.push([one[a++] ?? "", other[b++] ?? ""]);
      same.push(true);
    }
  }
  const row = (l: string, r: string): string => `    ${toWidth(l, column)} │ ${toWidth(r, column).trimEnd()}`;
  return [
    dress.strong(row(leftTitle, rightTitle)),
    ...rows.map(([l, r], at) => (same[at] ? dress.quiet(row(l, r)) : row(l, r))),
  ];
}
