import type { DeploymentEvent, RollbackPreview, RollbackReport } from "../index.ts";
import type { Names } from "../model/names.ts";
import { dress, formatCount, formatDuration, plural, type ReportExtent } from "./text.ts";

const marks = { run: dress.good("·"), blocked: dress.bad("✗") };

function formatSteps(steps: RollbackPreview["plan"]["steps"]): string[] {
  return steps.flatMap(({ action, title, reason, size, locks, hazards }) => {
    const stops = locks.some(({ stopsReads }) => stopsReads)
      ? "readers wait a moment"
      : locks.some(({ stopsWrites }) => stopsWrites)
        ? "writers wait a moment"
        : "nobody waits";
    const rows = size && size.rows > 0 ? `, ${formatCount(Math.round(size.rows))} rows` : "";
    const mark = action === "blocked" ? marks.blocked : marks.run;
    return [
      `  ${mark} ${title}  ${dress.quiet(reason ?? `${stops}${rows}`)}`,
      ...hazards.flatMap(({ name, message, allowed }) =>
        allowed ? [`    ${dress.doubtful("!")} ${name}, allowed: ${message}`] : [],
      ),
    ];
  });
}

/** What a rollback would do, for whoever approves it. */
export function formatRollbackPreview(preview: RollbackPreview, { quiet }: ReportExtent = {}): string {
  const { deployment, plan, scope, warnings, database } = preview;
  if (quiet) {
    const steps = plan.steps.filter(({ action, hazards }) => action === "blocked" || hazards.length > 0);
    return [...formatSteps(steps), ...warnings.map((warning) => `  ${dress.doubtful("!")} ${warning}`)].join(
      "\n",
    );
  }
  const what = `${deployment.from ?? "nothing"} → ${deployment.to}`;
  return [
    `${dress.strong("Rollback")} of the deployment of ${deployment.startedAt} (${what}), scope ${scope}, on ${database}`,
    "",
    ...(plan.steps.length > 0 ? formatSteps(plan.steps) : ["  Nothing is left to roll back in this scope."]),
    "",
    ...plan.notes.map((note) => `  ${dress.quiet("i")} ${note}`),
    ...warnings.map((warning) => `  ${dress.doubtful("!")} ${warning}`),
    ...(plan.notes.length + warnings.length > 0 ? [""] : []),
    `${plural(plan.steps.length, "step")}; no row is deleted, and every column is kept.`,
  ].join("\n");
}

/** An event of a rollback as a line, or null for one that nobody needs to see. */
export function formatRollbackEvent(event: DeploymentEvent): string | null {
  switch (event.type) {
    case "step done":
      return `  ${dress.good("✓")} ${event.step.title}  ${dress.quiet(formatDuration(event.milliseconds))}`;
    case "step retried":
      return `  ${dress.doubtful("…")} ${event.step.title}  ${dress.quiet(`gives way, and tries again in ${formatDuration(event.pause)}`)}`;
    case "step failed":
      return `  ${dress.bad("✗")} ${event.step.title}`;
    default:
      return null;
  }
}

/** What became of a rollback, for a person; its last line says whether it went well. */
export function formatRollbackReport(
  report: RollbackReport,
  { command }: Names,
  { quiet }: ReportExtent = {},
): string {
  const { outcome, differences, error, steps, plan, milliseconds, approver } = report;
  const done = steps.filter(({ status }) => status === "done").length;
  if (outcome === "stopped" && done === 0) return dress.doubtful("Nothing was changed.");
  const of = (why: (typeof differences)[number]["why"]) => differences.filter((one) => one.why === why);
  const list = (title: string, items: typeof differences): string[] =>
    items.length > 0 ? [`${title}:`, ...items.map(({ object }) => `    ${object}`)] : [];
  const took = dress.quiet(`(${formatDuration(milliseconds)}, approved by ${approver})`);
  const different = [
    ...list("Different from before the deployment, changed by others", of("others")),
    ...list("Different from before the deployment", of("left")),
  ];
  if (quiet && outcome === "completed") return different.join("\n");
  return [
    ...(plan.notes.length > 0 ? [...plan.notes.map((note) => `  ${dress.quiet("i")} ${note}`), ""] : []),
    ...different,
    ...(outcome === "completed"
      ? [
          `${dress.good(`Rolled back: ${plural(done, "step")} done, and the catalog is as before except for what is kept.`)} ${took}`,
          `Deploy again with: ${command} deploy`,
        ]
      : outcome === "stopped"
        ? [
            `${dress.doubtful(`Stopped after ${plural(done, "step")} of ${steps.length}.`)} ${took}`,
            "Run the same command again: it continues with what is left.",
          ]
        : [dress.bad(`Not rolled back: ${error?.code}: ${error?.message}`), `${error?.remedy}`]),
  ].join("\n");
}
