/*
 * Words and numbers as a person reads them, wherever they are put together.
 */

/** 1234567 as `1,234,567`; for whole numbers. */
export function formatCount(count: number): string {
  // As `toLocaleString` prints it, which takes some 20 ms the first time.
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 index`, `2 indexes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text of somebody else's, such as the name of a row, as it may be shown on a line: what would break the line, move
 * the cursor, colour or hide what stands around it, or turn its direction, is shown by its code.
 */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (sign) => escapes[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
