/** Whether a text is a day of the calendar, `YYYY-MM-DD`, that PostgreSQL can hold; a year may have more digits. */
export function isDate(text: string): boolean {
  const [, year = "", month = "", day = ""] = /^(\d{4,7})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  // The manual, 8.5 "Date/Time Types": the last year is 5874897. There is no year 0.
  if (Number(year) < 1 || Number(year) > 5_874_897) return false;
  // The calendar repeats itself every 400 years, and JavaScript's ends before PostgreSQL's.
  const at = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month) - 1, Number(day)));
  return at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(day);
}

/** Whether a text is a UUID as PostgreSQL prints it, in either case. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
