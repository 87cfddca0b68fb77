/** A text in dollar quotes whose tag does not occur in it. PostgreSQL 17 manual, 4.1.2.4 "Dollar-Quoted String Constants". */
export function dollarQuote(text: string, tag: string): string {
  let free = tag;
  for (let number = 1; text.includes(`$${free}`); number += 1) free = `${tag}${number}`;
  return `$${free}$${text}$${free}$`;
}
