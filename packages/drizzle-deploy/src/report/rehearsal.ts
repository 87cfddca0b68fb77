import type { RehearsalReport } from "../index.ts";
import type { Names } from "../model/names.ts";
import { formatDeploymentReport } from "./deploy.ts";
import { formatRollbackReport } from "./rollback.ts";
import { dress, type ReportExtent } from "./text.ts";

/** What a rehearsal saw, for a person: what went wrong, and one line that says it all. */
export function formatRehearsalReport(
  report: RehearsalReport,
  names: Names,
  { quiet }: ReportExtent = {},
): string {
  const { ok, from, to, isSamePlan, deployment, rollback, refusal, again } = report;
  if (!deployment) return quiet ? "" : "Nothing is pending: there is nothing to rehearse.";
  const drifted = isSamePlan
    ? []
    : [
        dress.doubtful(
          `The plan for your database is another one, because it is not as its migrations make it: ${names.command} check`,
        ),
      ];
  const walk = `${from ?? "the beginning"} → ${to}`;
  if (ok && quiet) return drifted.join("\n");
  if (ok) return [...drifted, dress.good(`Rehearsed ${walk}: there, back and there again.`)].join("\n");
  const failed = again ?? (rollback ? null : refusal ? null : deployment);
  return [
    ...drifted,
    ...(failed ? [formatDeploymentReport(failed, names)] : []),
    ...(rollback && !again ? [formatRollbackReport(rollback, names)] : []),
    ...(refusal ? [`${refusal.code}: ${refusal.message} ${refusal.remedy}`] : []),
    dress.bad(`The rehearsal of ${walk} did not go well.`),
  ].join("\n");
}
