/*
 * Time and money as the tests reckon them: with Intl and BigInt, and nothing of PostgreSQL's. An instant is a number
 * of microseconds since 1970 in UTC; a day is text as YYYY-MM-DD; money is an integer of cents.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant in a time zone. */
export function dayOf(instant: bigint, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
    formats.set(timeZone, format);
  }
  // Rounded down, not towards zero: a microsecond before midnight belongs to the day before.
  const remainder = ((instant % 1000n) + 1000n) % 1000n;
  return format.format(Number((instant - remainder) / 1000n));
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The first instant of a day in a time zone, to the millisecond. */
export function startOfDay(day: string, timeZone: string): bigint {
  let before = BigInt(Date.parse(`${day}T00:00:00Z`)) - 36n * 3_600_000n;
  let since = before + 72n * 3_600_000n;
  while (since - before > 1n) {
    const middle = (before + since) / 2n;
    if (dayOf(middle * 1000n, timeZone) < day) before = middle;
    else since = middle;
  }
  return since * 1000n;
}

/** An instant as PostgreSQL reads it, whatever the session's time zone. */
export function timestamp(instant: bigint): string {
  const milliseconds = instant / 1000n;
  const rest = String(instant % 1000n).padStart(3, "0");
  return new Date(Number(milliseconds)).toISOString().replace("Z", `${rest}Z`);
}

/** A number of cents as a decimal. */
export function money(cents: bigint): string {
  return decimal(cents, 2);
}

/** An integer with so many decimals as the shortest decimal that is equal to it. */
export function decimal(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  const sign = value < 0n ? "-" : "";
  return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** PostgreSQL's decimal as the shortest one that is equal to it: 12.50 as 12.5. */
export function shortest(text: string): string {
  const [whole = "", fraction = ""] = text.split(".");
  return decimal(BigInt(whole + fraction), fraction.length);
}
