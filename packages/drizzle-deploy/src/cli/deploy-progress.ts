import { clearScreenDown, moveCursor } from "node:readline";
import type { DeploymentEvent, Observer } from "../index.ts";
import { describeBatches, describeHolder, type Holder, type Phase } from "../index.ts";
import { formatDuration } from "../report/index.ts";
import { createDeploymentView, drawDeployment } from "./deploy-view.ts";

/** What shows a deployment while it runs. */
export interface DeploymentDisplay {
  readonly observer: Observer;
  /** Leaves what was last shown where it is. */
  end(): void;
}

/** Shows a deployment as it goes: at a terminal as a picture that changes, elsewhere as lines. */
export function showDeployment(stopSignal: AbortSignal): DeploymentDisplay {
  return process.stdout.isTTY ? showPicture(process.stdout, stopSignal) : showLines(process.stdout);
}

const frameInterval = 100;

function showPicture(out: NodeJS.WriteStream, stopSignal: AbortSignal): DeploymentDisplay {
  const view = createDeploymentView();
  let height = 0;
  const draw = (over: boolean): void => {
    const lines = drawDeployment(view, {
      now: performance.now(),
      stopping: stopSignal.aborted,
      columns: out.columns,
      // The last line of the terminal stays free for the cursor.
      rows: over ? Number.POSITIVE_INFINITY : out.rows - 1,
    });
    if (height > 0) moveCursor(out, 0, -height);
    clearScreenDown(out);
    out.write(lines.map((line) => `${line}\n`).join(""));
    height = lines.length;
  };
  const timer = setInterval(() => draw(false), frameInterval);
  return {
    observer: (event) => view.take(event, performance.now()),
    end: () => {
      clearInterval(timer);
      draw(true);
    },
  };
}

const done: Readonly<Record<Phase, string>> = {
  connect: "connected",
  plan: "planned",
  execute: "executed",
  validate: "validated",
};

/** How often a line says that a step still waits or builds, in milliseconds. */
const reminder = 10_000;

function showLines(out: NodeJS.WriteStream): DeploymentDisplay {
  const reminded = new Map<string, number>();
  const isDue = (id: string): boolean => {
    const now = performance.now();
    if (now - (reminded.get(id) ?? Number.NEGATIVE_INFINITY) < reminder) return false;
    reminded.set(id, now);
    return true;
  };
  return {
    observer: (event) => {
      const line = lineOf(event, isDue);
      if (line) out.write(`${line}\n`);
    },
    end: () => {},
  };
}

function lineOf(event: DeploymentEvent, isDue: (id: string) => boolean): string | undefined {
  switch (event.type) {
    case "phase done":
      return `${done[event.phase]} (${formatDuration(event.milliseconds)})`;
    case "step done":
      return `${event.step.id}  ${event.step.title} (${formatDuration(event.milliseconds)})`;
    case "step skipped":
      return event.step.action === "leave out"
        ? `${event.step.id}  left out: ${event.step.title}: ${event.step.reason}`
        : `${event.step.id}  already done: ${event.step.title}`;
    case "step retried":
      return `${event.step.id}  gives way to ${who(event.holders)}; tries again in ${formatDuration(event.pause)}`;
    case "step waiting":
      return isDue(event.step.id) ? `${event.step.id}  waits for ${who(event.holders)}` : undefined;
    case "step progress": {
      const { phase, share } = event.progress;
      if (!isDue(event.step.id)) return undefined;
      return `${event.step.id}  ${phase}${share === null ? "" : ` ${Math.floor(share * 100)} %`}`;
    }
    case "batch done":
      return isDue(event.step.id) ? `${event.step.id}  ${describeBatches(event)}` : undefined;
    case "batches paused":
      return isDue(event.step.id) ? `${event.step.id}  waits: ${event.reason}` : undefined;
    case "step failed":
      return `${event.step.id}  failed: ${event.step.title}`;
    case "migration recorded":
      return `${event.tag} is recorded as applied`;
    default:
      return undefined;
  }
}

const who = (holders: readonly Holder[]): string =>
  holders.length === 0 ? "another session" : holders.map(describeHolder).join("; ");
