/** Where the business is: the same as the database's `business_date()`. */
export const timeZone = "America/Sao_Paulo";

/** Money as it is written: "1250.00" is "R$ 1,250.00". As text, since a number would round large amounts. */
export function money(amount: string): string {
  const [whole = "0", cents = ""] = amount.replace("-", "").split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return `${amount.startsWith("-") ? "−" : ""}R$ ${grouped}.${cents.padEnd(2, "0").slice(0, 2)}`;
}

/** A number of things in words: `count(1, "post")` is "1 post". */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** Today, `YYYY-MM-DD`. */
export const today = (): string => new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date());

/** A day, moved by whole days. */
export function moved(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, "YYYY-MM-DD".length);
}

const of = (options: Intl.DateTimeFormatOptions) => {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  return (day: string): string => format.format(new Date(`${day}T00:00:00Z`));
};

/** "14 Feb 2026" */
export const shortDay = of({ day: "numeric", month: "short", year: "numeric" });

/** "Saturday, 14 February 2026" */
export const longDay = of({ weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** "Sat 14" */
export const dayInMonth = of({ weekday: "short", day: "numeric" });

const monthAndYear = of({ month: "long", year: "numeric" });

/** "February 2026", of `2026-02` */
export const monthName = (month: string): string => monthAndYear(`${month}-01`);

const clock = new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "medium", timeStyle: "short" });

/** An instant, where the business is: "14 Feb 2026, 03:00" */
export const instant = (at: Date): string => clock.format(at);

/** A name that may be long, for a sentence. */
export const shortened = (name: string): string =>
  [...name].length <= 60 ? name : `${[...name].slice(0, 59).join("")}…`;
