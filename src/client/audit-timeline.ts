import type { AuditEntry } from "./audit-trail.ts";

/** How a timeline is told. */
export interface TimelineOptions {
  /** Names for who changed something, or whose it is; what it has no name for is shown as it is. */
  readonly nameOf?: (id: string) => string | undefined;
  /** Where a day begins and what the clock shows, as `America/Sao_Paulo`. Default UTC. */
  readonly timeZone?: string;
}

/** An entry of the trail as it is read. */
export interface Moment {
  /** `03:00`. */
  readonly time: string;
  /** `ana@example.com allowed bank.example`. */
  readonly text: string;
  readonly entry: AuditEntry;
}

/** What happened on a day, in the order in which the entries came. */
export interface Day {
  /** `2026-02-14`. */
  readonly day: string;
  readonly entries: readonly Moment[];
}

const settingOf = (value: string | null): { name: string; value: string } => {
  const [name = "", ...rest] = (value ?? "").split("=");
  return { name: name.replaceAll("_", " "), value: rest.join("=") };
};

function changeIn({ changeType, previousValue, newValue }: AuditEntry): string {
  switch (changeType) {
    case "created":
      return "set up the automation permissions";
    case "deleted":
      return "deleted the automation permissions";
    case "enabled":
      return "switched automation on";
    case "disabled":
      return "switched automation off";
    case "whitelist_added":
      return `allowed ${newValue}`;
    case "whitelist_removed":
      return `no longer allows ${previousValue}`;
    case "blacklist_added":
      return `blocked ${newValue}`;
    case "blacklist_removed":
      return `no longer blocks ${previousValue}`;
    case "setting_changed": {
      const { name, value } = settingOf(newValue);
      return `changed ${name} from ${settingOf(previousValue).value} to ${value}`;
    }
  }
}

/**
 * An entry as a sentence, without its time and a full stop: who did what, and for whom where that is somebody else.
 * Domains and settings are as users wrote them: escape them as everything of theirs.
 */
export function describeChange(entry: AuditEntry, { nameOf }: Pick<TimelineOptions, "nameOf"> = {}): string {
  const name = (id: string): string => nameOf?.(id) ?? id;
  const whose = entry.changedBy === entry.userId ? "" : ` for ${name(entry.userId)}`;
  return `${name(entry.changedBy)} ${changeIn(entry)}${whose}`;
}

/**
 * Entries by day, each as a sentence with the time of day.
 * @throws RangeError for a time zone that there is not
 *
 * @example
 * auditTimeline(rows, { timeZone: "America/Sao_Paulo" })[0];
 * // { day: "2026-02-14", entries: [{ time: "03:00", text: "5f0c… allowed bank.example", entry: { … } }] }
 */
export function auditTimeline(
  entries: Iterable<AuditEntry>,
  { timeZone = "UTC", nameOf }: TimelineOptions = {},
): Day[] {
  // Sweden writes dates and times as ISO 8601 does.
  const clock = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  const days: { day: string; entries: Moment[] }[] = [];
  for (const entry of entries) {
    const [day = "", time = ""] = clock.format(new Date(entry.changedAt)).split(" ");
    const moment = { time, text: describeChange(entry, nameOf ? { nameOf } : {}), entry };
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(moment);
    else days.push({ day, entries: [moment] });
  }
  return days;
}
