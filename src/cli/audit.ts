import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type Command,
  type CommandContext,
  createFile,
  type DatabaseOptions,
  InvalidArgumentError,
  isId,
  ListOption,
  numberOf,
  Option,
  onInterrupt,
  parseFile,
  print,
  type QuietOptions,
  withDatabase,
  writeOutput,
} from "drizzle-deploy/cli";
import type { Trail } from "../audit/index.ts";
import type { AuditEntry } from "../index.ts";
import type { PermissionChange } from "../schema/index.ts";

/** The types in a few words each, for the help; the schema is only loaded when the command runs. */
const changes: Readonly<Record<PermissionChange, string>> = {
  enabled: "automation was switched on",
  disabled: "automation was switched off",
  whitelist_added: "a domain was allowed",
  whitelist_removed: "a domain is no longer allowed",
  blacklist_added: "a domain was blocked",
  blacklist_removed: "a domain is no longer blocked",
  created: "the permissions were set up",
  deleted: "the permissions were deleted",
  setting_changed: "another setting was changed",
};

const formats = ["text", "csv", "jsonl"] as const;

interface AuditOptions extends DatabaseOptions, QuietOptions {
  user?: string;
  since?: Date;
  until?: Date;
  type?: PermissionChange[];
  limit?: number;
  format: (typeof formats)[number];
  out?: string;
}

/** Entries of a timeline at a terminal, unless another number is asked for. */
const screenful = 100;

/** The id of a user, as a flag. */
export function parseUser(text: string): string {
  const id = text.trim().toLowerCase();
  if (!isId(id)) throw new InvalidArgumentError("Give the id of a user, a UUID.");
  return id;
}

function parseTime(text: string): Date {
  const form = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
  const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text) && text.length > 10;
  const time = new Date(
    text.length > 10 ? `${text.replace(" ", "T")}${hasZone ? "" : "Z"}` : `${text}T00:00:00Z`,
  );
  if (form.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    "Give a day or a time, in UTC unless it says otherwise: 2026-02-14, 2026-02-14T03:00.",
  );
}

/** `spfp-db audit`: who changed whose automation permissions. */
export function addAudit(program: Command, context: CommandContext): void {
  const command = addDatabaseOption(
    program.command("audit").description("show who changed whose automation permissions, and when"),
    context,
  )
    .option("--user <id>", "of this user's permissions only", parseUser)
    .option("--since <time>", "from this time on, in UTC: 2026-02-14 or 2026-02-14T03:00", parseTime)
    .option("--until <time>", "before this time", parseTime)
    .addOption(new ListOption("--type <type>", "of this type only", Object.keys(changes)))
    .option(
      "--limit <count>",
      `no more than this, the newest (default: ${screenful} as text, else all)`,
      numberOf("The limit", 1, 1_000_000),
    )
    .addOption(
      new Option("--format <format>", "a timeline to read, CSV for a spreadsheet, or JSON lines")
        .choices(formats)
        .default("text"),
    )
    .option("--out <file>", "write to this file; never overwrites (default: standard output)", parseFile)
    .action((options: AuditOptions) => runAudit(options, context));
  addQuietOption(command, "print only the entries, and nothing where there is none");
  addHelp(command, {
    terms: { title: "Types", rows: Object.entries(changes) },
    paragraphs: [
      "The newest first. CSV and JSON lines are written as they are read, in one state of the database, however many there are. In CSV a value that a spreadsheet would run as a formula has an apostrophe before it; JSON lines have all as it is.",
    ],
    examples: [
      "spfp-db audit --since 2026-02-01 --type enabled,disabled",
      ["spfp-db audit --user ID --limit 1000", "a thousand entries of one user"],
      ["spfp-db audit --format csv --out trail.csv", "all of it"],
    ],
  });
}

async function runAudit(
  { user, since, until, type, limit, format, out, quiet, ...database }: AuditOptions,
  context: CommandContext,
): Promise<void> {
  const { readAuditTrail } = await import("../audit/index.ts");
  const filter = {
    ...(user === undefined ? {} : { userId: user }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(type === undefined ? {} : { types: type }),
  };
  const file = out === undefined ? null : createFile(out);
  const keep = file === null ? () => {} : onInterrupt(async () => file.discard());
  try {
    await withDatabase(database, context, ({ sql }) => {
      if (format === "text") {
        const most = limit ?? screenful;
        return readAuditTrail(sql, filter, most + 1, async (trail) => {
          const text = await timeline(trail, most, quiet);
          if (file === null) print(text);
          else file.write(`${text}\n`);
        });
      }
      return readAuditTrail(sql, filter, limit ?? Number.POSITIVE_INFINITY, async ({ entries }) => {
        const { auditCsv, auditJsonLines } = await import("../index.ts");
        const chunks = format === "csv" ? auditCsv(entries) : auditJsonLines(entries);
        await (file === null ? writeOutput(chunks) : file.writeAll(chunks));
      });
    });
  } finally {
    keep();
    file?.discard();
  }
}

/** The timeline as one text; of one entry more than are shown it is known that there are older ones. */
async function timeline({ entries, namesOf }: Trail, most: number, quiet: true | undefined): Promise<string> {
  const { formatAuditTrail } = await import("../report/index.ts");
  const found: AuditEntry[] = [];
  for await (const entry of entries) found.push(entry);
  const shown = found.slice(0, most);
  const names = await namesOf(shown.flatMap(({ userId, changedBy }) => [userId, changedBy]));
  if (quiet && shown.length === 0) return "";
  return formatAuditTrail(shown, names, !quiet && found.length > most);
}
