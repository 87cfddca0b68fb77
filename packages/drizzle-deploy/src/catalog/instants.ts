/** A time with a zone as a catalog prints it, in UTC. */
const instant = /(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d+)?\+00/g;

/** The zone of a server that says none. */
export const utc = "UTC";

/** What a clock shows in a zone at an instant, as milliseconds since 1970 of that clock; null for a zone nobody knows. */
function clockAt(text: string, timeZone: string): number | null {
  const at = Date.parse(text.replace(" ", "T").replace(/\+00$/, "Z"));
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? Number.NaN;
  return (
    Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) +
    (at % 1000)
  );
}

/**
 * A text with the instants of another where both are what one clock shows in the two zones: `'2026-01-02'` in a migration
 * is midnight wherever it is run, which is another instant in another zone.
 */
export function withInstantsOf(
  wanted: string | null,
  found: string | null,
  [wantedZone, foundZone]: readonly [string, string],
): string | null {
  if (wanted === null || found === null || wanted === found || wantedZone === foundZone) return found;
  const instants = [...wanted.matchAll(instant)].map(([text]) => text);
  const others = [...found.matchAll(instant)].map(([text]) => text);
  if (instants.length !== others.length) return found;
  let at = 0;
  return found.replaceAll(instant, (other) => {
    const one = instants[at] ?? other;
    at += 1;
    const clock = clockAt(other, foundZone);
    return clock !== null && clock === clockAt(one, wantedZone) ? one : other;
  });
}
