import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { objectKinds } from "../catalog/index.ts";
import type { DeploymentLog, WatchReport } from "../index.ts";
import { formatFindings } from "./findings.ts";
import { dress, formatDuration, plural, type ReportExtent, visible } from "./text.ts";

/** A cell of a Markdown table: on one line, its bars escaped. */
const cell = (text: string): string => visible(text.replaceAll(/\s+/g, " ").trim()).replaceAll("|", "\\|");

/** A Markdown table; nothing where it would have no rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line), ""];
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`## ${title}`, "", ...lines];

/** Bytes as `12.3 MB`, in powers of 1024 as PostgreSQL's `pg_size_pretty` has them. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

const moment = (time: string): string => `${time.slice(0, 19).replace("T", " ")} UTC`;

const titles = {
  deploy: "Deployment",
  rollback: "Rollback",
  baseline: "Adoption",
  fix: "Fix of rows",
} as const;

function formatFacts(log: DeploymentLog): string[] {
  const { startedAt, finishedAt, plan } = log;
  const took =
    finishedAt === null
      ? ""
      : ` to ${moment(finishedAt)} (${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))})`;
  const facts: (readonly [string, string | null])[] = [
    ["Outcome", log.outcome ?? "not finished"],
    ["Database", `${log.database}, PostgreSQL ${log.server}`],
    ["When", `${moment(startedAt)}${took}`],
    ["Mode", log.mode],
    ["Scope", log.scope],
    ["Executor", log.executor],
    ["Approved by", log.approver],
    ["Ticket", log.ticket],
    ["Backup", log.backup],
    ["Window", log.window],
    ["Notice", log.notice],
    ["Rehearsed", log.rehearsal && `${moment(log.rehearsal.at)}, record ${log.rehearsal.digest}`],
    ["From", plan && (plan.from ?? "nothing")],
    ["To", plan && (plan.to ?? "nothing")],
    ["Plan", plan?.id ?? null],
    ["Record", log.id],
  ];
  return table(
    ["What", ""],
    facts.flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

function formatSteps({ steps }: DeploymentLog): string[] {
  const ran = steps.filter(({ status }) => status !== "not run");
  const rest = steps.filter(({ status }) => status === "not run");
  const groups = new Map<string, number>();
  for (const { action, reason } of rest) {
    const why = `${action}${reason === null ? "" : `: ${reason}`}`;
    groups.set(why, (groups.get(why) ?? 0) + 1);
  }
  return section("Steps", [
    ...table(
      ["Step", "What", "Status", "Attempts", "Expected", "Took"],
      ran.map(({ id, title, status, attempts, expectedMilliseconds, milliseconds, error }) => [
        id,
        title,
        error === null ? status : `${status}: ${error}`,
        String(attempts),
        formatDuration(expectedMilliseconds),
        milliseconds === null ? "" : formatDuration(milliseconds),
      ]),
    ),
    ...(groups.size === 0 ? [] : ["Not run:", ""]),
    ...[...groups].map(([why, count]) => `- ${plural(count, "step")}: ${cell(why)}`),
    ...(groups.size === 0 ? [] : [""]),
  ]);
}

function listFindings(findings: DeploymentLog["findings"]): string[] {
  return table(
    ["Severity", "Object", "Check", "Expected", "Found", "To do"],
    findings.map(({ severity, object, check, expected, actual, remedy }) => [
      severity,
      object,
      check,
      expected ?? "nothing",
      actual ?? "nothing",
      remedy,
    ]),
  );
}

/** What something that got to its end came to, in a line. */
function formatOutcome(log: DeploymentLog): string {
  const { kind, recorded, changed, undoes, undoneBy, erased } = log;
  const rows = changed.map(({ table: name, rows: count }) => `${name} ${plural(count, "row")}`).join(", ");
  switch (kind) {
    case "deploy":
      return "Everything that has to hold does.";
    case "rollback":
      return "It is as before the deployment.";
    case "baseline":
      return `Recorded as applied, none run: ${recorded.join(", ") || "nothing"}.`;
    case "fix":
      if (erased !== null) {
        const gone = erased
          .map(({ table: name, rows: count }) => `${name} ${plural(count, "row")}`)
          .join(", ");
        return `Erased: ${gone || "no row"}.`;
      }
      return undoes === null
        ? `Changed: ${rows || "no row"}; none deleted.${undoneBy === null ? "" : ` Undone by ${undoneBy}.`}`
        : `Restored: ${rows || "no row"}, as before fix ${undoes}.`;
  }
}

function formatChecks(log: DeploymentLog): string[] {
  const { findings, outcome, error, kind, reason } = log;
  const failure =
    error === null
      ? reason && cell(reason)
      : `**${error.code}**: ${cell(error.message)} ${cell(error.remedy)}`;
  const holds = outcome === "completed" ? [formatOutcome(log), ""] : failure === null ? [] : [failure, ""];
  return section(kind === "deploy" ? "Validation" : "Result", [...holds, ...listFindings(findings)]);
}

/** How many objects of a kind are named before the rest is counted; the JSON has them all. */
const named = 12;

/** What stays on purpose, by kind: a rollback of the indexes alone leaves hundreds of grants and policies. */
function formatKept(differences: DeploymentLog["differences"]): string[] {
  const objects = new Set(differences.filter(({ why }) => why === "kept").map(({ object }) => object));
  const lines = objectKinds.flatMap((kind) => {
    const prefix = `${kind} `;
    const names = [...objects].filter((object) => object.startsWith(prefix));
    if (names.length === 0) return [];
    const listed = names.slice(0, named).map((object) => cell(object.slice(prefix.length)));
    const rest = names.length > named ? `, and ${names.length - named} more` : "";
    const many = `${kind.replace(/y$/, "ie").replace(/x$/, "xe")}s`;
    return [`- ${plural(names.length, kind, many)}: ${listed.join(", ")}${rest}`];
  });
  return lines.length === 0 ? [] : ["Kept, on purpose:", "", ...lines, ""];
}

function formatDifferences({ differences }: DeploymentLog): string[] {
  const why = { others: "changed by others", left: "should not be" };
  const lines = table(
    ["Object", "Why", "Before the deployment", "Now"],
    differences.flatMap((one) =>
      one.why === "kept"
        ? []
        : [[one.object, why[one.why], one.expected ?? "nothing", one.actual ?? "nothing"]],
    ),
  );
  return section("Different from before the deployment", [...lines, ...formatKept(differences)]);
}

function formatSizes({ sizes: { before, after } }: DeploymentLog): string[] {
  const known = new Map(before.map((size) => [`${size.schema}.${size.name}`, size]));
  const weigh = (tableBytes: number, indexBytes: number): string =>
    `${formatBytes(tableBytes)} + ${formatBytes(indexBytes)}`;
  const rows = after.flatMap(({ schema, name, tableBytes, indexBytes, rows: count }) => {
    const old = known.get(`${schema}.${name}`);
    const growth = tableBytes + indexBytes - (old ? old.tableBytes + old.indexBytes : 0);
    if (growth === 0) return [];
    return [
      [
        `${schema}.${name}`,
        count < 0 ? "" : Math.round(count).toLocaleString("en-US"),
        old ? weigh(old.tableBytes, old.indexBytes) : "",
        weigh(tableBytes, indexBytes),
        `${growth > 0 ? "+" : "-"}${formatBytes(Math.abs(growth))}`,
      ],
    ];
  });
  const lines = table(["Table", "Rows", "Before (table + indexes)", "After", "Growth"], rows);
  return section("Sizes that changed", lines);
}

/** What a watch came to, in a line. */
function summarise(watch: WatchReport): string {
  const { longestLockWait: longest } = watch;
  const waited =
    longest === null
      ? "nobody was seen waiting for a lock"
      : `the longest wait for a lock was ${longest.seconds.toFixed(1)} s, on ${longest.relation}`;
  return `${plural(watch.commits, "commit")}, ${plural(watch.rollbacks, "rollback")}, ${plural(watch.deadlocks, "deadlock")}; ${waited}`;
}

/** A watch's result for a person: a line, and what somebody should look at. */
export function formatWatchReport(watch: WatchReport, { quiet }: ReportExtent = {}): string {
  const told = watch.findings.filter(({ severity }) => severity !== "info");
  if (quiet && watch.ok && told.length === 0) return "";
  const read = watch.indexes.filter(({ scans }) => scans > 0).length;
  return [
    `Watched for ${formatDuration(watch.seconds * 1000)}: ${summarise(watch)}; ${read} of ${plural(watch.indexes.length, "new index", "new indexes")} read.`,
    ...formatFindings(told),
    watch.ok ? dress.good("The watch found nothing wrong.") : dress.bad("The watch found problems."),
  ].join("\n");
}

function formatWatch({ watch }: DeploymentLog): string[] {
  if (watch === null) return [];
  return section("Watch", [
    `${formatDuration(watch.seconds * 1000)} from ${moment(watch.startedAt)}, ${plural(watch.samples, "look")}: ${summarise(watch)}.`,
    "",
    ...table(
      ["Waited for", "Times seen"],
      watch.waits.map(({ event, times }) => [event, String(times)]),
    ),
    ...table(
      ["Index", "Scans"],
      watch.indexes.map(({ index, scans, valid }) => [index, valid ? String(scans) : "invalid"]),
    ),
    ...listFindings(watch.findings),
  ]);
}

/** The record of a deployment or rollback as Markdown: what the runbook of old left as a form to fill in. */
export function formatDeploymentLog(log: DeploymentLog): string {
  return [
    `# ${titles[log.kind]} of ${log.project}, ${log.startedAt.slice(0, 10)}`,
    "",
    ...formatFacts(log),
    ...formatSteps(log),
    ...formatChecks(log),
    ...formatDifferences(log),
    ...formatSizes(log),
    ...section(
      "Notes",
      (log.plan?.notes ?? []).map((note) => `- ${cell(note)}`).concat(log.plan?.notes.length ? [""] : []),
    ),
    ...formatWatch(log),
    ...section(
      "Signed off",
      table(
        ["By", "When", "After the"],
        log.signOffs.map(({ by, at, after }) => [by, moment(at), after]),
      ),
    ),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

/**
 * Writes the record of a deployment into a folder, as Markdown and as JSON, over what an earlier writing left.
 * @returns the two files
 */
export function writeDeploymentLog(log: DeploymentLog, folder: string): { markdown: string; json: string } {
  const stamp = log.startedAt.slice(0, 16).replaceAll(/[-:]/g, "");
  const base = join(folder, `${stamp}-${log.kind}-${log.id.slice(0, 8)}`);
  const files = { markdown: `${base}.md`, json: `${base}.json` };
  mkdirSync(folder, { recursive: true });
  writeFileSync(files.markdown, formatDeploymentLog(log));
  writeFileSync(files.json, `${JSON.stringify(log, null, 2)}\n`);
  return files;
}
