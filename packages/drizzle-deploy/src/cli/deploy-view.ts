import { stripVTControlCharacters } from "node:util";
import {
  type DeploymentEvent,
  describeBatches,
  describeHolder,
  type Phase,
  type Plan,
  phases,
} from "../index.ts";
import { dress, formatDuration, plural } from "../report/index.ts";

interface PhaseView {
  begun: number | undefined;
  milliseconds: number | undefined;
}

interface StepView {
  readonly id: string;
  readonly title: string;
  readonly migration: string;
  state: "waiting" | "running" | "done" | "skipped" | "failed";
  begun: number;
  milliseconds: number;
  /** What an index build does, how far it is. */
  progress: string;
  /** Whom it waits for. */
  obstacle: string;
}

/** What is known of a running deployment, for drawing. */
export interface DeploymentView {
  readonly phases: ReadonlyMap<Phase, PhaseView>;
  readonly steps: readonly StepView[];
  readonly plan: Plan | undefined;
  /** Takes in an event that happened at `now`, in milliseconds. */
  take(event: DeploymentEvent, now: number): void;
}

export function createDeploymentView(): DeploymentView {
  const phaseViews = new Map<Phase, PhaseView>(
    phases.map((phase) => [phase, { begun: undefined, milliseconds: undefined }]),
  );
  const steps = new Map<string, StepView>();
  let plan: Plan | undefined;
  const change = (id: string, changes: Partial<StepView>): void => {
    const step = steps.get(id);
    if (step) Object.assign(step, changes);
  };
  return {
    phases: phaseViews,
    get steps() {
      return [...steps.values()];
    },
    get plan() {
      return plan;
    },
    take(event, now) {
      switch (event.type) {
        case "phase started":
          phaseViews.set(event.phase, { begun: now, milliseconds: undefined });
          break;
        case "phase done":
          phaseViews.set(event.phase, { begun: now, milliseconds: event.milliseconds });
          break;
        case "planned":
          plan = event.plan;
          for (const { id, title, migration } of event.plan.steps) {
            steps.set(id, {
              id,
              title,
              migration,
              state: "waiting",
              begun: now,
              milliseconds: 0,
              progress: "",
              obstacle: "",
            });
          }
          break;
        case "step started":
          change(event.step.id, { state: "running", begun: now });
          break;
        case "step skipped":
          change(event.step.id, { state: "skipped" });
          break;
        case "statement":
          change(event.step.id, { obstacle: "" });
          break;
        case "step progress": {
          const { phase, share } = event.progress;
          const text = share === null ? phase : `${phase} ${Math.floor(share * 100)} %`;
          change(event.step.id, { progress: text, obstacle: "" });
          break;
        }
        case "batch done":
          change(event.step.id, { progress: describeBatches(event), obstacle: "" });
          break;
        case "batches paused":
          change(event.step.id, { obstacle: `waits: ${event.reason}` });
          break;
        case "step waiting":
          change(event.step.id, { obstacle: `waits for ${event.holders.map(describeHolder).join("; ")}` });
          break;
        case "step retried":
          change(event.step.id, {
            obstacle: `gave way to ${event.holders.map(describeHolder).join("; ") || "another session"}`,
          });
          break;
        case "step done":
          change(event.step.id, { state: "done", milliseconds: event.milliseconds, obstacle: "" });
          break;
        case "step failed":
          change(event.step.id, { state: "failed", progress: "", obstacle: event.error.code });
          break;
        case "migration recorded":
          break;
      }
    },
  };
}

const titles: Readonly<Record<Phase, string>> = {
  connect: "Connect",
  plan: "Plan",
  execute: "Execute",
  validate: "Validate",
};

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

export interface Frame {
  /** Milliseconds, on the clock of the events. */
  readonly now: number;
  /** It was asked to stop. */
  readonly stopping: boolean;
  /** The terminal's size; rows may be infinite. */
  readonly columns: number;
  readonly rows: number;
}

/** The lines that show a deployment at one moment: never wider or higher than the terminal. */
export function drawDeployment(view: DeploymentView, { now, stopping, columns, rows }: Frame): string[] {
  const turning = dress.doubtful(spinner[Math.floor(now / 100) % spinner.length] ?? "");
  const head: string[] = [];
  const tail: string[] = [];
  let steps: { line: string; weight: number }[] = [];
  for (const [phase, { begun, milliseconds }] of view.phases) {
    const lines = phase === "validate" || steps.length > 0 ? tail : head;
    const count = phase === "execute" && view.plan ? `  ${countOf(view)}` : "";
    const name = `${titles[phase]}${count}`;
    if (milliseconds !== undefined) {
      lines.push(`${dress.good("✓")} ${name} ${dress.quiet(formatDuration(milliseconds))}`);
    } else if (begun !== undefined) {
      const asked = stopping
        ? dress.doubtful(" · stops after the current step; Ctrl-C again leaves at once")
        : "";
      lines.push(`${turning} ${name} ${dress.quiet(formatDuration(now - begun))}${asked}`);
    } else {
      lines.push(dress.quiet(`· ${name}`));
    }
    if (phase === "execute" && view.plan) steps = drawSteps(view, view.plan, now, turning);
  }
  const room = Math.max(0, rows - head.length - tail.length);
  return [...head, ...withinRoom(steps, room), ...tail].map((line) => cut(line, columns));
}

const isOver = ({ state }: StepView): boolean => state === "done" || state === "skipped";

function countOf({ steps }: DeploymentView): string {
  return `${steps.filter(isOver).length} of ${steps.length}`;
}

/** A migration is one line before and after, and a line a step while it is worked on. */
function drawSteps(
  { steps }: DeploymentView,
  plan: Plan,
  now: number,
  turning: string,
): { line: string; weight: number }[] {
  return plan.migrations.flatMap(({ tag }) => {
    const own = steps.filter(({ migration }) => migration === tag);
    const over = own.filter(isOver).length;
    const count = dress.quiet(`${over} of ${plural(own.length, "step")}`);
    if (over === own.length) return [{ line: `  ${dress.good("✓")} ${tag}  ${count}`, weight: 3 }];
    const active = own.some(({ state }) => state !== "waiting");
    if (!active) return [{ line: dress.quiet(`  · ${tag}  ${plural(own.length, "step")}`), weight: 3 }];
    return [
      { line: `  ${turning} ${tag}  ${count}`, weight: 5 },
      ...own.flatMap((step, at) => drawStep(step, at, own.length, now, turning)),
    ];
  });
}

/** What runs or failed weighs more than what comes next, and that more than what is long done. */
function drawStep(
  step: StepView,
  at: number,
  count: number,
  now: number,
  turning: string,
): { line: string; weight: number }[] {
  const { state, title, progress, obstacle } = step;
  const later = at / (count + 1);
  switch (state) {
    case "waiting":
      return [{ line: dress.quiet(`      · ${title}`), weight: 1 - later }];
    case "done":
      return [
        {
          line: `      ${dress.good("✓")} ${title} ${dress.quiet(formatDuration(step.milliseconds))}`,
          weight: 1 + later,
        },
      ];
    case "skipped":
      return [{ line: dress.quiet(`      ✓ ${title} already done`), weight: 1 + later }];
    case "failed":
      return [{ line: `      ${dress.bad("✗")} ${title}  ${dress.bad(obstacle)}`, weight: 4 }];
    case "running":
      return [
        {
          line: `      ${turning} ${title} ${dress.quiet(formatDuration(now - step.begun))}${progress && `  ${progress}`}`,
          weight: 4,
        },
        ...(obstacle ? [{ line: `          ${dress.doubtful(obstacle)}`, weight: 4 }] : []),
      ];
  }
}

/** The weightiest lines that there is room for, in their order. */
function withinRoom(lines: readonly { line: string; weight: number }[], room: number): string[] {
  const kept = new Set([...lines].sort((one, other) => other.weight - one.weight).slice(0, room));
  return lines.filter((line) => kept.has(line)).map(({ line }) => line);
}

const escapeCharacter = String.fromCharCode(27);
const dressOrCharacter = new RegExp(`${escapeCharacter}\\[[\\d;]*m|.`, "gsu");

/** A line within the terminal's width, its dress kept. */
function cut(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length < columns) return line;
  let room = Math.max(0, columns - 2);
  // Escape sequences take no room; those after the cut turn the dress off again.
  return line.replaceAll(dressOrCharacter, (part) => {
    if (part.startsWith(escapeCharacter)) return part;
    room -= 1;
    if (room < -1) return "";
    return room === -1 ? "…" : part;
  });
}
