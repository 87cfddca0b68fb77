import type { Plan, Step } from "../index.ts";
import { isPending, isToRun } from "../model/step.ts";
import { formatBytes } from "./deployment.ts";
import { dress, formatCount, formatDuration, plural, type ReportExtent, visible } from "./text.ts";

const marks: Readonly<Record<Step["action"], string>> = {
  run: dress.good("▸"),
  replace: dress.doubtful("▸"),
  rebuild: dress.doubtful("▸"),
  skip: dress.quiet("–"),
  "leave out": dress.quiet("–"),
  blocked: dress.bad("✗"),
};

/** SQL may be indented by tabs. */
const shown = (line: string): string => line.split("\t").map(visible).join("\t");

const indent = " ".repeat(6);

function field(name: string, text: string): string {
  const [first = "", ...rest] = text.split("\n").map(shown);
  return [
    `${indent}${dress.quiet(name.padEnd(7))} ${first}`,
    ...rest.map((line) => `${indent}${" ".repeat(8)}${line}`),
  ].join("\n");
}

/** What a lock does to others, in words. */
export function formatLock({
  schema,
  name,
  mode,
  stopsReads,
  stopsWrites,
  duration,
}: Step["locks"][number]): string {
  const who = stopsReads
    ? "stops reads and writes"
    : stopsWrites
      ? "stops writes, not reads"
      : "others read and write";
  const how = duration === "short" ? "for a moment" : "as long as it works";
  return `${schema}.${name} ${mode} ${how}: ${who}`;
}

function formatStep(step: Step): string {
  const id = step.id.slice(step.id.indexOf("/") + 1);
  const heading = `  ${marks[step.action]} ${dress.quiet(id.padEnd(6))} ${dress.strong(visible(step.title))}`;
  if (!isPending(step)) {
    return `${heading}  ${dress.quiet(`${step.action === "skip" ? "skipped" : "left out"}: ${visible(step.reason ?? "")}`)}`;
  }
  const { size, estimate, hazards } = step;
  const growth = estimate.growthBytes > 0 ? `, ${formatBytes(estimate.growthBytes)} more on disk` : "";
  return [
    heading,
    field("sql", `${step.sql};`),
    ...(step.transactional ? [] : [field("", "outside a transaction")]),
    field("locks", step.locks.length > 0 ? step.locks.map(formatLock).join("\n") : "no table"),
    ...(size ? [field("table", `${formatBytes(size.bytes)}, about ${plural(size.rows, "row")}`)] : []),
    ...(isToRun(step) ? [field("takes", `about ${formatDuration(estimate.milliseconds)}${growth}`)] : []),
    field(
      step.action === "blocked" ? "why" : "safe",
      step.action === "blocked" ? (step.reason ?? "") : step.safety,
    ),
    ...(step.action !== "blocked" && step.reason ? [field(step.action, step.reason)] : []),
    ...hazards
      .filter(({ allowed }) => !allowed)
      .map(({ name, safeForm }) =>
        field(
          "do",
          name === "unsupported" ? safeForm : `${safeForm}\nOr accept it by name: --allow ${step.id}`,
        ),
      ),
    ...hazards
      .filter(({ allowed }) => allowed)
      .map(({ name, message }) => field("allowed", `${name}: ${message}`)),
  ].join("\n");
}

/** A plan for a person: every step with its SQL, locks, size, time, and why it is safe; then notes and totals. */
export function formatPlan(plan: Plan, { quiet }: ReportExtent = {}): string {
  if (quiet) return formatPlanAttention(plan);
  if (plan.migrations.length === 0) {
    return plan.to === null
      ? "There is no migration yet. Make the first one: npx drizzle-kit generate"
      : `${dress.good("Nothing to do")}: ${plan.to} is the last migration, and it is applied.`;
  }
  const parts = plan.migrations.map(({ tag }) =>
    [dress.strong(tag), ...plan.steps.filter(({ migration }) => migration === tag).map(formatStep), ""].join(
      "\n",
    ),
  );
  return [...parts, formatPlanSummary(plan)].join("\n");
}

/** The steps that are blocked, the notes, and what is stopped for long. */
function formatPlanAttention(plan: Plan): string {
  const blocked = plan.steps.filter(({ action }) => action === "blocked");
  return [
    ...blocked.map((step) => `${dress.strong(step.migration)}\n${formatStep(step)}\n`),
    ...formatNotes(plan),
    ...formatStopped(plan),
    ...(blocked.length > 0 ? [formatBlocked(blocked.length)] : []),
  ].join("\n");
}

const formatNotes = ({ notes }: Plan): string[] =>
  notes.length > 0 ? ["Notes:", ...notes.map((note) => `  ${note}`), ""] : [];

/** The locks that keep others out for as long as a table is large. */
function formatStopped({ steps }: Plan): string[] {
  const stopping = steps
    .filter(isToRun)
    .flatMap(({ locks }) =>
      locks.filter(
        ({ stopsReads, stopsWrites, duration }) => duration === "long" && (stopsReads || stopsWrites),
      ),
    );
  if (stopping.length === 0) return [];
  const locks = [...new Set(stopping.map(formatLock))].join("; ");
  return [dress.doubtful(`Stopped for as long as a table is large: ${locks}.`)];
}

const formatBlocked = (count: number): string =>
  dress.bad(`${plural(count, "step is", "steps are")} blocked: nothing runs until that is settled.`);

/** What is worth knowing of a plan without its steps: notes and totals. */
export function formatPlanSummary(plan: Plan): string {
  return [...formatNotes(plan), formatTotals(plan)].join("\n");
}

function formatTotals(plan: Plan): string {
  const { steps, id, from, to } = plan;
  const count = (some: (step: Step) => boolean) => steps.filter(some).length;
  const blocked = count(({ action }) => action === "blocked");
  const running = steps.filter(isToRun);
  const sum = (value: (step: Step) => number) => running.reduce((total, step) => total + value(step), 0);
  const stopped = formatStopped(plan);
  const growth = sum(({ estimate }) => estimate.growthBytes);
  const others = [
    [count(({ action }) => action === "skip"), "done or not needed"],
    [count(({ action }) => action === "leave out"), "left out"],
    [blocked, "blocked"],
  ] as const;
  return [
    `${from ?? "an empty database"} → ${to}: ${plural(running.length, "step")} to run${others
      .filter(([number]) => number > 0)
      .map(([number, what]) => `, ${formatCount(number)} ${what}`)
      .join("")}`,
    `about ${formatDuration(sum(({ estimate }) => estimate.milliseconds))}, and ${formatBytes(growth)} more on disk`,
    ...(stopped.length === 0 ? ["No reader or writer is stopped for longer than a moment."] : stopped),
    dress.quiet(`plan ${id}`),
    blocked > 0 ? formatBlocked(blocked) : dress.good("Nothing is blocked."),
  ].join("\n");
}
